/** The answer of `check-history` in words, with the counterexample drawn, and as a JSON document. */
import type { HistoryFormat, HistoryModel, RecordedOperation } from '../checkers/history-record.ts';
import type { IllegalPrefix } from '../checkers/linearizability-prefix.ts';
import { type ModelKey, NEVER_RETURNED } from '../checkers/sequential-model.ts';
import { type TimelineBar, timeline } from '../report/timeline.ts';
import type { Words } from './check-history-words.ts';

type AnyOperation = RecordedOperation<unknown, unknown>;

/** Operations of the best order that are listed. */
const SHOWN_OPERATIONS = 8;
/** Characters of a value that the text shows; the JSON document has all of them. */
const VALUE_LENGTH_MAX = 200;

/** A history with its verdict, as the report needs it. */
export interface Judged {
  readonly file: string;
  readonly format: HistoryFormat;
  readonly model: HistoryModel;
  readonly operations: readonly RecordedOperation<unknown, unknown>[];
  readonly verdict: 'linearizable' | 'illegal' | 'unknown';
  /** Why it is unknown. */
  readonly reason: 'steps' | 'memory' | 'stopped' | '';
  readonly stepsUsed: number;
  readonly key: ModelKey | undefined;
  /** Present for an illegal one. */
  readonly prefix: IllegalPrefix<unknown> | undefined;
  readonly words: Words<unknown, unknown, unknown>;
}

export function textReport(judged: Judged): string[] {
  const { file, operations, stepsUsed, verdict } = judged;
  const size = `${counted(operations.length)}, ${countUnknown(operations)} of unknown outcome`;
  const effort = `${stepsUsed} search steps`;
  switch (verdict) {
    case 'linearizable':
      return [`${file}: linearizable (${size}, ${effort})`];
    case 'illegal':
      return [`${file}: NOT linearizable (${size}, ${effort})`, ...counterexample(judged, judged.prefix!)];
    case 'unknown':
      return [`${file}: unknown (${size}): ${limitText(judged.reason)} after ${effort}`];
  }
}

/** `prefix` is the counterexample's part of the history as it was known when it ended. */
export function jsonReport(judged: Judged): object {
  const { file, model, format, operations, stepsUsed, verdict, prefix } = judged;
  const common = { file, model, format, operations: operations.length, unknownOperations: countUnknown(operations) };
  switch (verdict) {
    case 'linearizable':
      return { linearizable: true, ...common, stepsUsed };
    case 'illegal':
      return { linearizable: false, ...common, stepsUsed, counterexample: counterexampleJson(judged, prefix!) };
    case 'unknown':
      return { linearizable: 'unknown', ...common, stepsUsed, reason: judged.reason };
  }
}

function counterexampleJson(judged: Judged, prefix: IllegalPrefix<unknown>): object {
  const { endSeq, shortest, indices, order, state, blocked } = prefix;
  const placeOf = placesOf(order);
  const described = (index: number): object => {
    const operation = asOf(judged.operations[index]!, endSeq);
    const { process, input, output, callSeq, returnSeq } = operation;
    return {
      client: process,
      operation: judged.words.operation(operation),
      call: callSeq,
      return: Number.isFinite(returnSeq) ? returnSeq : null,
      place: placeOf.get(index) ?? null,
      input,
      output: output ?? null,
    };
  };
  return {
    key: judged.key ?? null,
    positions: positionWord(judged),
    shortest,
    endsAt: endSeq,
    operations: indices.map(described),
    state,
    blocked: described(blocked),
  };
}

