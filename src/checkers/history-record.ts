/** What readers of recorded histories share: what they give, and how they say what is wrong. */
import type { AppendLogInput, LogHead } from './models/append-log.ts';
import type { KvInput, KvOutput, KvValue } from './models/kv.ts';
import type { RegisterInput, RegisterOutput } from './models/register.ts';
import type { Operation } from './sequential-model.ts';

/** An operation that remembers which process (or client) ran it. */
export interface RecordedOperation<Input, Output> extends Operation<Input, Output> {
  readonly process: number;
}

/** An operation on one of several append-only streams; `eventId` stands for the event. */
export type LogInput = AppendLogInput<number> & { readonly key: string };

/** The models of recorded histories. */
export const HISTORY_MODELS = ['register', 'kv', 'log'] as const;
export type HistoryModel = (typeof HISTORY_MODELS)[number];

/** The forms in which histories are recorded; docs/histories.md describes them. */
export type HistoryFormat = 'jepsen' | 'kv-text' | 'firedrill';

export type RegisterOperation = RecordedOperation<RegisterInput, RegisterOutput>;
export type KvOperation = RecordedOperation<KvInput, KvOutput>;
export type LogOperation = RecordedOperation<LogInput, LogHead>;

/**
 * A history in call order. `callSeq` and `returnSeq` are line numbers in the recorded text formats (the first line is 1)
 * and the recorder's own numbers in ours.
 */
export type RecordedHistory = { readonly kind: 'history'; readonly format: HistoryFormat } & (
  | { readonly model: 'register'; readonly operations: readonly RegisterOperation[] }
  | { readonly model: 'kv'; readonly operations: readonly KvOperation[]; readonly absent: KvValue }
  | { readonly model: 'log'; readonly operations: readonly LogOperation[] }
);

/** What is wrong with a history and what to do; the line, where it is not the one just read. */
export interface HistoryFault {
  readonly kind: 'fault';
  readonly problem: string;
  readonly remedy: string;
  /** 0: the whole history is meant. */
  readonly line?: number;
}

/** Reads one format, line by line, so that a history may be larger than memory holds as text. */
export interface HistoryReader {
  /** Takes the next line without its end; `number` counts from 1. Blank lines are not handed in. */
  line(text: string, number: number): HistoryFault | undefined;
  /** After the last line. */
  end(): RecordedHistory | HistoryFault;
}

const TEXT_LENGTH_MAX = 120;
const INTEGER_SHAPE = /^-?\d+$/;

export function fault(problem: string, remedy: string): HistoryFault {
  return { kind: 'fault', problem, remedy };
}

/** Quotes a piece of a file so that control characters show, and shortens it. */
export function quote(text: string): string {
  return JSON.stringify(text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}...` : text);
}

/** A decimal integer below 2^53; undefined for anything else. */
export function integer(text: string): number | undefined {
  if (!INTEGER_SHAPE.test(text)) return undefined;
  const value = Number(text);
  // `+ 0` turns -0 into 0, which is another key for Object.is and the same value for a register.
  return Number.isSafeInteger(value) ? value + 0 : undefined;
}

/** The first of several operations by their calls, for `sort`. */
export function byCall(a: Operation<unknown, unknown>, b: Operation<unknown, unknown>): number {
  return a.callSeq - b.callSeq;
}

/** A process that begins an operation while another one of its own is open. */
export function stillOpen(process: number, name: string, line: number): HistoryFault {
  return fault(
    `process ${process} has not finished the :${name} of line ${line}`,
    'a process runs one operation at a time: add the missing completion, or use another process number',
  );
}

/** A completion that fits no open operation of its process. */
export function notOpen(
  process: number,
  event: string,
  name: string,
  open: { readonly name: string; readonly line: number } | undefined,
): HistoryFault {
  const has = open === undefined ? 'no open operation' : `an open :${open.name} (line ${open.line})`;
  return fault(
    `:${event} of a :${name}, but process ${process} has ${has}`,
    `add the ':invoke :${name}' line that this one completes, or remove it`,
  );
}
