import { z } from 'zod';
import { drawnDuration, duration, params, pattern, share, size, target } from './schema-values.ts';

/**
 * The form of a scenario file (design, section 6). It says only what differs from the defaults of `defaults.ts`; a plan
 * is made of it by `expand.ts`. Nothing may be added: an unknown key is a mistake.
 */
const id = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'is not an id: lower-case letters, digits and dashes');
const name = z.string().min(1, 'is empty');
const text = z.string().trim().min(1, 'is empty');
const count = z.int().min(0);
const positive = z.int().min(1);
const property = z.string().regex(/^INV-[A-Z0-9-]+$/, 'is not the id of a property such as INV-DURABLE-ACK');

const standbys = z.strictObject({
  count: z.int().min(0).max(4).describe('standbys that follow from the start: ids 100, 101, ...'),
  spare: z.int().min(0).max(4).optional().describe('empty hosts that add-standby may take'),
  latency_min: duration.optional(),
  latency_mean: duration.optional(),
  dns_ttl: duration.optional(),
});

const cluster = z.strictObject({
  replicas: z.int().min(1).max(9).describe('number of replicas'),
  spares: z.int().min(1).max(4).optional().describe('blank machines after the replicas that may become replicas'),
  clients: z.int().min(1).max(64).optional(),
  naming: z
    .enum(['replica', 'node'])
    .optional()
    .describe('replica-0... of the runbook, or node1... of the troubleshooting guide'),
  journal_slots: positive.max(384, 'is above 384: the superblock names each op above the checkpoint').optional(),
  slot: size.optional(),
  checkpoint_ops: positive.optional(),
  pipeline: positive.optional(),
  sessions: positive.optional(),
  heartbeat: duration.optional(),
  election_timeout: duration.optional(),
  prepare_retry: duration.optional(),
  restart: z.enum(['no', 'on-failure', 'always']).optional().describe('what the supervisor does with a dead process'),
  restart_delay: duration.optional(),
  standbys: standbys.optional().describe('hosts after the replicas that follow the log and never vote'),
});

const deployment = z.strictObject({
  platform: z.enum(['systemd', 'docker', 'kubernetes']),
  releases: z
    .array(z.string().regex(/^v\d{1,3}\.\d{1,2}\.\d{1,2}$/, 'is not a release such as v0.3.0'))
    .optional()
    .describe('release on each replica at the start; v0.3.0 on all by default'),
  volume: z.enum(['claim', 'ephemeral']).optional().describe('what the data of a pod lies on'),
  joining: count.optional().describe('number of the host that is called new-node'),
});

const network = z.strictObject({
  latency_min: duration.optional(),
  latency_mean: duration.optional(),
  loss: share.optional(),
  duplicate: share.optional(),
  reorder: share.optional(),
  reorder_max: duration.optional(),
  corrupt: share.optional(),
  bytes_per_ms: positive.optional(),
  queue: positive.optional(),
});

const disk = z.strictObject({
  sector: size.optional(),
  capacity: size.optional(),
  write_min: duration.optional(),
  write_mean: duration.optional(),
  read_min: duration.optional(),
  read_mean: duration.optional(),
  fsync_min: duration.optional(),
  fsync_mean: duration.optional(),
  bytes_per_ms: positive.optional(),
  queue_depth: positive.optional(),
});

const clock = z.strictObject({
  ahead: z
    .record(z.string().regex(/^\d+$/), duration)
    .optional()
    .describe('host number: how far its wall clock is ahead'),
  behind: z.record(z.string().regex(/^\d+$/), duration).optional(),
  drift_ppm: z.record(z.string().regex(/^\d+$/), z.int().min(-1000).max(1000)).optional(),
});

const hosts = z.strictObject({
  cores: positive.max(1_024).optional(),
  memory: size.optional(),
  event_cpu: duration.optional().describe('CPU time of one event of the server'),
  apply_cpu: duration.optional().describe('CPU time of projecting one op'),
  quantum: duration.optional().describe('a thread that has had a core for this long gives way to others'),
  credit: duration.optional().describe('CPU time that the event loop may save up at its fair share, to run at once'),
});

const load = z.strictObject({
  kind: z.enum(['closed', 'open']).optional(),
  think_min: duration.optional(),
  think_max: duration.optional(),
  body_min: size.optional(),
  body_max: size.optional(),
  reads: share.optional(),
  streams: positive.optional(),
  retry: duration.optional(),
  operations: count.optional().describe('0: until the phase under faults ends'),
});

const batching = z.strictObject({
  offered_per_s: count.describe('operations a second of clients that are not simulated one by one'),
  outstanding: positive.optional().describe('how many of them are without an answer at most'),
  event: size.optional().describe('bytes of each of their operations'),
  max: positive.optional().describe('max-batch-size before anybody sets it'),
  linger: duration.optional().describe('how long a batch waits to be full'),
  cpu_ns_per_op: count.optional().describe('CPU time of serialising one operation'),
});

const compaction = z.strictObject({
  at_percent: z.int().min(0).max(100).optional().describe('share of the disk at which a round begins by itself'),
  at_log: size.optional().describe('size of the log at which one begins'),
  every: duration.optional().describe('interval of regular rounds'),
  poll: duration.optional().describe('how often the server looks'),
  upkeep_per_mille: count
    .optional()
    .describe('reads per second that looking after one old segment costs, in thousandths'),
});

