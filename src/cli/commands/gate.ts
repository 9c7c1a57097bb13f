import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { ownBuild } from '../../campaign/bullmq/build.ts';
import { type GateReason, type GateRule, gateReasons } from '../../campaign/gate/rules.ts';
import { Pool } from '../../campaign/pool.ts';
import { UserError } from '../../plan/user-error.ts';
import type { ReportModel } from '../../report/model.ts';
import type { Engine } from '../engine.ts';
import { EXIT, worstExit } from '../exit-codes.ts';
import { type Commit, ownCommit, UNKNOWN_COMMIT } from '../fuzz-keep.ts';
import { type Attestation, attestationText, readAccepted } from '../gate-attestation.ts';
import { huntCanaries } from '../gate-canaries.ts';
import { type GateInputs, readGateInputs } from '../gate-inputs.ts';
import { GateLedger } from '../gate-ledger.ts';
import { gateModel, writeGateReports } from '../gate-report.ts';
import { gateSeed, rehearsalPlans, requiredGroups, runDrawn, runGated } from '../gate-runs.ts';
import type { CommandOutput } from '../output.ts';
import { type Progress, progressOn } from '../progress.ts';
import { reportContext, subjectOf } from '../report-context.ts';
import type { ScenarioPages } from '../scenario-pages.ts';
import { checkFolder } from '../write-file.ts';

export interface GateOptions {
  /** File of the policy; '' only with `configSchema`. */
  readonly policy: string;
  readonly accepted: string | null;
  /** The commit under test; null: HEAD of the working directory. */
  readonly commit: string | null;
  readonly configFrom: string | null;
  readonly configSchema: boolean;
  /** Folder of what is written. */
  readonly out: string;
  /** Null: as many workers as there are cores. */
  readonly jobs: number | null;
  readonly json: boolean;
}

/** What a gate takes from its surroundings, handed in by tests. */
export interface GateSurroundings {
  /** `YYYY-MM-DD` in UTC. */
  readonly today: string;
  readonly startedAt: string;
  readonly commit: Commit;
}

export function ownSurroundings(): GateSurroundings {
  const startedAt = new Date().toISOString();
  return { today: startedAt.slice(0, 10), startedAt, commit: ownCommit() };
}

/** Seeds that a gate's number of seeds may reach; the first one leaves room for them. */
const SEEDS_ROOM = 1_000_000;

type Attested = Omit<Attestation, 'format' | 'version' | 'note'>;

