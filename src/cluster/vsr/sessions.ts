/** One client's session (Liskov & Cowling 2012, section 3: the client table). */
export interface Session {
  readonly client: number;
  /** Op number of the registration: the session's number. */
  readonly session: number;
  /** Highest request executed. */
  request: number;
  /** Op that executed it, and its timestamp. */
  op: number;
  timestampUs: number;
  /** The reply to it. */
  reply: Uint8Array;
}

/**
 * The client table: part of the replicated state, so that every replica gives the same answer to a retry. When it is
 * full, a registration evicts the session whose latest request committed longest ago (R13).
 */
export class Sessions {
  readonly max: number;
  readonly table: Map<number, Session>;

  constructor(max: number) {
    this.max = max;
    this.table = new Map();
  }

  get(client: number): Session | null {
    return this.table.get(client) ?? null;
  }

  /** Enters a client at the op that registers it; returns the evicted client, or -1. */
  register(client: number, op: number, timestampUs: number, reply: Uint8Array): number {
    let evicted = -1;
    if (!this.table.has(client) && this.table.size >= this.max) {
      let oldest = Number.MAX_SAFE_INTEGER;
      for (const session of this.table.values()) {
        if (session.op < oldest) {
          oldest = session.op;
          evicted = session.client;
        }
      }
      this.table.delete(evicted);
    }
    this.table.set(client, { client, session: op, request: 0, op, timestampUs, reply });
    return evicted;
  }

  /** The session whose request was executed last, or null for an empty table. */
  newest(): Session | null {
    let newest: Session | null = null;
    for (const session of this.table.values()) if (newest === null || session.op > newest.op) newest = session;
    return newest;
  }

  clear(): void {
    this.table.clear();
  }

  /** Bytes of the table, in order of client number so that equal tables have equal bytes. */
  encode(): Uint8Array {
    const sessions = [...this.table.values()].sort((left, right) => left.client - right.client);
    let size = 4;
    for (const session of sessions) size += 32 + session.reply.length;
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, sessions.length, true);
    let at = 4;
    for (const session of sessions) {
      view.setUint32(at, session.client, true);
      view.setUint32(at + 4, session.session, true);
      view.setUint32(at + 8, session.request, true);
      view.setUint32(at + 12, session.op, true);
      view.setUint32(at + 16, session.timestampUs >>> 0, true);
      view.setUint32(at + 20, Math.floor(session.timestampUs / 4_294_967_296), true);
      view.setUint32(at + 24, session.reply.length, true);
      bytes.set(session.reply, at + 32);
      at += 32 + session.reply.length;
    }
    return bytes;
  }

  /** Replaces the table by an encoded one; returns the number of bytes read. */
  decode(bytes: Uint8Array): number {
    this.table.clear();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = view.getUint32(0, true);
    let at = 4;
    for (let index = 0; index < count; index++) {
      const length = view.getUint32(at + 24, true);
      const client = view.getUint32(at, true);
      this.table.set(client, {
        client,
        session: view.getUint32(at + 4, true),
        request: view.getUint32(at + 8, true),
        op: view.getUint32(at + 12, true),
        timestampUs: view.getUint32(at + 16, true) + view.getUint32(at + 20, true) * 4_294_967_296,
        reply: bytes.slice(at + 32, at + 32 + length),
      });
      at += 32 + length;
    }
    return at;
  }
}
