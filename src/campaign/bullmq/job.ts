import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import type { RunPlan } from '../../plan/plan.ts';
import { readPlan } from '../../plan/plan-file.ts';
import { planText } from '../../plan/read.ts';
import type { RangeJob } from '../engine.ts';
import { planHash } from '../expand.ts';
import type { PoolRun } from '../pool.ts';
import type { PlanlessResult } from '../worker-protocol.ts';

/** Queue that coordinators and workers use unless they are told another. */
export const QUEUE_DEFAULT = 'firedrill';
/** Name under which a worker shows itself in Redis: whose it is, and how many ranges it takes at once. */
export function workerName(host: string, pid: number, ranges: number): string {
  return `${host.replace(/[^\w.-]/g, '-')}-${pid}-r${ranges}`;
}

/** The number of ranges in such a name; 1 for any other name. */
export function rangesOfName(name: string): number {
  const [, digits = '1'] = /-r(\d{1,6})$/.exec(name) ?? [];
  return Number(digits);
}

/** Runs of one range at most: what a worker holds in memory, and loses when it dies. */
const RUNS_MAX = 4_096;
/** Packed texts in Redis, and what they may unpack to: many times what the largest range needs. */
const PACKED_CHARACTERS_MAX = 64 * 1_024 * 1_024;
const UNPACKED_BYTES_MAX = 512 * 1_024 * 1_024;

/** Which build made a job or an answer. Results of different builds may differ, so they never meet. */
export interface Build {
  readonly firedrill: string;
  /** Digest of the sources (`build.ts`). */
  readonly build: string;
}

/** A job as it lies in Redis. Only `firedrill` and `build` are read before they are known to be our own. */
export interface JobData extends Build {
  readonly range: unknown;
}

/** A worker that refused a job says so in the job's progress. */
export interface Refusal extends Build {
  readonly refusedBy: string;
}

/** What a worker returns: runs without their plans, which the coordinator can expand itself, or a plan's mistake. */
export interface Answer extends Build {
  readonly packed: string;
}

const count = z.int().min(0);
const packed = z.string().max(PACKED_CHARACTERS_MAX);
const seeds = z.strictObject({
  kind: z.literal('seeds'),
  scenario: z.string().min(1),
  variant: z.string().min(1),
  strategy: z.string().min(1),
  seedFrom: z.int().min(0).max(0xffff_ffff),
  unrestricted: z.boolean(),
});
const rangeForm = z.strictObject({
  campaign: z.string().min(1),
  firstIndex: count,
  count: z.int().min(1).max(RUNS_MAX),
  source: z.discriminatedUnion('kind', [seeds, z.strictObject({ kind: z.literal('plans'), packed })]),
  priority: z.enum(['new-coverage', 'retest', 'rest']),
});

const args = z.record(z.string(), z.union([z.number(), z.string()]));
const resultForm: z.ZodType<PlanlessResult> = z.strictObject({
  verdict: z.enum(['passed', 'failed', 'inconclusive']),
  reason: z.enum(['', 'vacuous', 'excused', 'out-of-budget', 'out-of-model', 'crashed', 'hung']),
  property: z.string(),
  findings: z.array(z.strictObject({ property: z.string(), site: z.string(), atUs: z.int(), args })),
  // Empty for a run that was lost.
  traceHash: z.string().regex(/^([0-9a-f]{16})?$/),
  traceCheckpoints: z.array(z.int()),
  events: count,
  virtualUs: count,
  acknowledged: count,
  committed: count,
  reached: z.array(z.tuple([z.string(), z.int()])),
  coverage: z.array(z.int()).exactOptional(),
  faultsFired: z.array(z.string()),
  faultsSuppressed: z.array(z.string()),
  alerts: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      severity: z.string(),
      labels: z.string(),
      pendingUs: z.int(),
      firingUs: z.int(),
      resolvedUs: z.int(),
    }),
  ),
  commands: z.array(
    z.strictObject({
      step: z.string(),
      on: z.string(),
      script: z.string(),
      startedUs: z.int(),
      endedUs: z.int(),
      code: z.int(),
      stdout: z.string(),
      stderr: z.string(),
      asExpected: z.boolean(),
    }),
  ),
  certificates: z.array(z.strictObject({ op: z.int(), host: z.int(), ledgerIndex: z.int(), label: z.string() })),
  alertToRecoveryUs: z.int(),
  pending: z.string(),
});
const answerForm = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('runs'),
    runs: z.array(z.strictObject({ hash: z.string(), wallMs: z.number(), result: resultForm })).max(RUNS_MAX),
  }),
  z.strictObject({ kind: z.literal('refused'), text: z.string(), remedy: z.string() }),
]);

