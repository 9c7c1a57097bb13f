import fc from 'fast-check';
import type { FaultKindName } from '../faults/kind-table.ts';
import { faultKind } from '../faults/kinds.ts';
import type { FaultPlan, Target, Trigger } from '../plan/plan.ts';
import { MS, SECOND } from '../sim/time.ts';

/** Hosts are drawn up to these numbers and fitted to the plan's cluster afterwards. */
const REPLICAS_MIN = 3;
const REPLICAS_MAX = 5;
const HOSTS_MAX = 21;
const AT_US = { min: 2_500 * MS, max: 34_500 * MS };

type Params = FaultPlan['params'];

/** Records as JSON gives them, never without a prototype. */
export function plain<T extends object>(fields: { [Name in keyof T]: fc.Arbitrary<T[Name]> }): fc.Arbitrary<T> {
  return fc.record<T>(fields, { noNullPrototype: true });
}

/** Marks that ordinary load reaches, and how often a run reaches them for certain. */
const SURE: readonly (readonly [string, number])[] = [
  ['prepare-quorum', 120],
  ['ack', 120],
  ['checkpoint-durable', 6],
  ['write:journal-prepares', 300],
  ['write:journal-headers', 300],
  ['write:superblock', 24],
  ['write:checkpoint', 4],
];

/** Marks that only trouble reaches: moments inside view changes, recoveries, repairs and transfers. */
const TROUBLE: readonly (readonly [string, number])[] = [
  ['view-change-proposed', 4],
  ['view-change-started', 4],
  ['view-change-log-chosen', 2],
  ['view-started', 2],
  ['view-joined', 3],
  ['log-truncated', 1],
  ['client-retried', 5],
  ['repair-asked', 8],
  ['recovery-complete', 8],
  ['nonce-protocol-started', 1],
  ['nonce-protocol-answered', 1],
  ['vote-regained', 1],
  ['state-transfer-asked', 1],
  ['state-transfer-installed', 1],
  ['restarted-primary-yields', 1],
  ['view-change-resumed', 1],
  ['faulty-slot-found', 2],
  ['torn-append-found', 1],
  ['fault:process.crash', 2],
  ['fault:host.power-loss', 1],
];

/**
 * What is drawn, and what else a plan may hold that is to be shrunk. The latter needs a weight, or it does not count when
 * a value is looked at without its context; fitting makes the best of it when it is drawn all the same.
 */
export function drawnFrom<T>(drawn: fc.Arbitrary<T>, alsoHeld: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 1_000_000, arbitrary: drawn }, { weight: 1, arbitrary: alsoHeld });
}

const delayUs = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 30 * MS }));
const host = fc.oneof({ weight: 4, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(REPLICAS_MAX - 1) });

function moment([mark, nthMax]: readonly [string, number]): fc.Arbitrary<Trigger> {
  return plain({
    kind: fc.constant('on' as const),
    mark: fc.constant(mark),
    nth: fc.integer({ min: 1, max: nthMax }),
    host,
    delayUs,
  });
}

const time: fc.Arbitrary<Trigger> = plain({ kind: fc.constant('at' as const), atUs: fc.integer(AT_US) });
const DOWN_KINDS = ['process.crash', 'host.power-loss', 'host.down', 'disk.file-lost'];
/** What fitting, and what stands one fault after another, can make of a trigger. */
const anyTrigger: fc.Arbitrary<Trigger> = fc.oneof(
  plain({ kind: fc.constant('at' as const), atUs: fc.nat(60 * SECOND) }),
  plain({
    kind: fc.constant('on' as const),
    mark: fc.constantFrom(...[...SURE, ...TROUBLE].map(([mark]) => mark), ...DOWN_KINDS.map((kind) => `fault:${kind}`)),
    nth: fc.integer({ min: 1, max: 300 }),
    host,
    delayUs: fc.nat(10 * SECOND),
  }),
);
/** A moment at which a fault may strike; ordinary load brings half of them. */
export const anyMoment: fc.Arbitrary<Trigger> = fc.oneof(
  fc.oneof(...SURE.map(moment)),
  fc.oneof(...TROUBLE.map(moment)),
);
const trigger: fc.Arbitrary<Trigger> = drawnFrom(
  fc.oneof(
    { weight: 6, arbitrary: time },
    { weight: 3, arbitrary: fc.oneof(...SURE.map(moment)) },
    { weight: 1, arbitrary: fc.oneof(...TROUBLE.map(moment)) },
  ),
  anyTrigger,
);

