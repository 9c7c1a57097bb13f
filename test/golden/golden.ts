import { traceHostName } from '../../src/cli/host-names.ts';
import { traceLine } from '../../src/cli/trace-lines.ts';
import { healthyPlan, swarmPlan } from '../../src/faults/swarm.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { traceTable } from '../../src/report/trace-table.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import { RECORD, type TraceRecord } from '../../src/sim/trace.ts';

/** Seeds of the default swarm whose hashes are pinned (R23). */
export const GOLDEN_SEEDS: readonly number[] = Array.from({ length: 50 }, (_, index) => index + 1);

/** How both golden files are written anew after a change that is meant to change what runs do. */
export const GOLDEN_UPDATE = 'node scripts/golden-update.mjs';

/** The trace hash of each golden plan, by seed. */
export async function goldenHashes(): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const seed of GOLDEN_SEEDS) {
    hashes[seed] = (await runPlan(swarmPlan(seed), { recording: false })).result.traceHash;
  }
  return hashes;
}

/** Three replicas and one slow client; the primary's process crashes, another one takes over, it comes back. */
function crashPlan(): RunPlan {
  const plan = healthyPlan({ seed: 7, clientCount: 1, thinkUs: 200_000, faultPhaseUs: 10_000_000 });
  return {
    ...plan,
    scenario: 'golden-crash',
    cluster: { ...plan.cluster, restartDelayUs: 2_000_000 },
    faults: [
      {
        label: 'crash-primary',
        kind: 'process.crash',
        trigger: { kind: 'on', mark: 'ack', nth: 5, host: -1, delayUs: 0 },
        target: { kind: 'role', role: 'primary', index: 0 },
        durationUs: 0,
        params: { cause: 'crash' },
      },
    ],
  };
}

/** Kinds of the first part: messages, timers and disk requests would hide the story. */
const TOLD: readonly number[] = [RECORD.start, RECORD.crash, RECORD.fault, RECORD.log, RECORD.mark];
/** A mark that every replica sets every second or so. */
const MUTED = 'clock-epoch-installed';
/** The story ends here: the client is served by the new primary, the old one is a backup. */
const STORY_US = 8_000_000;

/**
 * A crash and a recovery as text: what replicas say and which marks they reach, then every record of the view change,
 * from its start on the second replica until the new primary has joined it.
 */
export async function goldenTrace(): Promise<string> {
  const plan = crashPlan();
  const { result, records } = await runPlan(plan, { recording: true });
  const table = (shown: readonly TraceRecord[]): string =>
    traceTable(shown.map(traceLine), (host) => traceHostName(plan, host));
  const story = records.filter(({ kind, atUs, text }) => TOLD.includes(kind) && atUs <= STORY_US && text !== MUTED);
  const from = records.findIndex(({ text }) => text === 'view-change-started');
  const to = records.findIndex(({ text }, index) => index > from && text === 'view-joined');
  return [
    `# ${plan.scenario}, seed ${plan.seed}: ${result.events} events, hash ${result.traceHash}`,
    `# Written by \`${GOLDEN_UPDATE}\`; compared by test/golden/hashes.test.ts.`,
    '',
    '# What happened, without messages, timers and disk requests',
    table(story),
    '',
    '# The view change, every record',
    table(records.slice(from, to + 1)),
    '',
  ].join('\n');
}
