import { instantText } from './duration.ts';
import type { TraceLine } from './trace-table.ts';

/** A plan that did not run alike twice. */
export interface Divergence {
  readonly scenario: string;
  readonly variant: string;
  readonly seed: number;
  /** What differs, such as `hash A and B`. */
  readonly differences: readonly string[];
  /** The traces first differ among these events, both included; `lastEvent` -1: up to their end. */
  readonly firstEvent: number;
  readonly lastEvent: number;
  /**
   * The first records that differ, when two recorded runs in one process show the difference too. A side is null when
   * that trace had ended.
   */
  readonly records: { readonly first: TraceLine | null; readonly second: TraceLine | null } | null;
}

/** What `--check-determinism` says. */
export function divergenceLines(divergences: readonly Divergence[], runs: number): string[] {
  if (divergences.length === 0) return [`determinism: ${runs} plans ran twice with equal hashes`];
  const lines = [`NONDETERMINISM: ${divergences.length} of ${runs} plans did not run alike twice`];
  for (const each of divergences) {
    lines.push(`  ${each.scenario} ${each.variant} seed ${each.seed}: ${each.differences.join('; ')}`);
    lines.push(`    first difference ${windowText(each)}`);
    if (each.records === null) continue;
    lines.push(`    first run:  ${lineText(each.records.first)}`);
    lines.push(`    second run: ${lineText(each.records.second)}`);
  }
  return lines;
}

export function windowText({ firstEvent, lastEvent }: Pick<Divergence, 'firstEvent' | 'lastEvent'>): string {
  return lastEvent === -1 ? `after event ${firstEvent - 1}` : `among events ${firstEvent} to ${lastEvent}`;
}

function lineText(line: TraceLine | null): string {
  if (line === null) return 'had already ended';
  return `event ${line.event} at ${instantText(line.atUs)} s, host ${line.host}, ${line.kind}: ${line.detail}`;
}
