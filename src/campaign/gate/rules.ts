import type { GateBaseline, GateEvidence, GateRun } from './evidence.ts';
import type { GatePolicy, GateWaiver } from './policy.ts';

/** Rules of a gate, the weightiest first: reasons are told in this order. */
export const GATE_RULES = [
  'nondeterminism',
  'lost-run',
  'unexpected-failure',
  'unexpected-pass',
  'required-run-missing',
  'canary-survived',
  'waiver-expired',
  'waiver-unused',
  'verdict-not-allowed',
  'too-many-inconclusive',
  'recovery-too-slow',
  'alert-too-late',
  'mark-not-reached',
  'coverage-too-low',
  'new-failure',
  'coverage-lost',
  'recovery-slower',
] as const;
export type GateRule = (typeof GATE_RULES)[number];

export interface GateReason {
  readonly rule: GateRule;
  readonly text: string;
  /** The line that shows it again; null for none. */
  readonly replay: string | null;
}

/** Why a gate stays shut, in order of weight; empty: it opens. */
export function gateReasons(policy: GatePolicy, evidence: GateEvidence): GateReason[] {
  const reasons = [
    ...lostRuns(evidence),
    ...unexpectedRuns(policy, evidence),
    ...missingRuns(evidence),
    ...survivingCanaries(evidence),
    ...waiverReasons(policy, evidence),
    ...inconclusiveRuns(policy, evidence),
    ...lateRuns(policy, evidence),
    ...uncovered(policy, evidence),
    ...comparison(policy, evidence),
  ];
  const weight = ({ rule }: GateReason): number => GATE_RULES.indexOf(rule);
  return reasons.sort((one, other) => weight(one) - weight(other));
}

function reason(rule: GateRule, text: string, replay: string | null = null): GateReason {
  return { rule, text, replay: replay === '' ? null : replay };
}

function name({ scenario, variant, profile, seed }: GateRun): string {
  return `${scenario} ${variant}${profile === 'intended' ? '' : ` ${profile}`} seed ${seed}`;
}

function lostRuns({ runs }: GateEvidence): GateReason[] {
  return runs.flatMap((run) => {
    if (run.reason === 'nondeterminism') {
      return [reason('nondeterminism', `${name(run)} ended otherwise when it was run again`, run.again)];
    }
    const lost = run.reason === 'crashed' || run.reason === 'hung';
    return lost ? [reason('lost-run', `${name(run)} ${run.reason}: it says nothing about the system`, run.again)] : [];
  });
}

/** A waiver stands for one signature in one scenario, never for a property alone. */
function waives({ scenario, signature }: GateWaiver, run: GateRun): boolean {
  return run.scenario === scenario && run.signature === signature;
}

function isWaived({ waivers }: GatePolicy, run: GateRun): boolean {
  return waivers.some((waiver) => waives(waiver, run));
}

/** One reason for each signature in each scenario, with the number of its runs. */
function unexpectedRuns(policy: GatePolicy, { runs }: GateEvidence): GateReason[] {
  const failures = new Map<string, GateRun[]>();
  const passes = new Map<string, GateRun[]>();
  for (const run of runs) {
    if (run.expected || isWaived(policy, run)) continue;
    if (run.verdict === 'failed') add(failures, `${run.scenario} ${run.variant}: ${run.signature}`, run);
    else if (run.verdict === 'passed') add(passes, `${run.scenario} ${run.variant}`, run);
  }
  return [
    ...[...failures].map(([what, list]) =>
      reason('unexpected-failure', `${what} (${runCount(list.length)}, first seed ${list[0]!.seed})`, list[0]!.again),
    ),
    ...[...passes].map(([what, list]) =>
      reason('unexpected-pass', `${what} is declared to fail and passed (${runCount(list.length)})`, list[0]!.again),
    ),
  ];
}

const runCount = (count: number): string => `${count} ${count === 1 ? 'run' : 'runs'}`;

