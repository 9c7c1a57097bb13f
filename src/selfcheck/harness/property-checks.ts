import { Agreement } from '../../checkers/agreement.ts';
import { CommitLeOp } from '../../checkers/commit-le-op.ts';
import { CommittedOps } from '../../checkers/committed-ops.ts';
import { PREPARES_FILE } from '../../checkers/disk-image.ts';
import { DurableAck } from '../../checkers/durable-ack.ts';
import { DurableCopies, type Excuse } from '../../checkers/durable-copies.ts';
import type { GroundTruth, Property, Report } from '../../checkers/property.ts';
import type { PropertySet } from '../../checkers/set.ts';
import { VoterTable } from '../../checkers/voters.ts';
import { OPERATION, type Prepare, ZERO_SUM } from '../../cluster/storage/prepare.ts';
import { makePrepare } from '../../cluster/storage/record.ts';
import { draft, seal } from '../../cluster/vsr/message.ts';
import type { ReplicaObservation } from '../../cluster/vsr/observe.ts';
import type { JudgedWorld } from '../../scenarios/ground-truth.ts';
import { PERFECT_CLOCK } from '../../sim/clock.ts';
import { DISK_DEFAULT } from '../../sim/disk-options.ts';
import type { Machine } from '../../sim/machine.ts';
import type { WorldParts } from '../../sim/parts.ts';
import type { Stream } from '../../sim/random.ts';
import { SECOND } from '../../sim/time.ts';
import { World } from '../../sim/world.ts';
import { CALM } from './network-checks.ts';
import type { Check } from './row.ts';

export type SetMaker = (properties: readonly Property[]) => PropertySet;

function observation(replica: number, commit: number, op: number): ReplicaObservation {
  return {
    replica,
    incarnation: 1,
    status: 'normal',
    epoch: 0,
    view: 0,
    logView: 0,
    op,
    commitMax: commit,
    commit,
    checkpointOp: 0,
    stateHash0: 0,
    stateHash1: 0,
    isPrimary: replica === 0,
    isolated: false,
    mustRecover: false,
    settled: true,
  };
}

/** A state that is wrong for one event is reported, although all is well at the end (R10, R24). */
export const TRANSIENT: Check<SetMaker> = {
  name: 'transient-violation',
  judge(make, draw) {
    const sites: string[] = [];
    const report: Report = (property, site) => sites.push(`${property} ${site}`);
    const set = make([{ id: 'INV-FIRST' }, new CommitLeOp(report)]);
    const wrongAt = draw.int(2, 18);
    for (let op = 1; op <= 20; op++) {
      for (let replica = 0; replica < 3; replica++) {
        const wrong = op === wrongAt && replica === 1;
        set.onState(observation(replica, op, wrong ? op - 1 : op));
        if (wrong) set.onState(observation(replica, op, op));
      }
    }
    set.onEnd();
    const seen = sites.filter((site) => site === 'INV-COMMIT-LE-OP commit-above-op').length;
    return seen === 1 ? null : `${seen} of 1 transient violation reported`;
  },
};

/** What the durability of an acknowledgement is judged by. */
export interface DurableParts {
  readonly world: WorldParts;
  truth(judged: JudgedWorld): GroundTruth;
  readonly excuse: Excuse;
}

const SLOTS = 8;
const SLOT_BYTES = 4_096;
const CLIENT = 1_033;
const REPLICAS = [0, 1, 2];

/** Three hosts with nothing but disks under INV-DURABLE-ACK, and one op that a client is told of. */
class AckBench {
  private readonly world: World;
  private readonly sites: string[];
  private readonly agreement: Agreement;
  private readonly durable: DurableAck;
  private readonly entry: Prepare;

