import { z } from 'zod';
import { decisionSchema } from './decision.ts';
import type { RunPlan, SchedulingPlan } from './plan.ts';
import { issueWords, pathText } from './plan-issue.ts';

/**
 * The form of a plan file, field by field as `RunPlan` says. Nothing is filled in and nothing may be added: a plan is
 * complete, so a key that is missing or unknown is a mistake.
 */
const count = z.int().min(0);
const us = z.int().min(0).describe('microseconds');
const fraction = z.int().min(0).max(65536);
const bytes = z.int().min(1);
/** Several times what any plan of ours has; more is a slip of the hand, which would take all memory before it runs. */
const SERVERS_MAX = 64;
const CLIENTS_MAX = 1_024;
const SLOT_BYTES_MAX = 65_536;
/** `LINK_OPTION_MAX` of the simulated network, for times and counts. */
const LINK_MAX = 240_000_000;
const SECTOR_BYTES_MAX = 65_536;
const QUEUE_DEPTH_MAX = 65_536;
const servers = z.int().min(0).max(SERVERS_MAX);
const linkUs = z.int().min(0).max(LINK_MAX).describe('microseconds');
const linkCount = z.int().min(0).max(LINK_MAX);
const variant = z.enum(['safe', 'literal', 'swarm']);

const onState = z.strictObject({
  kind: z.literal('on'),
  mark: z.string().min(1),
  nth: z.int().min(1),
  host: z.int().min(-1),
  delayUs: us,
});

const trigger = z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('at'), atUs: us }), onState]);

const target = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('hosts'), hosts: z.array(count) }),
  z.strictObject({
    kind: z.literal('role'),
    role: z.enum(['primary', 'backup', 'any-replica', 'all-replicas']),
    index: count,
  }),
]);

const fault = z.strictObject({
  label: z.string().min(1),
  kind: z.string().min(1),
  trigger,
  target,
  durationUs: us,
  endsOn: onState.exactOptional(),
  params: z.record(z.string(), z.union([z.number(), z.string()])),
});

const standbys = z.strictObject({
  count: servers,
  spare: servers,
  latencyUsMin: us,
  latencyUsMean: us,
  dnsTtlUs: us,
});

const cluster = z.strictObject({
  naming: z.enum(['replica', 'node']),
  replicaCount: servers.min(1),
  spares: servers.min(1).exactOptional(),
  clientCount: z.int().min(0).max(CLIENTS_MAX),
  // The superblock holds a header of each op above the checkpoint.
  journalSlots: z.int().min(1).max(384),
  slotBytes: bytes.max(SLOT_BYTES_MAX),
  checkpointOps: z.int().min(1),
  pipelineMax: z.int().min(1),
  sessionsMax: z.int().min(1),
  heartbeatUs: us,
  electionTimeoutUs: us,
  clockToleranceUs: us.exactOptional(),
  prepareRetryUs: us,
  restart: z.enum(['no', 'on-failure', 'always']),
  restartDelayUs: us,
  standbys: standbys.exactOptional(),
});

const network = z.strictObject({
  latencyUsMin: linkUs,
  latencyUsMean: linkUs,
  lossPer65536: fraction,
  duplicatePer65536: fraction,
  reorderPer65536: fraction,
  reorderUsMax: linkUs,
  corruptPer65536: fraction,
  bytesPerMs: linkCount,
  queueMax: linkCount,
});

const disk = z.strictObject({
  sectorBytes: bytes.max(SECTOR_BYTES_MAX),
  capacityBytes: bytes,
  writeLatencyUsMin: us,
  writeLatencyUsMean: us,
  readLatencyUsMin: us,
  readLatencyUsMean: us,
  fsyncLatencyUsMin: us,
  fsyncLatencyUsMean: us,
  bytesPerMs: count,
  queueDepth: z.int().min(1).max(QUEUE_DEPTH_MAX),
});

