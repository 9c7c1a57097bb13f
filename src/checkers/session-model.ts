import type { Prepare } from '../cluster/storage/prepare.ts';

/** Operations of the protocol itself, as the log's format numbers them. */
const OPERATION = { root: 0, register: 1, noop: 2 } as const;

/** What a committed entry does to the state, as R13 has it. */
export const EFFECT = {
  /** An entry of the protocol itself: nobody asked for it. */
  own: 0,
  /** Takes effect. */
  executed: 1,
  /** The session has executed this request, or a later one: no effect. */
  duplicate: 2,
  /** The session does not exist, or not any more: no effect. */
  sessionless: 3,
} as const;

interface Session {
  /** Op that was executed last, the registration at first. */
  op: number;
  request: number;
}

/**
 * The client table as it ought to be, computed from the committed log alone: registration is an entry, a full table
 * evicts the session whose latest request was executed longest ago (R13). Independent of the cluster's own table.
 */
export class SessionModel {
  private readonly sessionsMax: number;
  private readonly table: Map<number, Session>;

  constructor(sessionsMax: number) {
    this.sessionsMax = sessionsMax;
    this.table = new Map();
  }

  /** Takes the next committed entry; returns one of {@link EFFECT}. */
  next(prepare: Prepare): number {
    const { operation, client } = prepare;
    if (operation === OPERATION.root || operation === OPERATION.noop) return EFFECT.own;
    if (operation === OPERATION.register) return this.register(client, prepare.op);
    if (client === 0) return EFFECT.executed;
    const session = this.table.get(client);
    if (session === undefined) return EFFECT.sessionless;
    if (session.request >= prepare.request) return EFFECT.duplicate;
    session.request = prepare.request;
    session.op = prepare.op;
    return EFFECT.executed;
  }

  private register(client: number, op: number): number {
    if (this.table.has(client)) return EFFECT.duplicate;
    if (this.table.size >= this.sessionsMax) this.evictOldest();
    this.table.set(client, { op, request: 0 });
    return EFFECT.executed;
  }

  private evictOldest(): void {
    let oldest = -1;
    let oldestOp = Number.POSITIVE_INFINITY;
    for (const [client, session] of this.table) {
      if (session.op < oldestOp) {
        oldestOp = session.op;
        oldest = client;
      }
    }
    this.table.delete(oldest);
  }
}
