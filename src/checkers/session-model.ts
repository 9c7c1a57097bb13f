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

/** Entries that can be taken back: a power of two. */
const UNDO_OPS = 1024;
const UNDO = { op: 0, client: 1, sessionOp: 2, request: 3, evicted: 4, evictedOp: 5, evictedRequest: 6 } as const;
const COLUMNS = 7;

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
  /** What the newest entries changed, {@link UNDO} columns each, to take them back when they are declared lost. */
  private readonly changes: Float64Array;

  constructor(sessionsMax: number) {
    this.sessionsMax = sessionsMax;
    this.table = new Map();
    this.changes = new Float64Array(UNDO_OPS * COLUMNS).fill(-1);
  }

  /** Takes the next committed entry; returns one of {@link EFFECT}. */
  next(prepare: Prepare): number {
    const { client } = prepare;
    const base = (prepare.op & (UNDO_OPS - 1)) * COLUMNS;
    const { changes } = this;
    const session = this.table.get(client);
    changes[base + UNDO.op] = prepare.op;
    changes[base + UNDO.client] = client;
    changes[base + UNDO.sessionOp] = session?.op ?? -1;
    changes[base + UNDO.request] = session?.request ?? -1;
    changes[base + UNDO.evicted] = -1;
    return this.take(prepare);
  }

  /** Takes back the newest entry. Throws when it is too old for that. */
  undo(op: number): void {
    const base = (op & (UNDO_OPS - 1)) * COLUMNS;
    const { changes } = this;
    if (changes[base + UNDO.op] !== op) throw new Error(`a declared loss of more than ${UNDO_OPS} ops is not modelled`);
    changes[base + UNDO.op] = -1;
    const client = changes[base + UNDO.client] as number;
    const sessionOp = changes[base + UNDO.sessionOp] as number;
    if (sessionOp < 0) this.table.delete(client);
    else this.table.set(client, { op: sessionOp, request: changes[base + UNDO.request] as number });
    const evicted = changes[base + UNDO.evicted] as number;
    if (evicted < 0) return;
    const former = {
      op: changes[base + UNDO.evictedOp] as number,
      request: changes[base + UNDO.evictedRequest] as number,
    };
    this.table.set(evicted, former);
  }

  private take(prepare: Prepare): number {
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
    if (this.table.size >= this.sessionsMax) this.evictOldest(op);
    this.table.set(client, { op, request: 0 });
    return EFFECT.executed;
  }

  private evictOldest(op: number): void {
    let oldest = -1;
    let oldestOp = Number.POSITIVE_INFINITY;
    for (const [client, session] of this.table) {
      if (session.op < oldestOp) {
        oldestOp = session.op;
        oldest = client;
      }
    }
    const base = (op & (UNDO_OPS - 1)) * COLUMNS;
    this.changes[base + UNDO.evicted] = oldest;
    this.changes[base + UNDO.evictedOp] = oldestOp;
    this.changes[base + UNDO.evictedRequest] = this.table.get(oldest)?.request ?? 0;
    this.table.delete(oldest);
  }
}
