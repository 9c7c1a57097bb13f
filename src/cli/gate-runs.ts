import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { GateRun, RequiredGroup } from '../campaign/gate/evidence.ts';
import type { GatePolicy } from '../campaign/gate/policy.ts';
import type { Pool, PoolRun } from '../campaign/pool.ts';
import { NONDETERMINISM } from '../campaign/run-row.ts';
import { runsTwice, sameOutcome, serialisedPlan } from '../campaign/second-run.ts';
import { signatureOf } from '../campaign/signature.ts';
import { GENERATION, strategyOf } from '../campaign/strategy.ts';
import { isExpected } from '../plan/expected.ts';
import type { RunPlan } from '../plan/plan.ts';
import type { RunResult } from '../plan/result.ts';
import { againOf } from './report-context.ts';
import type { ScenarioEntry, ScenarioSource } from './scenario-source.ts';
import { SEED_MAX } from './select.ts';

/** One run of a gate with what is judged of it. */
export interface GatedRun {
  readonly result: RunResult;
  /** What a replay of its plan gives, where the gate judged it by more than that. */
  readonly replayed: RunResult;
  readonly run: GateRun;
  readonly wallMs: number;
}

/** Which seeds a gate tries: a function of the commit under test, so that a commit cannot be tried until it passes. */
export function gateSeed(commit: string, count: number): number {
  const word = createHash('sha256').update(`firedrill gate ${commit}`).digest().readUInt32BE(0);
  return word % Math.max(1, SEED_MAX - count);
}

/** The variants of the scenarios that a policy requires, in the order of the scenarios. */
export function requiredGroups({ rehearsals }: GatePolicy, source: ScenarioSource): RequiredGroup[] {
  if (rehearsals === undefined) return [];
  const { systems = [], scenarios = [], variants, profiles } = rehearsals;
  const wanted = (entry: ScenarioEntry): boolean =>
    !entry.variants.includes('swarm') && (systems.includes(entry.system) || scenarios.includes(entry.id));
  return source
    .list()
    .filter(wanted)
    .flatMap(({ id, variants: own }) =>
      own.flatMap((variant) => {
        if (variant === 'swarm' || !variants.includes(variant)) return [];
        const declared = source.plan(id, variant, 1).profile;
        return (profiles ?? [declared]).map((profile) => ({ scenario: id, variant, profile }));
      }),
    );
}

/** The plans of the required rehearsals. A literal variant that fails on some seeds only also runs its pinned one. */
export function rehearsalPlans(
  groups: readonly RequiredGroup[],
  from: number,
  count: number,
  source: ScenarioSource,
): RunPlan[] {
  return groups.flatMap(({ scenario, variant, profile }) => {
    const planOf = (seed: number): RunPlan => {
      const plan = source.plan(scenario, variant as 'safe' | 'literal', seed);
      return plan.profile === profile ? plan : { ...plan, profile: profile as RunPlan['profile'] };
    };
    const plans = Array.from({ length: count }, (_, index) => planOf(from + index));
    const declared = plans[0]?.expectedFailure;
    return declared?.seeds === 'some' ? [...plans, planOf(declared.pinned)] : plans;
  });
}

/** How drawn plans are tried: strategy by strategy, so many seeds of each or for so long. */
export interface DrawnOptions {
  readonly drawn: NonNullable<GatePolicy['drawn']>;
  readonly from: number;
  /** The plan of a seed where a configuration is tried; null: the strategies draw. */
  readonly planOf: ((seed: number) => RunPlan) | null;
}

/** A configuration is tried with plans of the plain generator: only that one draws for any number of replicas. */
const CONFIGURED = ['swarm'] as const;

/** Runs drawn plans, a part at a time; gives them to `onRuns` and returns how many seeds of each strategy ran. */
export async function runDrawn(
  { drawn, from, planOf }: DrawnOptions,
  execute: (plans: readonly RunPlan[]) => Promise<void>,
): Promise<number> {
  const { seeds, time, strategies } = drawn;
  const endsMs = performance.now() + (time ?? 0) / 1_000;
  const part = Math.min(GENERATION, seeds ?? 32);
  let done = 0;
  while (seeds === undefined ? performance.now() < endsMs : done < seeds) {
    const count = Math.min(part, (seeds ?? SEED_MAX) - done);
    for (const name of planOf === null ? strategies : CONFIGURED) {
      // Nothing is folded in, so the plans depend on the seeds alone and the attestation can name them.
      const strategy = strategyOf(name, from, { unrestricted: false });
      const own = Array.from({ length: count }, (_, index) => from + done + index);
      await execute(planOf === null ? strategy.generation(0, own).map(({ plan }) => plan) : own.map(planOf));
    }
    done += count;
  }
  return done;
}

/** Runs plans; failures and one in fifty a second time from their serialised form, where a difference is told (R28). */
export async function runGated(pool: Pool, plans: readonly RunPlan[], offset: number): Promise<GatedRun[]> {
  const first = await pool.run(plans);
  const twice = first.flatMap(({ result }, index) => (runsTwice(offset + index, result) ? [index] : []));
  const second = await pool.run(twice.map((index) => serialisedPlan(plans[index]!)));
  const again = new Map(twice.map((index, place) => [index, second[place]!]));
  return first.map((run, index) => gatedRun(run, again.get(index) ?? null));
}

export function gatedRun({ result, wallMs }: PoolRun, second: PoolRun | null): GatedRun {
  const drifts = second !== null && !sameOutcome(result, second.result);
  const judged: RunResult = drifts
    ? { ...result, verdict: 'inconclusive', property: '', pending: 'it ended otherwise when it was run again' }
    : result;
  const { plan, verdict, property, alertToRecoveryUs } = judged;
  const { scenario, variant, profile, seed } = plan;
  const run: GateRun = {
    scenario,
    variant,
    profile,
    seed,
    verdict,
    reason: drifts ? NONDETERMINISM : judged.reason,
    property,
    signature: drifts ? '' : signatureOf(judged),
    expected: !drifts && isExpected(judged),
    recoveryUs: alertToRecoveryUs,
    alerts: alertTimes(judged),
    again: againOf(plan),
  };
  return { result: judged, replayed: result, run, wallMs };
}

/** From the first fault to the first firing of each alert that must fire. */
function alertTimes({ plan, alerts, firstFaultUs }: RunResult): GateRun['alerts'] {
  if (firstFaultUs === undefined) return [];
  return (plan.alerts?.mustFire ?? []).flatMap(({ id }) => {
    const fired = alerts.filter((alert) => alert.id === id && alert.firingUs >= 0);
    if (fired.length === 0) return [];
    const firingUs = Math.min(...fired.map((alert) => alert.firingUs));
    return [{ id, severity: fired[0]!.severity, afterUs: Math.max(0, firingUs - firstFaultUs) }];
  });
}
