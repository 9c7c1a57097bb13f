import type { VsrMessage } from '../cluster/vsr/message.ts';
import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import type { Property, Report } from './property.ts';

/**
 * INV-FENCED (catalogue): before another lineage takes writes the old one is provably unable to. After a declared loss
 * (R16) a host outside the new configuration that still holds lost ops must not speak in the epoch in which the keepers act:
 * nobody could tell it from one of their own. A host whose disk was emptied since is no such host. For scenarios that name it.
 */
export class Fenced implements Property {
  readonly id = 'INV-FENCED';
  readonly kinds = [
    'heartbeatAck',
    'getView',
    'prepareOk',
    'startViewChange',
    'doViewChange',
    'recoveryResponse',
  ] as const;
  private readonly report: Report;
  /** Head of each replica's log when it was last seen. */
  private readonly heads: Map<number, number>;
  private readonly holders: Set<number>;
  private keepers: readonly number[];
  /** Epoch in which the keepers act; -1 before a loss, and until one of them is seen after it. */
  private epoch: number;

  constructor(report: Report) {
    this.report = report;
    this.heads = new Map();
    this.holders = new Set();
    this.keepers = [];
    this.epoch = -1;
  }

  onState(now: ReplicaObservation): void {
    const { replica } = now;
    if (now.mustRecover) this.holders.delete(replica);
    else if (now.status === 'normal') this.heads.set(replica, now.op);
    if (this.keepers.includes(replica)) this.epoch = Math.max(this.epoch, now.epoch);
  }

  onSend(from: number, to: number, message: VsrMessage): void {
    if (!this.holders.has(from) || message.epoch !== this.epoch) return;
    this.report(this.id, 'holder-of-lost-ops-speaks', { replica: from, to, kind: message.kind, epoch: message.epoch });
  }

  onDeclaredLoss(op: number, keepers: readonly number[]): void {
    this.keepers = keepers;
    this.epoch = -1;
    for (const [replica, head] of this.heads) if (head > op && !keepers.includes(replica)) this.holders.add(replica);
  }
}