/** Tries what a policy requires and says whether the gate opens. Returns the exit code of R31. */
export async function gate(
  options: GateOptions,
  out: CommandOutput,
  engine: Engine,
  pages: ScenarioPages,
  surroundings: GateSurroundings = ownSurroundings(),
): Promise<number> {
  if (options.configSchema) {
    const { configJsonSchema } = await import('../../campaign/gate/config.ts');
    out.stdout(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    return EXIT.expected;
  }
  const context = await reportContext(engine, pages, options.out);
  const inputs = await readGateInputs(options, context);
  const accepted = acceptedOf(options, inputs);
  // What cannot be written must be known before hours of runs.
  checkFolder(options.out);
  const startedMs = performance.now();
  const commit = options.commit ?? surroundings.commit.commit;
  const ledger = new GateLedger(context);
  const progress = await progressOn(out, options.json);
  const ran = await tryAll(inputs, gateSeed(commit, SEEDS_ROOM), ledger, options, engine, progress);
  const evidence = {
    ...ledger.evidence(),
    today: surroundings.today,
    required: requiredGroups(inputs.policy, context.source),
    canaries: ran.canaries,
    accepted: accepted?.baseline ?? null,
  };
  const reasons = gateReasons(inputs.policy, evidence);
  const exitCode = exitOf(reasons);
  const verdict = reasons.length === 0 ? 'passed' : 'failed';
  const totals = ledger.totals();
  const attestation: Attested = {
    subject: subjectOf(ledger.profiles()),
    verdict,
    reasons,
    exitCode,
    commit,
    dirty: surroundings.commit.dirty,
    versions: { ...engine.versions, build: ownBuild(engine.versions.firedrill).build },
    profiles: ledger.profiles(),
    budget: 'restricted',
    policy: inputs.cited,
    config: inputs.config?.cited ?? null,
    seeds: ran.seeds,
    ...ledger.attested(),
    totals,
    canaries: ran.canaries.map(({ id, killed, status, killingSeed }) => ({ id, killed, status, seed: killingSeed })),
    waived: ledger.waived(inputs.policy.waivers),
    startedAt: surroundings.startedAt,
    wallSeconds: Math.round((performance.now() - startedMs) / 100) / 10,
  };
  const model = await gateModel({ inputs, ledger, canaries: ran.canaries, verdict, reasons }, context);
  return tell(attestation, model, options, out);
}

/** Writes the reports and prints the verdict, which is printed even where they cannot be written. */
function tell(
  attestation: Attested,
  model: ReportModel,
  { out: folder, json }: GateOptions,
  out: CommandOutput,
): number {
  const text = attestationText(attestation);
  const { written, problem } = writeGateReports(folder, model, text);
  out.stdout(json ? text : gateText(attestation, written));
  if (problem === null) return attestation.exitCode;
  out.stderr(`firedrill: ${problem.message}\n`);
  return worstExit([attestation.exitCode, EXIT.usage]);
}

/** The accepted run, when one is named. Throws a `UserError` where the policy would not look at it. */
function acceptedOf({ accepted, policy: file }: GateOptions, { policy }: GateInputs): Attestation | null {
  if (accepted === null) return null;
  if (policy.accepted !== undefined) return readAccepted(accepted);
  throw new UserError(
    `${file} has no key accepted, so nothing would be compared with ${accepted}`,
    'add accepted: {} to the policy (docs/gates.md says what it may hold), or leave out --accepted',
  );
}

async function tryAll(
  inputs: GateInputs,
  from: number,
  ledger: GateLedger,
  { jobs }: GateOptions,
  engine: Engine,
  progress: Progress,
): Promise<{ readonly canaries: Awaited<ReturnType<typeof huntCanaries>>; readonly seeds: Attestation['seeds'] }> {
  const { policy, source } = inputs;
  const plans = rehearsalPlans(requiredGroups(policy, source), from, policy.rehearsals?.seeds ?? 0, source);
  // Second runs and canaries come on top, so the count goes past the total, silently.
  const total = plans.length + (policy.drawn?.seeds ?? 0) * (policy.drawn?.strategies.length ?? 0);
  let done = 0;
  const pool = new Pool({
    jobs: jobs ?? availableParallelism(),
    worker: engine.worker,
    watchdogMs: engine.watchdogMs,
    coverage: true,
    onRun: ({ result: { plan, verdict } }) => {
      done++;
      if (done > total) return;
      progress.show({
        label: 'trying, runs',
        total,
        done,
        latest: `${plan.scenario} ${plan.variant} seed ${plan.seed} ${verdict}`,
      });
    },
  });
  try {
    for (const each of await runGated(pool, plans, 0)) ledger.add(each);
    const { drawn } = policy;
    const planOf = inputs.config?.planOf ?? null;
    let seeds = 0;
    if (drawn !== undefined) {
      let offset = plans.length;
      seeds = await runDrawn({ drawn, from, planOf }, async (part) => {
        for (const each of await runGated(pool, part, offset)) ledger.add(each);
        offset += part.length;
      });
    }
    for (const probe of inputs.config?.probes(from) ?? []) ledger.add(await probe(await engine.runPlan()));
    const canaries = await huntCanaries(policy, pool, source);
    const rehearsals = policy.rehearsals?.seeds ?? 0;
    return {
      canaries,
      seeds: { from, rehearsals, drawn: seeds, strategies: planOf === null ? (drawn?.strategies ?? []) : ['swarm'] },
    };
  } finally {
    pool.close();
    progress.end();
  }
}

const CODES: Partial<Record<GateRule, number>> = {
  nondeterminism: EXIT.nondeterminism,
  'lost-run': EXIT.internal,
  'verdict-not-allowed': EXIT.inconclusive,
  'too-many-inconclusive': EXIT.inconclusive,
};

function exitOf(reasons: readonly GateReason[]): number {
  return worstExit([EXIT.expected, ...reasons.map(({ rule }) => CODES[rule] ?? EXIT.unexpected)]);
}

function gateText(attestation: Attested, written: readonly string[]): string {
  const { verdict, reasons, totals, subject, policy, seeds, commit, dirty, canaries, config } = attestation;
  const killed = canaries.filter((canary) => canary.killed).length;
  return [
    subject,
    `gate ${verdict === 'passed' ? 'PASSED' : 'FAILED'}: ${policy.name} (${policy.file})`,
    ...reasons.flatMap(({ rule, text, replay }) => [
      `  ${rule}: ${text}`,
      ...(replay === null ? [] : [`    ${replay}`]),
    ]),
    ...(config === null
      ? []
      : [
          config.refusals.length === 0
            ? `configuration ${config.file}: the product itself would take it`
            : `configuration ${config.file}: the product itself would refuse it (switched off here): ${config.refusals.join('; ')}`,
        ]),
    `${totals.runs} runs: ${totals.passed} passed, ${totals.failed} failed, ${totals.inconclusive} inconclusive; ` +
      `${killed} of ${canaries.length} canaries found; seeds from ${seeds.from}, of commit ${commit}${dirty ? ' with changed files' : ''}`,
    ...(commit === UNKNOWN_COMMIT
      ? [
          'the commit is unknown: this is no git repository; say what is tried with --commit NAME, the seeds derive from it',
        ]
      : []),
    `written: ${written.length === 0 ? 'nothing' : written.join(', ')}`,
    '',
  ].join('\n');
}