export type AnswerContent = z.infer<typeof answerForm>;

/** A job for the queue. Plans are packed; a range of seeds is a few numbers, readable with any Redis tool. */
export function jobData(job: RangeJob, build: Build): JobData {
  const { campaign, firstIndex, priority, source } = job;
  const carried = source.kind === 'plans' ? { kind: 'plans', packed: pack(source.plans) } : source;
  return { ...build, range: { campaign, firstIndex, count: job.count, source: carried, priority } };
}

/** The job's content says its id, so that a coordinator that was started again asks for the same jobs, not for more. */
export function jobId({ firedrill, build, range }: JobData): string {
  const hash = createHash('sha256').update(JSON.stringify([firedrill, build, range]));
  return hash.digest('hex').slice(0, 32);
}

/** Reads a job of our own build. @throws Error that names what is wrong with it */
export function readJob(data: JobData): RangeJob {
  const { source, ...rest } = parsed(rangeForm, data.range, 'a job');
  if (source.kind === 'seeds') return { ...rest, source };
  const plans = unpack(source.packed);
  if (!Array.isArray(plans) || plans.length !== rest.count)
    throw new Error(`a job of ${rest.count} runs has other plans`);
  return { ...rest, source: { kind: 'plans', plans: plans.map(planOf) } };
}

function planOf(value: unknown): RunPlan {
  const reading = readPlan(value);
  if (reading.kind === 'plan') return reading.plan;
  throw new Error(`a plan of a job: ${reading.mistake.path}: ${reading.mistake.problem}`);
}

/** Whose a job or an answer is; null when that cannot be read. */
export function readBuild(value: unknown): Build | null {
  const read = z.object({ firedrill: z.string(), build: z.string() }).safeParse(value);
  return read.success ? read.data : null;
}

export function sameBuild(left: Build | null, right: Build): boolean {
  return left !== null && left.firedrill === right.firedrill && left.build === right.build;
}

/** The refusal that a worker left on a job; null when its progress says something else. */
export function readRefusal(value: unknown): Refusal | null {
  const form = z.object({ refusedBy: z.string(), firedrill: z.string(), build: z.string() });
  const read = form.safeParse(value);
  return read.success ? read.data : null;
}

export function answerOf(runs: readonly PoolRun[], build: Build): Answer {
  const carried = runs.map(({ result: { plan, ...result }, wallMs }) => ({ hash: hashOf(plan), wallMs, result }));
  return { ...build, packed: pack({ kind: 'runs', runs: carried }) };
}

export function refusalOf(text: string, remedy: string, build: Build): Answer {
  return { ...build, packed: pack({ kind: 'refused', text, remedy }) };
}

/** Reads an answer of our own build. @throws Error that names what is wrong with it */
export function readAnswer(answer: unknown): AnswerContent {
  return parsed(answerForm, unpack(parsed(z.object({ packed }), answer, 'an answer').packed), 'an answer');
}

/** Identity of a plan by its canonical text, whatever the order of its keys. */
export function hashOf(plan: RunPlan): string {
  return planHash(planText(plan));
}

function parsed<T>(form: z.ZodType<T>, value: unknown, what: string): T {
  const read = form.safeParse(value);
  if (read.success) return read.data;
  const issue = read.error.issues[0]!;
  throw new Error(`${what} in the queue cannot be read: ${issue.path.map(String).join('.')}: ${issue.message}`);
}

function pack(value: unknown): string {
  return deflateRawSync(JSON.stringify(value)).toString('base64');
}

function unpack(text: string): unknown {
  const bytes = inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength: UNPACKED_BYTES_MAX });
  return JSON.parse(bytes.toString('utf8'));
}
