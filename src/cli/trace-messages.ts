import type { TraceMessage } from '../report/trace-model.ts';
import { RECORD, type TraceRecord } from '../sim/trace.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Messages of a trace, and for each record the message that it sends, delivers or drops (-1: none). */
export interface TraceMessages {
  readonly messages: readonly TraceMessage[];
  readonly messageOf: readonly number[];
}

/**
 * Pairs sends with deliveries and drops by link, kind of message and digest of its content, the oldest first. Two equal
 * messages on one link cannot be told apart by anything, so it does not matter which of them is taken.
 */
export function traceMessages(records: readonly TraceRecord[]): TraceMessages {
  const messages: Writable<TraceMessage>[] = [];
  const waiting = new Map<string, Writable<TraceMessage>[]>();
  const latest = new Map<string, TraceMessage>();
  const messageOf = records.map((record): number => {
    const ends = endsOf(record);
    if (ends === null) return -1;
    const { key, from, to, words } = ends;
    const list = waiting.get(key) ?? [];
    waiting.set(key, list);
    if (record.kind === RECORD.send) {
      const sent = open(messages.length, from, to, words, record);
      messages.push(sent);
      list.push(sent);
      latest.set(key, sent);
      return sent.id;
    }
    const message = take(list, record) ?? again(messages, latest.get(key) ?? open(-1, from, to, words, record));
    message.endUs = record.atUs;
    message.endIndex = record.index;
    message.fate = record.kind === RECORD.drop ? 'dropped' : 'delivered';
    if (record.kind === RECORD.drop) message.cause = record.text.slice(0, record.text.indexOf(': '));
    return message.id;
  });
  return { messages, messageOf };
}

interface Ends {
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly words: string;
}

function endsOf({ kind, host, a, b, c, text }: TraceRecord): Ends | null {
  if (kind === RECORD.deliver) return { key: `${a} ${host} ${b} ${c}`, from: a, to: host, words: text };
  if (kind !== RECORD.send && kind !== RECORD.drop) return null;
  const to = Math.floor(a / 256);
  const words = text.slice(text.indexOf(' ', text.indexOf('->')) + 1);
  return { key: `${host} ${to} ${a % 256} ${c}`, from: host, to, words };
}

function open(
  id: number,
  from: number,
  to: number,
  words: string,
  { atUs, index }: TraceRecord,
): Writable<TraceMessage> {
  const kind = words.split(' ', 1)[0] ?? words;
  const detail = words.slice(kind.length).trimStart();
  return {
    id,
    from,
    to,
    sentUs: atUs,
    endUs: -1,
    fate: 'open',
    cause: '',
    kind,
    detail,
    sentIndex: index,
    endIndex: -1,
  };
}

/** A packet that is dropped as it is sent is the newest; any other end belongs to the oldest that is under way. */
function take(list: Writable<TraceMessage>[], { kind, atUs, index }: TraceRecord): Writable<TraceMessage> | undefined {
  const newest = list.at(-1);
  const atOnce =
    kind === RECORD.drop && newest !== undefined && newest.sentUs === atUs && index - newest.sentIndex <= 1;
  return atOnce ? list.pop() : list.shift();
}

/** A second arrival of a packet that the network doubled. */
function again(messages: Writable<TraceMessage>[], first: TraceMessage): Writable<TraceMessage> {
  const copy = { ...first, id: messages.length };
  messages.push(copy);
  return copy;
}
