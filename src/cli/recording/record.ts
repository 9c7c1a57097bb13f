import type { RunPlanFunction } from '../../campaign/worker-protocol.ts';
import type { RunPlan } from '../../plan/plan.ts';
import { explanation } from '../../report/findings.ts';
import type { Chunk } from '../../tui/recording/chunk.ts';
import { Recording } from '../../tui/recording/recording.ts';
import { kindNumber } from '../../tui/recording/words.ts';
import { Recorder } from './recorder.ts';

export interface RecordOptions {
  /** The hash that a bundle promises; null where there is none. */
  readonly expectedHash: string | null;
  /** What the screen calls it; without one what {@link titleOf} says. */
  readonly title?: string;
  /** Bytes that the recording may hold; its default where it is not given. */
  readonly bytesMax?: number;
}

/** Runs a plan and records what the screen shows of it. The run's hash is the one that it has unwatched. */
export async function recordRun(
  plan: RunPlan,
  runPlan: RunPlanFunction,
  { expectedHash, title, bytesMax }: RecordOptions,
): Promise<Recording> {
  const recorder = new Recorder(bytesMax);
  const { result } = await runPlan(plan, { recording: true, observer: recorder.observer, watcher: recorder });
  recorder.end();
  const { layout, writer } = recorder.made;
  const rows = rowsOfKind(writer.chunks, kindNumber('finding'));
  const facts = {
    title: title ?? titleOf(plan),
    result,
    explanation: explanation(result),
    reproduced: expectedHash === null ? 'unknown' : expectedHash === result.traceHash ? 'yes' : 'no',
    faults: plan.faults,
    alerts: plan.alerts?.rules ?? [],
    findings: recorder.findings.map((finding, index) => ({ ...finding, row: rows[index] ?? finding.row })),
    terminal: recorder.terminal,
  } as const;
  return new Recording(layout, facts, writer.chunks);
}

function rowsOfKind(chunks: readonly Chunk[], kind: number): number[] {
  const rows: number[] = [];
  for (const chunk of chunks) {
    for (let row = chunk.firstRow; row < chunk.firstRow + chunk.rowCount; row++) {
      if (chunk.kindAt(row) === kind) rows.push(row);
    }
  }
  return rows;
}

/** A plan in a few words. */
export function titleOf({ scenario, variant, seed, mutant }: RunPlan): string {
  const drawn = scenario === variant ? scenario : `${scenario} ${variant}`;
  return `${drawn} seed ${seed}${mutant === null ? '' : `, planted bug ${mutant}`}`;
}
