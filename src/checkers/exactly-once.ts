import type { Prepare } from '../cluster/storage/prepare.ts';
import type { VsrMessage } from '../cluster/vsr/message.ts';
import type { CommittedOps } from './committed-ops.ts';
import type { GroundTruth, Property, Report } from './property.ts';
import { EFFECT } from './session-model.ts';

const CLIENTS_MAX = 4096;

interface LastReply {
  request: number;
  digest: number;
}

/**
 * INV-EXACTLY-ONCE (R13): in the committed order a request takes effect at most once, and only in a session that exists,
 * by the client table as computed from the log alone; all replies to one request are the same bytes and name the op
 * that holds it.
 *
 * A replica tells that an entry had no effect by an empty reply, whose digest is 0.
 */
export class ExactlyOnce implements Property {
  readonly id = 'INV-EXACTLY-ONCE';
  readonly kinds = ['reply'] as const;
  private readonly replicaCount: number;
  private readonly committed: CommittedOps;
  private readonly report: Report;
  private readonly replies: Map<number, LastReply>;

  constructor(truth: GroundTruth, committed: CommittedOps, report: Report) {
    this.replicaCount = truth.replicaCount;
    this.committed = committed;
    this.report = report;
    this.replies = new Map();
  }

  onApply(replica: number, incarnation: number, prepare: Prepare, _0: number, _1: number, replyDigest: number): void {
    const { committed } = this;
    const { op, client, request } = prepare;
    if (replyDigest === 0 || !committed.contains(op) || committed.isLost(replica, op)) return;
    const effect = committed.effect[committed.slot(op)] as number;
    if (effect === EFFECT.executed || effect === EFFECT.own) return;
    const site = effect === EFFECT.duplicate ? 'executed-again' : 'executed-without-session';
    this.report(this.id, site, { replica, incarnation, op, client, request });
  }

  onSend(from: number, _to: number, message: VsrMessage): void {
    if (message.kind !== 'reply' || from >= this.replicaCount) return;
    this.judgeOp(from, message);
    const { client, request } = message;
    // A registration that a late duplicate repeats after an eviction opens another session; its number is its reply.
    if (request === 0) return;
    const digest = digestOf(message.body, message.op);
    const known = this.replies.get(client);
    if (known === undefined) {
      this.replies.set(client, { request, digest });
      if (this.replies.size > CLIENTS_MAX) this.forgetOldest();
      return;
    }
    if (request < known.request) return;
    if (request === known.request && digest !== known.digest) {
      this.report(this.id, 'replies-differ', { replica: from, client, request, op: message.op });
    }
    known.request = request;
    known.digest = digest;
  }

  /** Which replies were for lost ops is not kept: all clients begin again, each with its next reply. */
  onDeclaredLoss(): void {
    this.replies.clear();
  }

  private judgeOp(from: number, message: VsrMessage): void {
    const { committed } = this;
    const { op, client, request } = message;
    if (!committed.contains(op)) return;
    const slot = committed.slot(op);
    if (committed.client[slot] === client && committed.request[slot] === request) return;
    this.report(this.id, 'reply-names-other-op', { replica: from, op, client, request });
  }

  private forgetOldest(): void {
    for (const client of this.replies.keys()) {
      this.replies.delete(client);
      return;
    }
  }
}

/** FNV-1a over a reply's bytes and its op. */
function digestOf(body: Uint8Array | null, op: number): number {
  let digest = Math.imul(0x811c9dc5 ^ op, 0x01000193);
  if (body === null) return digest;
  for (let at = 0; at < body.length; at++) digest = Math.imul(digest ^ (body[at] as number), 0x01000193);
  return digest ^ body.length;
}
