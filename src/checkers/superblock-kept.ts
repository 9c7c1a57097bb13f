import type { Sum } from '../cluster/storage/prepare.ts';
import type { LogSuffix, VsrMessage } from '../cluster/vsr/message.ts';
import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import { VOTE_FILES } from './disk-image.ts';
import type { GroundTruth, Property, Report } from './property.ts';

const NO_SUM: Sum = { a: 0, b: 0, c: 0, d: 0 };

/** What a replica last acknowledged on the wire, and in which view. */
interface Acknowledged {
  epoch: number;
  view: number;
  op: number;
  sum: Sum;
}

/** A vote that forgot a promise, until its view starts. */
interface Denial {
  readonly epoch: number;
  readonly replica: number;
  readonly incarnation: number;
  readonly op: number;
  readonly acknowledged: number;
  readonly view: number;
  readonly logView: number;
}

/**
 * INV-SUPERBLOCK: what a replica acknowledged is not reset while it keeps its vote. A DoViewChange whose log view is
 * that of its last prepare_ok must show each op up to the acknowledged one, or mark its slot faulty; denying one, or
 * ending below it, is forgetting (R7: a faulty slot never denies). It is reported where the vote takes effect, with the
 * StartView of its view: a run ends with the first event in which a property fails (R24b), and this is the event in which
 * it shows whether an acknowledged op went with the promise. What took no effect is reported at the end. Open damage of
 * the superblock or the log excuses it: a budget of class C allows n - Qr deniers (R1). Views and commit numbers are
 * judged by INV-VIEW-MONOTONIC and INV-COMMIT-MONOTONIC.
 */
export class SuperblockKept implements Property {
  readonly id = 'INV-SUPERBLOCK';
  readonly kinds = ['prepareOk', 'doViewChange', 'startView'] as const;
  private readonly truth: GroundTruth;
  private readonly report: Report;
  private readonly kept: Acknowledged[];
  /** The latest denial of each replica that has not taken effect. */
  private readonly denials: (Denial | null)[];

  constructor(truth: GroundTruth, report: Report) {
    this.truth = truth;
    this.report = report;
    this.kept = [];
    this.denials = new Array<Denial | null>(truth.replicaCount).fill(null);
    for (let replica = 0; replica < truth.replicaCount; replica++) {
      this.kept.push({ epoch: 0, view: 0, op: 0, sum: NO_SUM });
    }
  }

  onSend(from: number, _to: number, message: VsrMessage): void {
    if (from >= this.kept.length) return;
    const promise = this.kept[from] as Acknowledged;
    if (message.kind === 'prepareOk') note(promise, message);
    else if (message.kind === 'doViewChange') this.judge(from, promise, message);
    else if (message.kind === 'startView') this.tookEffect(message);
  }

  onEnd(): void {
    for (const denial of this.denials) if (denial !== null) this.fail(denial);
  }

  onState(now: ReplicaObservation): void {
    // A lost disk cannot keep a promise; the nonce protocol makes up for it.
    if (now.mustRecover) (this.kept[now.replica] as Acknowledged).op = 0;
  }

  private judge(replica: number, promise: Acknowledged, message: VsrMessage): void {
    const { suffix } = message;
    if (suffix === null || promise.op === 0) return;
    if (message.epoch !== promise.epoch || message.logView !== promise.view) return;
    const denied = firstDenied(promise, suffix);
    if (denied < 0) return;
    if (this.truth.ledger.openOf(replica).some(({ file }) => VOTE_FILES.includes(file))) return;
    const { epoch, incarnation, view, logView } = message;
    this.denials[replica] = { epoch, replica, incarnation, op: denied, acknowledged: promise.op, view, logView };
  }

  private tookEffect({ epoch, view }: VsrMessage): void {
    for (const denial of this.denials) {
      if (denial !== null && denial.epoch === epoch && denial.view === view) this.fail(denial);
    }
  }

  private fail({ replica, incarnation, op, acknowledged, view, logView }: Denial): void {
    this.denials[replica] = null;
    this.report(this.id, 'denies-acknowledged', { replica, incarnation, op, acknowledged, view, logView });
  }
}

function note(promise: Acknowledged, message: VsrMessage): void {
  const same = message.epoch === promise.epoch && message.view === promise.view;
  if (same && message.op <= promise.op) return;
  promise.epoch = message.epoch;
  promise.view = message.view;
  promise.op = message.op;
  promise.sum = message.sum;
}

/** The lowest acknowledged op that the suffix denies, -1 for none. Ops below `first` lie under the checkpoint. */
function firstDenied(promise: Acknowledged, suffix: LogSuffix): number {
  for (let op = suffix.first; op <= promise.op; op++) {
    const index = op - suffix.first;
    if (index >= suffix.headers.length || suffix.nack[index] === 1) return op;
    const header = suffix.headers[index] ?? null;
    if (op !== promise.op || header === null) continue;
    const { sum } = header;
    const { sum: promised } = promise;
    if (sum.a !== promised.a || sum.b !== promised.b || sum.c !== promised.c || sum.d !== promised.d) return op;
  }
  return -1;
}
