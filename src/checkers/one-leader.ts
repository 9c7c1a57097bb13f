import type { Sum } from '../cluster/storage/prepare.ts';
import type { VsrMessage } from '../cluster/vsr/message.ts';
import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import type { Property, Report } from './property.ts';
import type { Voters } from './voters.ts';

/** Entries of the direct-mapped memory of (epoch, view, op) -> sum: a power of two. A newer key replaces an older one. */
const SUMS = 8192;
/** More than a run has epochs. */
const EPOCHS_MAX = 65_536;
/** Views that are remembered, by number: a power of two. */
const VIEWS = 64;

/**
 * INV-ONE-LEADER (R10): all Prepares ever sent in (epoch, view) for an op have one sum, and so have the logs that the
 * StartViews of that view show; a StartView never shows a shorter log than the view already had; and at most one process
 * incarnation acts as primary of (epoch, view). A StartView may be repeated later in its view with a longer log.
 */
export class OneLeader implements Property {
  readonly id = 'INV-ONE-LEADER';
  readonly kinds = ['prepare', 'startView', 'heartbeat'] as const;
  private readonly voters: Voters;
  private readonly report: Report;
  private readonly epochs: Int32Array;
  private readonly views: Float64Array;
  private readonly ops: Float64Array;
  private readonly words: Int32Array;
  private readonly leaderEpochs: Int32Array;
  private readonly leaderViews: Float64Array;
  private readonly leaders: Int32Array;
  private readonly leaderIncarnations: Float64Array;
  /** Highest op that the view's log is known to have. */
  private readonly heads: Float64Array;
  /** The message judged last: a broadcast is one object that is sent several times. */
  private judged: VsrMessage | null;

  constructor(voters: Voters, report: Report) {
    this.voters = voters;
    this.report = report;
    this.epochs = new Int32Array(SUMS);
    this.views = new Float64Array(SUMS);
    this.ops = new Float64Array(SUMS).fill(-1);
    this.words = new Int32Array(SUMS * 4);
    this.leaderEpochs = new Int32Array(VIEWS);
    this.leaderViews = new Float64Array(VIEWS).fill(-1);
    this.leaders = new Int32Array(VIEWS).fill(-1);
    this.leaderIncarnations = new Float64Array(VIEWS);
    this.heads = new Float64Array(VIEWS);
    this.judged = null;
  }

  onSend(from: number, _to: number, message: VsrMessage): void {
    const { kind } = message;
    if (kind !== 'prepare' && kind !== 'startView' && kind !== 'heartbeat') return;
    if (message === this.judged) return;
    this.judged = message;
    const at = this.leads(this.key(message.epoch, from), message.view, from, message.incarnation);
    if (kind === 'prepare' && message.prepare !== null) this.judgePrepare(from, message, at);
    else if (kind === 'startView') this.judgeStartView(from, message, at);
  }

  onState(now: ReplicaObservation): void {
    if (now.isPrimary) this.leads(this.key(now.epoch, now.replica), now.view, now.replica, now.incarnation);
  }

  /**
   * Views are numbered within a configuration. A forced leader begins one of its own, even where it keeps the epoch's
   * number: that both then take writes is INV-NO-SPLIT-BRAIN's finding.
   */
  private key(epoch: number, from: number): number {
    return this.voters.lineage(epoch, from) * EPOCHS_MAX + epoch;
  }

  private judgePrepare(from: number, message: VsrMessage, at: number): void {
    const op = message.prepare?.op ?? message.op;
    const sum = message.prepare?.sum ?? message.sum;
    if (at >= 0 && op > (this.heads[at] as number)) this.heads[at] = op;
    if (this.agrees(this.key(message.epoch, from), message.view, op, sum)) return;
    this.report(this.id, 'two-prepares', { replica: from, epoch: message.epoch, view: message.view, op });
  }

  private judgeStartView(from: number, message: VsrMessage, at: number): void {
    const { epoch, view, suffix } = message;
    if (at >= 0) {
      const head = this.heads[at] as number;
      if (message.op < head) {
        this.report(this.id, 'start-view-shrank', { replica: from, epoch, view, op: message.op, head });
      } else this.heads[at] = message.op;
    }
    const key = this.key(epoch, from);
    let agreed = this.agrees(key, view, message.op, message.sum);
    let op = message.op;
    for (let index = 0; suffix !== null && index < suffix.headers.length && agreed; index++) {
      const header = suffix.headers[index] ?? null;
      if (header === null) continue;
      op = header.op;
      agreed = this.agrees(key, view, op, header.sum);
    }
    if (!agreed) this.report(this.id, 'start-views-differ', { replica: from, epoch, view, op });
  }

  /** Notes who acts as primary; returns the view's slot, or -1 when the view is older than what is remembered. */
  private leads(epoch: number, view: number, replica: number, incarnation: number): number {
    const at = view & (VIEWS - 1);
    const knownEpoch = this.leaderEpochs[at] as number;
    const knownView = this.leaderViews[at] as number;
    if (knownEpoch === epoch && knownView === view) {
      if (this.leaders[at] !== replica || this.leaderIncarnations[at] !== incarnation) {
        this.report(this.id, 'two-primaries', {
          replica,
          incarnation,
          epoch,
          view,
          other: this.leaders[at] as number,
          otherIncarnation: this.leaderIncarnations[at] as number,
        });
      }
      return at;
    }
    if (epoch < knownEpoch || (epoch === knownEpoch && view < knownView)) return -1;
    this.leaderEpochs[at] = epoch;
    this.leaderViews[at] = view;
    this.leaders[at] = replica;
    this.leaderIncarnations[at] = incarnation;
    this.heads[at] = 0;
    return at;
  }

  /** Whether `sum` is the one known of (epoch, view, op); an unknown one is noted. */
  private agrees(epoch: number, view: number, op: number, sum: Sum): boolean {
    const at = (op + Math.imul(view, 0x9e5)) & (SUMS - 1);
    const word = at * 4;
    const { words } = this;
    if (this.ops[at] === op && this.views[at] === view && this.epochs[at] === epoch) {
      return (
        words[word] === sum.a && words[word + 1] === sum.b && words[word + 2] === sum.c && words[word + 3] === sum.d
      );
    }
    this.epochs[at] = epoch;
    this.views[at] = view;
    this.ops[at] = op;
    words[word] = sum.a;
    words[word + 1] = sum.b;
    words[word + 2] = sum.c;
    words[word + 3] = sum.d;
    return true;
  }
}