  constructor(parts: DurableParts, draw: Stream) {
    const spec = { disk: DISK_DEFAULT, clock: PERFECT_CLOCK, factory: null };
    this.world = new World({
      seed: draw.int(1, 1_000_000),
      recording: false,
      logging: false,
      rarities: false,
      link: CALM,
      parts: parts.world,
      machines: REPLICAS.map((id) => ({ ...spec, name: `r${id}` })),
    });
    for (const { disk } of this.world.machines) {
      disk.createFile(PREPARES_FILE, SLOTS * SLOT_BYTES);
      disk.syncAll();
    }
    this.sites = [];
    const cluster = { replicaCount: REPLICAS.length, journalSlots: SLOTS, slotBytes: SLOT_BYTES };
    const truth = parts.truth({ world: this.world, plan: { cluster, disk: DISK_DEFAULT } });
    const report: Report = (property, site) => this.sites.push(`${property} ${site}`);
    const committed = new CommittedOps(SLOTS, 4);
    this.agreement = new Agreement(committed, report);
    const copies = new DurableCopies(truth, committed, DISK_DEFAULT.sectorBytes, parts.excuse);
    this.durable = new DurableAck(truth, committed, copies, new VoterTable(REPLICAS.length), report);
    this.entry = entryOf(1, draw.int(1, 1_000_000));
  }

  /** The op's record goes into the page cache of a host, and with `synced` onto its device. */
  write(host: number, synced: boolean, entry: Prepare = this.entry): void {
    const { disk } = this.world.machines[host] as Machine;
    disk.write(1, PREPARES_FILE, (entry.op % SLOTS) * SLOT_BYTES, entry.record, 1, 0);
    if (synced) disk.fsync(1, PREPARES_FILE, 2, 0);
    this.world.runUntil(this.world.nowUs + SECOND);
  }

  rot(host: number, label: string): void {
    (this.world.machines[host] as Machine).disk.faults.rot(label, PREPARES_FILE, this.entry.op % SLOTS, 12);
  }

  /** Replica 0 tells the client; what was found by then. */
  acknowledge(): string[] {
    this.agreement.onApply(0, 1, this.entry, 1, 2, 3);
    const message = draft('reply', 0, 0);
    Object.assign(message, { op: 1, client: CLIENT, request: 1, incarnation: 1, body: Uint8Array.of(1) });
    this.durable.onSend(0, 9, seal(message, 0, 0));
    return this.sites;
  }
}

function entryOf(op: number, timestampUs: number): Prepare {
  return makePrepare({
    cluster: 1,
    epoch: 0,
    view: 0,
    op,
    parent: ZERO_SUM,
    operation: OPERATION.noop,
    client: CLIENT,
    request: 1,
    timestampUs,
    body: new Uint8Array(64),
  });
}

const TOO_FEW = 'INV-DURABLE-ACK ack-without-quorum';

/** An acknowledged op needs a quorum of synced copies: the page cache is none (R10). */
export const SYNCED_COPIES: Check<DurableParts> = {
  name: 'synced-copies',
  judge(parts, draw) {
    const synced = draw.int(0, 3);
    const bench = new AckBench(parts, draw);
    for (const [index, host] of draw.shuffle(REPLICAS).entries()) bench.write(host, index < synced);
    const found = bench.acknowledge();
    const expected = synced >= 2 ? '' : TOO_FEW;
    return found.join() === expected ? null : `with ${synced} of 3 copies synced: ${found.join() || 'nothing found'}`;
  },
};

/** A missing copy is excused by damage that is open now, and by nothing else (R11). */
export const CERTIFICATES: Check<DurableParts> = {
  name: 'excuse-certificates',
  judge(parts, draw) {
    const [first, second] = draw.shuffle(REPLICAS) as [number, number];
    const damaged = new AckBench(parts, draw);
    for (const host of [first, second]) damaged.write(host, true);
    damaged.rot(second, 'rot');
    if (damaged.acknowledge().length > 0) return 'a copy that injected damage took away is not excused';
    const missing = new AckBench(parts, draw);
    missing.write(first, true);
    if (missing.acknowledge().join() !== TOO_FEW) return 'a copy that nobody damaged is excused';
    const overwritten = new AckBench(parts, draw);
    for (const host of [first, second]) overwritten.write(host, true);
    overwritten.rot(second, 'rot');
    overwritten.write(second, true, entryOf(1 + SLOTS, 5));
    return overwritten.acknowledge().join() === TOO_FEW ? null : 'damage that was overwritten excuses a missing copy';
  },
};