const onState = z.strictObject({
  mark: name.describe('a mark of the system, ack, or operator:<step id>'),
  nth: positive.optional(),
  host: count.optional(),
  after: drawnDuration.optional(),
});

const fault = z.strictObject({
  label: id.describe('identity of the fault in decisions, ledger and reports'),
  fault: name.describe('kind of the fault'),
  at: drawnDuration.optional(),
  on: onState.optional(),
  target,
  for: drawnDuration.optional().describe('absent: an instant, or until the phase under faults ends'),
  until: onState.optional().describe('state that ends it, counted from its first effect on'),
  params: params.optional(),
});

const step = z.strictObject({
  id,
  on: name.optional().describe('host of the shell; the operator host by default'),
  run: text.describe('shell script, as the runbook writes it'),
  expect: z
    .strictObject({
      code: z.int().min(0).max(255).optional(),
      match: z.array(pattern).optional(),
      no_match: z.array(pattern).optional(),
    })
    .optional(),
  timeout: duration.optional(),
  not_load_bearing: text.optional().describe('of a resolve step: why the run ends well without it, too'),
});

const signals = z.strictObject({
  rules: z.array(name).min(1, 'is empty'),
  must_fire: z.array(z.strictObject({ id: name, within: duration })),
  may_fire: z.array(name).optional(),
});

const gate = z.strictObject({
  id,
  act: z.enum(['ack-alert', 'escalate', 'approve', 'open-ticket', 'post-update', 'set-status-page']),
  about: text.optional().describe('whom or what the act concerns, as its command says it; any by default'),
  within: duration,
  after_step: id
    .optional()
    .describe('the clock starts at the end of this step; else at the first alert that must fire'),
  repeats: z.boolean().optional().describe('no gap between two acts may be longer'),
  while_open: z.boolean().optional().describe('due only while the incident is unresolved'),
});

const operator = z.strictObject({
  after_alert: z.array(name).optional().describe('starts at the first firing of one of these'),
  start: duration.optional().describe('earliest start'),
  reaction: duration.optional().describe('between alert and first command'),
});

/** What a variant may put in the place of the scenario's own. Lists replace lists. */
const replaceable = {
  title: text.optional(),
  guards_off: z.array(name).optional().describe('guards of the simulated product that are switched off (R18)'),
  inject: z.array(fault).optional(),
  prepare: z.array(step).optional(),
  diagnose: z.array(step).optional(),
  resolve: z.array(step).optional(),
  must_reach: z.array(name).min(1, 'is empty').optional(),
  signals: signals.optional(),
  operator: operator.optional(),
  gates: z.array(gate).optional(),
  properties: z.array(property).optional(),
  fault_phase: duration.optional(),
  deployment: deployment.optional(),
};

const fails = z.strictObject({
  property,
  adversary: z.array(id).min(1, 'is empty').describe('labels of the smallest faults under which it fails'),
  seeds: z.enum(['every', 'some']),
  pinned: count.optional(),
  reason: text.optional().describe('why only some seeds fail'),
});

export const scenarioSchema = z.strictObject({
  id: id.describe('id of the catalogue; the name of the file'),
  system: name,
  title: text,
  severity: z.string().regex(/^P[0-4]$/, 'is not P0 to P4'),
  covers: z.array(id).min(1, 'is empty').describe('ids of the catalogue that this file rehearses'),
  why: text.describe('what the rehearsal teaches'),
  profile: z.enum(['intended', 'as_built']).optional(),
  cluster,
  deployment: deployment.optional().describe('how servers are installed and started; who joins'),
  network: network.optional(),
  disk: disk.optional(),
  clock: clock.optional(),
  load: load.optional(),
  hosts: hosts.optional().describe('CPU and memory of the replicas; without limit where it is left out'),
  compaction: compaction.optional().describe('compaction by the servers themselves'),
  batching: batching.optional().describe('batches at the primary, and background load'),
  inject: z.array(fault),
  signals: signals.optional(),
  operator: operator.optional(),
  prepare: z.array(step).optional().describe('sets the scene before anything breaks; the mark `prepared` follows'),
  diagnose: z.array(step),
  resolve: z.array(step),
  gates: z.array(gate).optional().describe('deadlines of the incident process (INV-GATES-MET)'),
  recovered: z.strictObject({
    within: duration.describe('from the first alert'),
    release: text.optional().describe('the release that every replica runs then'),
  }),
  must_reach: z.array(name).min(1, 'is empty'),
  properties: z.array(property).optional(),
  heals_alone: text.optional().describe('why the incident ends without its repair steps (R17)'),
  loses_data: z.literal(true).optional().describe('every disk may be lost: what is rehearsed is a declared loss (R16)'),
  fault_phase: duration.optional().describe('how long faults may strike'),
  variants: z.strictObject({
    safe: z.strictObject(replaceable).optional(),
    literal: z.strictObject({ ...replaceable, fails }).optional(),
  }),
});

/** A scenario as read: durations in µs, sizes in bytes, shares in 65536ths. */
export type Scenario = z.output<typeof scenarioSchema>;
export type ScenarioFault = z.output<typeof fault>;
export type ScenarioStep = z.output<typeof step>;
export type ScenarioVariant = NonNullable<Scenario['variants']['safe']>;

/** JSON Schema of a scenario file for editors (`# yaml-language-server: $schema=...`). */
export function scenarioJsonSchema(): object {
  const schema = z.toJSONSchema(scenarioSchema, { io: 'input', unrepresentable: 'any' });
  return { ...schema, title: 'firedrill scenario' };
}