function counterexample(judged: Judged, prefix: IllegalPrefix<unknown>): string[] {
  const { words, key } = judged;
  const { indices, order, endSeq, shortest, blocked, state } = prefix;
  const placeOf = placesOf(order);
  const whose = key === undefined ? 'This history: ' : `Key ${JSON.stringify(key)}: `;
  const what = shortest ? 'the shortest part that no order explains' : 'a part that no order explains';
  const rest = shortest ? '' : ' (the limits ended the search for a shorter one)';
  const bars = indices.map((index) => bar(judged, prefix, index, placeOf.get(index)));
  const { lines, hidden } = timeline(bars);
  return [
    `  ${whose}${what}`,
    `  has ${counted(indices.length)} and ends at ${positionWord(judged)} ${endSeq}${rest}:`,
    '',
    ...lines.map((line) => `  ${line}`),
    '',
    '  | call and return  > not answered yet  < called earlier  12: place in the best order  ! does not fit',
    ...(hidden === 0 ? [] : [`  Not drawn: ${counted(hidden)} from before; --json lists them all.`]),
    '',
    ...orderText(judged, order, endSeq),
    `  Then ${words.subject} holds ${cut(words.state(state))}, and this does not fit:`,
    `    ${placeText(judged, blocked, endSeq)}`,
  ];
}

function orderText(judged: Judged, order: readonly number[], endSeq: number): string[] {
  if (order.length === 0) return ['  No operation can stand first.'];
  const shown = order.slice(-SHOWN_OPERATIONS);
  const hidden = order.length - shown.length;
  return [
    `  The best order places ${counted(order.length)}${hidden > 0 ? `; its last ${shown.length} are` : ''}:`,
    ...shown.map((index, at) => `    ${hidden + at + 1}: ${placeText(judged, index, endSeq)}`),
  ];
}

function bar(
  { operations, words }: Judged,
  { endSeq, blocked }: IllegalPrefix<unknown>,
  index: number,
  place: number | undefined,
): TimelineBar {
  const operation = asOf(operations[index]!, endSeq);
  return {
    client: `client ${operation.process}`,
    text: `${place === undefined ? '' : `${place}: `}${words.operation(operation)}`,
    callSeq: operation.callSeq,
    returnSeq: Number.isFinite(operation.returnSeq) ? operation.returnSeq : null,
    marked: index === blocked,
  };
}

/** What was known of an operation at `endSeq`: of one that returned later, that it was called. */
function asOf(operation: AnyOperation, endSeq: number): AnyOperation {
  return operation.returnSeq <= endSeq ? operation : { ...operation, output: undefined, returnSeq: NEVER_RETURNED };
}

/** Places in the order, counted from 1. */
function placesOf(order: readonly number[]): Map<number, number> {
  return new Map(order.map((index, at) => [index, at + 1]));
}

function positionWord({ format }: Judged): string {
  return format === 'firedrill' ? 'position' : 'line';
}

function placeText(judged: Judged, index: number, endSeq: number): string {
  const operation = asOf(judged.operations[index]!, endSeq);
  const { process, callSeq, returnSeq } = operation;
  const word = positionWord(judged);
  const end = Number.isFinite(returnSeq) ? `answered at ${word} ${returnSeq}` : 'not answered by then';
  return `${cut(judged.words.operation(operation))}  (client ${process}, called at ${word} ${callSeq}, ${end})`;
}

function cut(text: string): string {
  if (text.length <= VALUE_LENGTH_MAX) return text;
  const half = VALUE_LENGTH_MAX / 2;
  return `${text.slice(0, half)} .. ${text.slice(text.length - half)}`;
}

function limitText(reason: Judged['reason']): string {
  switch (reason) {
    case 'steps':
      return 'the step limit was reached';
    case 'memory':
      return 'the memory limit of the search was reached';
    case 'stopped':
      return 'the time given by --seconds was over';
    case '':
      return 'no limit was reached';
  }
}

/** Operations of unknown outcome. */
function countUnknown(operations: readonly AnyOperation[]): number {
  let count = 0;
  for (const { returnSeq } of operations) if (returnSeq === NEVER_RETURNED) count += 1;
  return count;
}

function counted(operations: number): string {
  return operations === 1 ? '1 operation' : `${operations} operations`;
}