function add(lists: Map<string, GateRun[]>, key: string, run: GateRun): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [run]);
  else list.push(run);
}

/** A required variant must have been judged at least once; what proved nothing proves nothing here either. */
function missingRuns({ required, runs }: GateEvidence): GateReason[] {
  if (required.length === 0 && runs.length === 0) return [reason('required-run-missing', 'nothing ran')];
  return required.flatMap(({ scenario, variant, profile }) => {
    const own = runs.filter((run) => run.scenario === scenario && run.variant === variant && run.profile === profile);
    if (own.some(({ verdict }) => verdict !== 'inconclusive')) return [];
    const why = own.length === 0 ? 'did not run' : `${runCount(own.length)}, all inconclusive (${own[0]!.reason})`;
    return [reason('required-run-missing', `${scenario} ${variant} ${profile}: ${why}`, own[0]?.again ?? null)];
  });
}

function survivingCanaries({ canaries }: GateEvidence): GateReason[] {
  return canaries
    .filter(({ killed }) => !killed)
    .map(({ id, status }) =>
      reason(
        'canary-survived',
        `the planted bug ${id} was not found (${status})`,
        `npx firedrill mutants ${id} --starts 1`,
      ),
    );
}

function waiverReasons({ waivers }: GatePolicy, { runs, today }: GateEvidence): GateReason[] {
  return waivers.flatMap((waiver) => {
    const { scenario, signature, owner, expires } = waiver;
    const what = `${scenario}: ${signature} (owner ${owner}, expires ${expires})`;
    const reasons: GateReason[] = [];
    if (expires < today) reasons.push(reason('waiver-expired', `${what} has expired`));
    const failing = runs.some((run) => !run.expected && run.verdict === 'failed' && waives(waiver, run));
    if (failing) return reasons;
    const declared = runs.some((run) => run.verdict === 'failed' && waives(waiver, run));
    const why = declared
      ? 'runs fail so only where the scenario declares it, which needs no waiver'
      : 'no run fails so any more';
    reasons.push(reason('waiver-unused', `${what}: ${why}; remove the waiver`));
    return reasons;
  });
}

function inconclusiveRuns({ allow, inconclusive_max: max }: GatePolicy, { runs }: GateEvidence): GateReason[] {
  const LOST = ['crashed', 'hung', 'nondeterminism'];
  const vague = runs.filter(({ verdict, reason: why }) => verdict === 'inconclusive' && !LOST.includes(why));
  const refused = new Map<string, GateRun[]>();
  for (const run of vague) if (!allow.some((word) => word === run.reason)) add(refused, run.reason, run);
  const reasons = [...refused].map(([why, list]) =>
    reason(
      'verdict-not-allowed',
      `${runCount(list.length)} ${list.length === 1 ? 'is' : 'are'} ${why}, first ${name(list[0]!)}`,
      list[0]!.again,
    ),
  );
  if (vague.length <= max * runs.length) return reasons;
  const share = `${vague.length} of ${runs.length} runs prove nothing, allowed are ${percent(max)}`;
  return [...reasons, reason('too-many-inconclusive', share, vague[0]!.again)];
}

function lateRuns({ bounds = [] }: GatePolicy, { runs, severities }: GateEvidence): GateReason[] {
  return bounds.flatMap(({ severity, alert, recovery }) => {
    const own = runs.filter(({ variant }) => variant === 'safe');
    const slow =
      recovery === undefined
        ? []
        : own.filter((run) => severities.get(run.scenario) === severity && run.recoveryUs > recovery);
    const late = own.flatMap((run) =>
      run.alerts
        .filter((each) => alert !== undefined && each.severity === severity && each.afterUs > alert)
        .map((each) => ({ run, each })),
    );
    const worst = [...slow].sort((one, other) => other.recoveryUs - one.recoveryUs)[0];
    const latest = [...late].sort((one, other) => other.each.afterUs - one.each.afterUs)[0];
    return [
      ...(worst === undefined
        ? []
        : [
            reason(
              'recovery-too-slow',
              `${runCount(slow.length)} of severity ${severity} recovered later than ${seconds(recovery!)}; ${name(worst)} took ${seconds(worst.recoveryUs)}`,
              worst.again,
            ),
          ]),
      ...(latest === undefined
        ? []
        : [
            reason(
              'alert-too-late',
              `${late.length} alerts of severity ${severity} fired later than ${seconds(alert!)}; ${latest.each.id} in ${name(latest.run)} after ${seconds(latest.each.afterUs)}`,
              latest.run.again,
            ),
          ]),
    ];
  });
}