const hosts = z.strictObject({
  cores: z.int().min(1).max(1_024),
  memoryBytes: bytes,
  eventUs: us,
  applyUs: us,
  quantumUs: z.int().min(1),
  creditUs: z.int().min(1).exactOptional(),
});

const workload = z.strictObject({
  kind: z.enum(['closed', 'open']),
  thinkUsMin: us,
  thinkUsMax: us,
  bodyBytesMin: count,
  bodyBytesMax: count,
  readPer65536: fraction,
  streamCount: z.int().min(1),
  retryUs: us,
  operationsMax: count,
});

const step = z.strictObject({
  id: z.string().min(1),
  on: z.string().min(1),
  script: z.string(),
  phase: z.enum(['prepare', 'diagnose', 'resolve']),
  expectCode: z.int().min(0).max(255),
  expectMatch: z.array(z.string()),
  expectNoMatch: z.array(z.string()),
  timeoutUs: us,
});

const operator = z.strictObject({
  onAlerts: z.array(z.string()),
  startUs: us,
  reactionUs: us,
  steps: z.array(step),
});

const alerts = z.strictObject({
  rules: z.array(z.string()),
  mustFire: z.array(z.strictObject({ id: z.string(), withinUs: us })),
  mayFire: z.array(z.string()),
});

const expectedFailure = z.strictObject({
  property: z.string().min(1),
  seeds: z.enum(['every', 'some']),
  pinned: count,
  reason: z.string(),
});

const gate = z.strictObject({
  id: z.string().min(1),
  act: z.enum(['ack-alert', 'escalate', 'approve', 'open-ticket', 'post-update', 'set-status-page']),
  about: z.string(),
  withinUs: us,
  afterStep: z.string(),
  repeats: z.boolean(),
  whileOpen: z.boolean(),
});

const batching = z.strictObject({
  offeredPerS: count,
  outstandingMax: count,
  bodyBytes: bytes,
  opsMax: z.int().min(1),
  lingerUs: us,
  cpuNsPerOp: count,
});

const hour = z.int().min(0).max(24);

const compaction = z.strictObject({
  atPercent: z.int().min(0).max(100),
  atLogBytes: count,
  everyUs: us,
  pollUs: z.int().min(1_000),
  offPeak: z.strictObject({ fromHour: hour, toHour: hour }),
  upkeepPerMille: count,
});

const deployment = z.strictObject({
  platform: z.enum(['systemd', 'docker', 'kubernetes']),
  releases: z.array(z.string().regex(/^v\d{1,3}\.\d{1,2}\.\d{1,2}$/, 'is not a release such as v0.3.0')),
  volume: z.enum(['claim', 'ephemeral']),
  joining: z.int().min(-1),
  goal: z.string().exactOptional(),
});

const scheduling = z.strictObject({
  kind: z.literal('pct'),
  ranks: z.array(z.int().min(0).max(63)),
  changes: z.array(z.strictObject({ host: count, afterEvents: z.int().min(1).max(0x7fff_ffff) })).max(16),
  delayUsMax: us,
});

const plan: z.ZodType<RunPlan> = z.strictObject({
  version: z.literal(1),
  system: z.string().min(1),
  scenario: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'is not an id of lower-case letters, digits and dashes'),
  variant,
  seed: z.int().min(0).max(0xffff_ffff),
  startWallMs: count,
  profile: z.enum(['intended', 'as_built']),
  cluster,
  network,
  disk,
  clock: z.strictObject({ wallOffsetUs: z.array(z.int()), driftPpm: z.array(z.number()) }),
  workload,
  faults: z.array(fault),
  operator: operator.nullable(),
  alerts: alerts.nullable(),
  mustReach: z.array(z.string()),
  guardsOff: z.array(z.string()),
  mutant: z.string().nullable(),
  expectedFailure: expectedFailure.nullable(),
  mttrUs: us,
  properties: z.array(z.string()),
  faultPhaseUs: us,
  limits: z.strictObject({
    eventsMax: z.int().min(1),
    virtualUsMax: z.int().min(1),
    memoryBytesMax: z.int().min(1).exactOptional(),
  }),
  rarities: z.boolean(),
  hosts: hosts.exactOptional(),
  batching: batching.exactOptional(),
  compaction: compaction.exactOptional(),
  deployment: deployment.exactOptional(),
  gates: z.array(gate).exactOptional(),
  decisions: z.array(decisionSchema).exactOptional(),
  scheduling: scheduling.exactOptional(),
  budget: z.enum(['safety', 'unrestricted', 'declared-loss']).exactOptional(),
});