const oneReplica: fc.Arbitrary<Target> = plain({
  kind: fc.constant('hosts' as const),
  hosts: fc.array(fc.nat(REPLICAS_MAX - 1), { minLength: 1, maxLength: 1 }),
});
const role = (name: 'primary' | 'backup' | 'all-replicas'): fc.Arbitrary<Target> =>
  plain({ kind: fc.constant('role' as const), role: fc.constant(name), index: fc.nat(REPLICAS_MAX - 2) });
const anyReplica: fc.Arbitrary<Target> = fc.oneof(
  { weight: 4, arbitrary: oneReplica },
  { weight: 3, arbitrary: role('primary') },
  { weight: 2, arbitrary: role('backup') },
);
/** All replicas, or several. */
const manyReplicas: fc.Arbitrary<Target> = fc.oneof(
  role('all-replicas'),
  plain({
    kind: fc.constant('hosts' as const),
    hosts: fc.uniqueArray(fc.nat(REPLICAS_MAX - 1), { minLength: 2, maxLength: 4, size: 'max' }),
  }),
);
const client: fc.Arbitrary<Target> = plain({
  kind: fc.constant('hosts' as const),
  // The first three or five hosts are replicas; fitting folds these into the clients.
  hosts: fc.array(fc.integer({ min: REPLICAS_MIN, max: HOSTS_MAX - 1 }), { minLength: 1, maxLength: 1 }),
});
const oneOrAll: fc.Arbitrary<Target> = fc.oneof(
  { weight: 3, arbitrary: anyReplica },
  { weight: 1, arbitrary: role('all-replicas') },
);

const durationUs = fc.oneof(
  { weight: 2, arbitrary: fc.integer({ min: 50 * MS, max: 500 * MS }) },
  { weight: 2, arbitrary: fc.integer({ min: 500 * MS, max: 2 * SECOND }) },
  { weight: 1, arbitrary: fc.integer({ min: 2 * SECOND, max: 8 * SECOND }) },
);

const int = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const among = (...names: string[]): fc.Arbitrary<string> => fc.constantFrom(...names);
const params = (fields: Record<string, fc.Arbitrary<number | string>> = {}): fc.Arbitrary<Params> => plain(fields);

const direction = among('both', 'in', 'out');
const mode = among('mix', 'unreadable');
const bootUs = int(50 * MS, 400 * MS);
const witness = among('journal-headers', 'journal-prepares', 'superblock');
const journal = among('journal-headers', 'journal-prepares');
const units = int(1, 3);
const ms = fc.oneof(int(-30_000, -20), int(20, 400), int(600, 30_000));
const outageUs = int(20 * MS, 2 * SECOND);

const DEGRADATIONS: fc.Arbitrary<Params> = fc.oneof(
  params({ lossPer65536: int(655, 13_107), direction }),
  params({ latencyUsMin: int(1 * MS, 20 * MS), latencyUsMean: int(20 * MS, 60 * MS), direction }),
  params({ duplicatePer65536: int(3_277, 19_660), direction }),
  params({ reorderPer65536: int(6_554, 32_768), reorderUsMax: int(5 * MS, 200 * MS), direction }),
  params({ corruptPer65536: int(655, 6_554), direction }),
  params({ bytesPerMs: int(100, 1_000), direction }),
);

