import type { Header } from '../storage/prepare.ts';
import type { LogSuffix } from './message.ts';
import type { Replica } from './replica.ts';

/**
 * What this replica's log looks like above its checkpoint: known headers, which entries it holds, and which ops it can
 * prove that it never acknowledged. A slot that is faulty proves nothing (R7): neither bit is set. The suffix reaches
 * beyond the head as far as a faulty slot may stand for an op there.
 */
export function describeLog(r: Replica): LogSuffix {
  const first = r.checkpointOp + 1;
  let last = r.op;
  for (let slot = 0; slot < r.journal.slotCount; slot++) {
    if (r.journal.faulty[slot] === 1) last = Math.max(last, r.journal.faultyOps[slot] as number);
  }
  const count = Math.max(0, last - first + 1);
  const headers: (Header | null)[] = new Array(count).fill(null);
  const present = new Uint8Array(count);
  const nack = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    const op = first + index;
    const header = op <= r.op ? r.journal.header(op) : null;
    headers[index] = header;
    if (header !== null && r.journal.entry(op) !== null) present[index] = 1;
    // Below the head an op without a header lies outside what this replica was told of its log: it proves nothing.
    else if (header === null && op <= r.op) continue;
    else if (!r.journal.isFaulty(op) || r.config.rules.faultyDenies()) nack[index] = 1;
  }
  return { first, headers, present, nack };
}

/** The log of a normal view, for those who join it. */
export function logOfView(r: Replica): LogSuffix {
  const first = r.checkpointOp + 1;
  const headers: (Header | null)[] = [];
  for (let op = first; op <= r.op; op++) headers.push(r.journal.header(op));
  return { first, headers, present: new Uint8Array(0), nack: new Uint8Array(0) };
}