function uncovered({ coverage }: GatePolicy, { features, marks }: GateEvidence): GateReason[] {
  const wanted = coverage?.features ?? 0;
  return [
    ...(coverage?.marks ?? [])
      .filter((mark) => (marks.get(mark) ?? 0) === 0)
      .map((mark) => reason('mark-not-reached', `no run reached ${mark}`)),
    ...(wanted === 0 || features >= wanted
      ? []
      : [reason('coverage-too-low', `${features} features, wanted are ${wanted}`)]),
  ];
}

function comparison(policy: GatePolicy, evidence: GateEvidence): GateReason[] {
  const { accepted: rule } = policy;
  const { accepted, features, runs } = evidence;
  if (rule === undefined || accepted === null) return [];
  const reasons: GateReason[] = [];
  // What is waived is looked at by its waiver.
  const now = baselineOf({ features, runs: runs.filter((run) => !isWaived(policy, run)) });
  if (rule.new_failures === 'refused') {
    for (const { scenario, signature } of now.failures) {
      if (accepted.failures.some((each) => each.scenario === scenario && each.signature === signature)) continue;
      const run = runs.find((each) => each.scenario === scenario && each.signature === signature);
      reasons.push(
        reason('new-failure', `${scenario}: ${signature} was not there in the accepted run`, run?.again ?? null),
      );
    }
  }
  const least = accepted.features * (1 - rule.coverage_loss_max);
  if (accepted.features >= 0 && features < least) {
    const words = features < 0 ? 'no drawn plans' : `${features} features`;
    reasons.push(reason('coverage-lost', `${words}, the accepted run had ${accepted.features} features`));
  }
  for (const { scenario, medianUs } of rule.recovery_slower_max === undefined ? [] : now.recoveries) {
    const before = accepted.recoveries.find((each) => each.scenario === scenario)?.medianUs ?? -1;
    if (before < 0 || medianUs <= before * (1 + rule.recovery_slower_max!)) continue;
    reasons.push(
      reason(
        'recovery-slower',
        `${scenario}: median recovery ${seconds(medianUs)}, in the accepted run ${seconds(before)}`,
      ),
    );
  }
  return reasons;
}

/** What a later gate will compare itself with. */
export function baselineOf({ runs, features }: Pick<GateEvidence, 'runs' | 'features'>): GateBaseline {
  const failures = new Map<string, { scenario: string; signature: string }>();
  const recoveries = new Map<string, number[]>();
  for (const { scenario, variant, verdict, signature, recoveryUs } of runs) {
    if (verdict === 'failed') failures.set(`${scenario} ${signature}`, { scenario, signature });
    if (variant !== 'safe' || recoveryUs < 0) continue;
    const list = recoveries.get(scenario);
    if (list === undefined) recoveries.set(scenario, [recoveryUs]);
    else list.push(recoveryUs);
  }
  const medians = [...recoveries].map(([scenario, list]) => {
    const sorted = list.sort((one, other) => one - other);
    return { scenario, medianUs: sorted[Math.ceil(sorted.length / 2) - 1]! };
  });
  return { failures: [...failures.values()], features, recoveries: medians };
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(3))} %`;
}

function seconds(us: number): string {
  return `${Number((us / 1_000_000).toFixed(3))} s`;
}