/**
 * How a fault of each kind that campaigns draw is parametrised, whom it strikes, and how likely it is; and how long it
 * lasts where its kind does not tell.
 */
type Drawn = readonly [FaultKindName, number, fc.Arbitrary<Target>, fc.Arbitrary<Params>, fc.Arbitrary<number>?];

/** Nobody restarts a process that exited: most come back, the others stay away for the rest of the fault phase. */
const awayUs = fc.oneof({ weight: 3, arbitrary: durationUs }, { weight: 1, arbitrary: fc.constant(0) });

/** Faults that take effect whenever they strike. */
const PLAIN: readonly Drawn[] = [
  ['process.crash', 4, anyReplica, params({ cause: among('crash', 'oom-kill') })],
  ['process.crash', 2, anyReplica, params({ cause: among('exit') }), awayUs],
  ['process.pause', 4, anyReplica, params({ jump: int(0, 1) })],
  ['process.slow-cpu', 2, anyReplica, params({ cpuUsPerEvent: int(100, 1_500) })],
  ['memory.corrupt', 1, anyReplica, params()],
  ['host.power-loss', 4, drawnFrom(anyReplica, manyReplicas), params({ mode, outageUs, bootUs })],
  ['host.down', 2, anyReplica, params({ mode, bootUs })],
  [
    'net.partition',
    6,
    anyReplica,
    params({
      shape: among('symmetric', 'one-way', 'isolate-one', 'clients', 'majority-minority', 'bridge', 'ring'),
      direction,
      clients: among('reach-all', 'reach-rest'),
    }),
  ],
  ['net.flap', 2, anyReplica, params({ upUs: int(50 * MS, 800 * MS), downUs: int(50 * MS, 800 * MS), direction })],
  ['net.degrade', 4, oneOrAll, DEGRADATIONS],
  ['net.clog', 2, anyReplica, params({ direction })],
  ['disk.fsync-error', 2, anyReplica, params({ semantics: among('ext4', 'xfs', 'btrfs') })],
  ['disk.write-error', 1, anyReplica, params({ count: int(1, 1) })],
  ['disk.slow', 3, anyReplica, params({ factorPermille: int(1_500, 20_000) })],
  ['disk.iops-cap', 1, anyReplica, params({ iops: int(50, 500) })],
  ['disk.stall', 2, anyReplica, params()],
  ['disk.full', 1, anyReplica, params({ percent: int(100, 100) })],
  ['disk.lost', 1, anyReplica, params()],
  ['disk.file-lost', 2, anyReplica, params({ zone: among('journal', 'superblock', 'checkpoint') })],
  ['clock.step', 1, oneReplica, params({ ms })],
  ['clock.skew', 1, oneReplica, params({ ms })],
  ['clock.drift', 1, oneReplica, params({ ppm: fc.oneof(int(-20_000, -200), int(200, 20_000)) })],
  ['clock.freeze', 1, oneReplica, params()],
  ['clock.ntp-wrong', 1, oneReplica, params({ ms })],
  ['clock.slew', 1, oneReplica, params({ ms, ppm: int(500, 50_000) })],
  ['client.crash', 2, client, params()],
];

/** Faults that show only when the process reads its disk again. */
const HIDDEN: readonly Drawn[] = [
  ['disk.bit-rot', 4, oneReplica, params({ zone: fc.oneof(witness, fc.constant('checkpoint')), units })],
  ['disk.latent-error', 2, oneReplica, params({ zone: witness, units })],
  ['disk.zeroed', 1, oneReplica, params({ zone: witness, units })],
  ['disk.read-error', 1, oneReplica, params({ count: units })],
  ['disk.lying-fsync', 2, oneReplica, params({ zone: witness, count: units })],
  ['disk.lost-write', 1, oneReplica, params({ zone: witness, count: int(1, 1) })],
  ['disk.torn-write', 1, oneReplica, params({ zone: witness, count: int(1, 1) })],
  ['disk.misdirected-write', 1, oneReplica, params({ zone: journal, offsetSectors: int(1, 12) })],
  ['disk.misdirected-read', 1, oneReplica, params({ zone: journal, offsetSectors: int(1, 12) })],
  ['disk.stale-read', 1, oneReplica, params({ zone: witness })],
];

