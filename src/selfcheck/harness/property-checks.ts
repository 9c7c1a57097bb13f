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
import { Disk } from '../../sim/disk.ts';
import { DISK_DEFAULT } from '../../sim/disk-options.ts';
import type { Ledger } from '../../sim/ledger.ts';
import type { Stream } from '../../sim/random.ts';
import { QueueCore } from './queue-core.ts';
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
  /** Bytes that count as durable. */
  peek(disk: Disk, file: string, offsetBytes: number, lengthBytes: number): Uint8Array | null;
  ledger(): Ledger;
  readonly excuse: Excuse;
}

const SLOTS = 8;
const SLOT_BYTES = 4_096;
const CLIENT = 1_033;

/** Three disks under INV-DURABLE-ACK, and one op that a client is told of. */
class AckBench {
  readonly disks: Disk[];
  readonly sites: string[];
  private readonly cores: QueueCore[];
  private readonly committed: CommittedOps;
  private readonly agreement: Agreement;
  private readonly durable: DurableAck;
  private readonly entry: Prepare;

  constructor(parts: DurableParts, draw: Stream) {
    const ledger = parts.ledger();
    this.cores = [0, 1, 2].map(() => new QueueCore(draw.int(1, 1_000_000), ledger));
    this.disks = this.cores.map((core, host) => new Disk(core, host, DISK_DEFAULT));
    for (const disk of this.disks) {
      disk.createFile(PREPARES_FILE, SLOTS * SLOT_BYTES);
      disk.syncAll();
    }
    this.sites = [];
    const truth: GroundTruth = {
      nowUs: () => 0,
      replicaCount: 3,
      ledger,
      journalSlots: SLOTS,
      slotBytes: SLOT_BYTES,
      peekDurable: (replica, file, offset, length) => parts.peek(this.disks[replica] as Disk, file, offset, length),
      durableVersion: () => 0,
      isUp: () => true,
    };
    const report: Report = (property, site) => this.sites.push(`${property} ${site}`);
    this.committed = new CommittedOps(SLOTS, 4);
    this.agreement = new Agreement(this.committed, report);
    const copies = new DurableCopies(truth, this.committed, DISK_DEFAULT.sectorBytes, parts.excuse);
    this.durable = new DurableAck(truth, this.committed, copies, new VoterTable(3), report);
    this.entry = entryOf(1, draw.int(1, 1_000_000));
  }

  /** The op's record goes into the page cache of a host, and with `synced` onto its device. */
  write(host: number, synced: boolean, entry: Prepare = this.entry): void {
    const disk = this.disks[host] as Disk;
    disk.write(1, PREPARES_FILE, (entry.op % SLOTS) * SLOT_BYTES, entry.record, 1, 0);
    if (synced) disk.fsync(1, PREPARES_FILE, 2, 0);
    (this.cores[host] as QueueCore).completions(disk);
  }

  rot(host: number, label: string): void {
    (this.disks[host] as Disk).faults.rot(label, PREPARES_FILE, this.entry.op % SLOTS, 12);
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
    for (const [index, host] of draw.shuffle([0, 1, 2]).entries()) bench.write(host, index < synced);
    const found = bench.acknowledge();
    const expected = synced >= 2 ? '' : TOO_FEW;
    return found.join() === expected ? null : `with ${synced} of 3 copies synced: ${found.join() || 'nothing found'}`;
  },
};

/** A missing copy is excused by damage that is open now, and by nothing else (R11). */
export const CERTIFICATES: Check<DurableParts> = {
  name: 'excuse-certificates',
  judge(parts, draw) {
    const [first, second] = draw.shuffle([0, 1, 2]) as [number, number];
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