/** A plan that cannot be used: where, and what to do. Paths read like `faults[2].trigger.nth`. */
export interface PlanMistake {
  readonly path: string;
  readonly problem: string;
  readonly remedy: string;
}

export type PlanReading =
  | { readonly kind: 'plan'; readonly plan: RunPlan }
  | { readonly kind: 'mistake'; readonly mistake: PlanMistake };

const OTHER_VERSION = 'this firedrill reads version 1; run the scenario again to get a plan of this version';

/** Reads the value that a plan file holds (parsed JSON) and says what is wrong with the first thing that is. */
export function readPlan(value: unknown): PlanReading {
  const parsed = plan.safeParse(value, { reportInput: true });
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const { problem, remedy } = issueWords(issue);
    return mistake(pathText(issue.path) || 'plan', problem, issue.path[0] === 'version' ? OTHER_VERSION : remedy);
  }
  return crossFields(parsed.data);
}

function crossFields(found: RunPlan): PlanReading {
  const labels = found.faults.map(({ label }) => label);
  const twice = labels.findIndex((label, index) => labels.indexOf(label) !== index);
  if (twice !== -1) {
    return mistake(`faults[${twice}].label`, `${labels[twice]} is used twice`, 'give each fault a label of its own');
  }
  for (const [index, { expectMatch, expectNoMatch, id }] of (found.operator?.steps ?? []).entries()) {
    const bad = [...expectMatch, ...expectNoMatch].find((pattern) => !isPattern(pattern));
    if (bad !== undefined) {
      const where = `operator.steps[${index}]`;
      return mistake(where, `step ${id} has the pattern ${bad}, which is no regular expression`, 'correct the pattern');
    }
  }
  const unfair = found.scheduling === undefined ? null : schedulingMistake(found, found.scheduling);
  return unfair === null ? { kind: 'plan', plan: found } : { kind: 'mistake', mistake: unfair };
}

/** A host served so late that others give it up would be a fault, and one that no budget knows. */
function schedulingMistake({ variant, cluster, workload }: RunPlan, unfair: SchedulingPlan): PlanMistake | null {
  const hosts = cluster.replicaCount + cluster.clientCount;
  const timeoutUs = Math.min(cluster.heartbeatUs, cluster.electionTimeoutUs, cluster.prepareRetryUs, workload.retryUs);
  const wrong = (path: string, problem: string, remedy: string): PlanMistake => ({ path, problem, remedy });
  if (variant !== 'swarm') return wrong('scheduling', `stands in a ${variant} plan`, 'leave it out of scenarios');
  if (unfair.ranks.length > hosts) {
    return wrong('scheduling.ranks', `names ${unfair.ranks.length} hosts of ${hosts}`, 'give one rank for each host');
  }
  const far = unfair.changes.findIndex(({ host }) => host >= hosts);
  if (far !== -1) {
    return wrong(`scheduling.changes[${far}].host`, 'does not exist', `give a host from 0 to ${hosts - 1}`);
  }
  if (unfair.delayUsMax < timeoutUs) return null;
  return wrong('scheduling.delayUsMax', `reaches the smallest timeout, ${timeoutUs} us`, `give less than ${timeoutUs}`);
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

function mistake(path: string, problem: string, remedy: string): PlanReading {
  return { kind: 'mistake', mistake: { path, problem, remedy } };
}