/** Kinds that a drawn plan can hold, for switching a subset of them off. */
export const DRAWN_KINDS: readonly FaultKindName[] = [...new Set([...PLAIN, ...HIDDEN].map(([kind]) => kind))];

/** Of the hidden kinds, those that take effect at once or at the next write. */
const DONE_AT_ONCE = ['disk.bit-rot', 'disk.latent-error', 'disk.zeroed', 'disk.lying-fsync', 'disk.lost-write'];
const CERTAIN_KINDS: readonly string[] = [...PLAIN.map(([kind]) => kind), ...DONE_AT_ONCE];

/** Whether a fault takes effect in nearly every run: its moment comes, and it needs nothing else. */
export function isCertain({ kind, trigger }: FaultPlan): boolean {
  if (!CERTAIN_KINDS.includes(kind)) return false;
  if (trigger.kind === 'at') return true;
  return trigger.host < 0 && SURE.some(([mark]) => mark === trigger.mark);
}

/** A label is a number and the kind: the number is what is drawn. */
function labelled(kind: FaultKindName): fc.Arbitrary<string> {
  return fc.nat(999).map(
    (number) => `${number}-${kind}`,
    (label) => {
      const [digits, ...rest] = `${label}`.split('-');
      if (rest.join('-') !== kind) throw new Error(`${label} is no label of a drawn ${kind}`);
      return Number(digits);
    },
  );
}

function faultOf(
  [kind, , target, drawn, lastsUs]: Drawn,
  when: fc.Arbitrary<Trigger> = trigger,
): fc.Arbitrary<FaultPlan> {
  const lasts = faultKind(kind)?.lasts === 'lasting' && kind !== 'process.crash';
  return plain({
    label: labelled(kind),
    kind: fc.constant(kind),
    trigger: when,
    target,
    durationUs: lastsUs ?? (lasts ? durationUs : fc.constant(0)),
    params: drawn,
  });
}

const weighted = (table: readonly Drawn[]): fc.Arbitrary<FaultPlan> =>
  fc.oneof(...table.map((drawn) => ({ weight: drawn[1], arbitrary: faultOf(drawn) })));

/** One fault that takes effect whenever it strikes. */
export const plainFault: fc.Arbitrary<FaultPlan> = weighted(PLAIN);
/** One fault that strikes at a time and takes effect. */
export const timedFault: fc.Arbitrary<FaultPlan> = fc.oneof(
  ...PLAIN.map((drawn) => ({ weight: drawn[1], arbitrary: faultOf(drawn, time) })),
);
/** One fault that only a later restart reveals. */
export const hiddenFault: fc.Arbitrary<FaultPlan> = weighted(HIDDEN);
/** Any one fault. */
export const anyFault: fc.Arbitrary<FaultPlan> = fc.oneof(
  { weight: 4, arbitrary: plainFault },
  { weight: 1, arbitrary: hiddenFault },
);
/** A fault that takes a replica out, so that it has to come back. */
export const downFault: fc.Arbitrary<FaultPlan> = weighted(PLAIN.filter(([kind]) => DOWN_KINDS.includes(kind)));
/** Power fails at all replicas, or at several, at one instant. */
export const powerCut: fc.Arbitrary<FaultPlan> = plain({
  label: labelled('host.power-loss'),
  kind: fc.constant('host.power-loss'),
  trigger,
  target: manyReplicas,
  durationUs: fc.constant(0),
  params: params({ mode, outageUs, bootUs }),
});
