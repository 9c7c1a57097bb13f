/**
 * Reads a recorded history of one register in the log format of Jepsen's etcd test:
 *
 *     INFO  jepsen.util - 3<TAB>:invoke<TAB>:cas<TAB>[1 4]
 *
 * that is process, event (`:invoke`, `:ok`, `:fail`, `:info`), operation (`:read`, `:write`, `:cas`) and value. Line
 * numbers serve as real time. What the events mean for the search:
 *
 * - a read that failed, timed out or never came back has seen nothing and is left out;
 * - a `:fail` of a compare-and-set with its arguments is an answer (the register held another value); any other `:fail`
 *   of a write or compare-and-set says that it never took effect, and it is left out;
 * - a write or compare-and-set that timed out, ended with `:info` or is still open at the end is unknown.
 */
import type { RegisterInput, RegisterOutput } from './models/register.ts';
import { NEVER_RETURNED, type Operation } from './sequential-model.ts';

/** An operation that remembers where it stands; `callSeq` and `returnSeq` are line numbers (the first line is 1). */
export interface RecordedOperation extends Operation<RegisterInput, RegisterOutput> {
  readonly process: number;
}

export type HistoryParse =
  | { readonly kind: 'history'; readonly operations: readonly RecordedOperation[] }
  | { readonly kind: 'malformed'; readonly error: HistoryError };

/** What is wrong with a history: `line` counts from 1 and is 0 when the whole text is meant. */
export interface HistoryError {
  readonly line: number;
  /** The line as it stands, shortened and quoted. */
  readonly text: string;
  readonly problem: string;
  readonly remedy: string;
}

const LINE_SHAPE = /^INFO\s+jepsen\.util - (\S+)\s+:(invoke|ok|fail|info)\s+:(\S+)\s+(\S.*)$/;
const PROCESS_SHAPE = /^\d+$/;
const INTEGER_SHAPE = /^-?\d+$/;
const PAIR_SHAPE = /^\[(-?\d+) (-?\d+)\]$/;
const TIMED_OUT = ':timed-out';
const TEXT_LENGTH_MAX = 120;

/** An error in the making: problem and remedy, the place is added by the caller. */
type Fault = { readonly kind: 'fault'; readonly problem: string; readonly remedy: string };
type OpenOperation = { readonly input: RegisterInput; readonly line: number; readonly name: string };

/** Parses the text of a register history. Blank lines and lines of the `:nemesis` process are passed over. */
export function parseRegisterHistory(text: string): HistoryParse {
  const open = new Map<number, OpenOperation>();
  const operations: RecordedOperation[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at]!.trimEnd();
    if (line === '') continue;
    const fault = readLine(line, at + 1, open, operations);
    if (fault !== undefined) {
      const { problem, remedy } = fault;
      return { kind: 'malformed', error: { line: at + 1, text: quote(line), problem, remedy } };
    }
  }
  for (const [process, { input, line }] of open) {
    if (input.kind !== 'read') operations.push(unknownOperation(process, input, line));
  }
  if (operations.length === 0) {
    const remedy = 'give a Jepsen log with at least one completed :read, :write or :cas';
    return { kind: 'malformed', error: { line: 0, text: '', problem: 'no operation to judge', remedy } };
  }
  operations.sort((a, b) => a.callSeq - b.callSeq);
  return { kind: 'history', operations };
}

function readLine(
  text: string,
  line: number,
  open: Map<number, OpenOperation>,
  operations: RecordedOperation[],
): Fault | undefined {
  const match = LINE_SHAPE.exec(text);
  if (match === null) {
    return fault(
      'not a line of a Jepsen register history',
      "write 'INFO  jepsen.util - PROCESS', then :invoke, :ok, :fail or :info, then :read, :write or :cas, then a value",
    );
  }
  const [, processText, event, name, value] = match as unknown as [string, string, string, string, string];
  if (processText === ':nemesis') return undefined;
  const process = PROCESS_SHAPE.test(processText) ? integer(processText) : undefined;
  if (process === undefined) {
    return fault(`process ${quote(processText)} is not a number`, 'give processes as 0, 1, 2, ...');
  }
  if (name !== 'read' && name !== 'write' && name !== 'cas') {
    return fault(`unknown operation :${name}`, 'a register has :read, :write and :cas');
  }
  const pending = open.get(process);
  if (event === 'invoke') {
    if (pending !== undefined) {
      return fault(
        `process ${process} has not finished the :${pending.name} of line ${pending.line}`,
        'a process runs one operation at a time: add the missing completion, or use another process number',
      );
    }
    const input = parseInput(name, value);
    if (input.kind === 'fault') return input;
    open.set(process, { input, line, name });
    return undefined;
  }
  if (pending === undefined || pending.name !== name) {
    const has = pending === undefined ? 'no open operation' : `an open :${pending.name} (line ${pending.line})`;
    return fault(
      `:${event} of a :${name}, but process ${process} has ${has}`,
      `add the ':invoke :${name}' line that this one completes, or remove it`,
    );
  }
  open.delete(process);
  const operation = complete(process, event, value, pending, line);
  if (operation === undefined) return undefined;
  if (operation.kind === 'fault') return operation;
  operations.push(operation.operation);
  return undefined;
}

type Completed = { readonly kind: 'operation'; readonly operation: RecordedOperation };

/** What a completion adds to the history; undefined for an operation that never happened. */
function complete(
  process: number,
  event: string,
  value: string,
  pending: OpenOperation,
  line: number,
): Completed | Fault | undefined {
  const { input } = pending;
  const completed = (output: RegisterOutput): Completed => ({
    kind: 'operation',
    operation: { process, input, output, callSeq: pending.line, returnSeq: line },
  });
  if (event === 'ok') {
    if (input.kind === 'read') {
      if (value === 'nil') return completed({ kind: 'value', value: null });
      const seen = integer(value);
      if (seen === undefined) return fault(`:read returned ${quote(value)}`, 'a read returns an integer or nil');
      return completed({ kind: 'value', value: seen });
    }
    if (!sameArguments(input, value)) return disagrees(pending, value);
    return completed(input.kind === 'write' ? { kind: 'written' } : { kind: 'compared', swapped: true });
  }
  if (input.kind === 'read') return undefined;
  if (event === 'info' || value === TIMED_OUT) {
    return { kind: 'operation', operation: unknownOperation(process, input, pending.line) };
  }
  if (input.kind === 'write') return undefined;
  if (sameArguments(input, value)) return completed({ kind: 'compared', swapped: false });
  // A failed compare-and-set with another value is an error report (`:fail :cas :connection-refused`) or a slip.
  return value.startsWith(':') ? undefined : disagrees(pending, value);
}

function parseInput(name: 'read' | 'write' | 'cas', value: string): RegisterInput | Fault {
  if (name === 'read') {
    return value === 'nil' ? { kind: 'read' } : fault(`:read is invoked with ${quote(value)}`, 'invoke reads with nil');
  }
  if (name === 'write') {
    const written = integer(value);
    return written === undefined
      ? fault(`:write is invoked with ${quote(value)}`, 'give an integer below 2^53, such as 3')
      : { kind: 'write', value: written };
  }
  const match = PAIR_SHAPE.exec(value);
  const from = match === null ? undefined : integer(match[1]!);
  const to = match === null ? undefined : integer(match[2]!);
  return from === undefined || to === undefined
    ? fault(`:cas is invoked with ${quote(value)}`, 'give two integers below 2^53, such as [1 4]')
    : { kind: 'cas', from, to };
}

function sameArguments(input: RegisterInput, value: string): boolean {
  switch (input.kind) {
    case 'read':
      return value === 'nil';
    case 'write':
      return integer(value) === input.value;
    case 'cas': {
      const match = PAIR_SHAPE.exec(value);
      return match !== null && integer(match[1]!) === input.from && integer(match[2]!) === input.to;
    }
  }
}

function disagrees(pending: OpenOperation, value: string): Fault {
  return fault(
    `the :${pending.name} of line ${pending.line} is completed with other arguments: ${quote(value)}`,
    'repeat the arguments of the :invoke line',
  );
}

function unknownOperation(process: number, input: RegisterInput, line: number): RecordedOperation {
  return { process, input, output: undefined, callSeq: line, returnSeq: NEVER_RETURNED };
}

function integer(text: string): number | undefined {
  if (!INTEGER_SHAPE.test(text)) return undefined;
  const value = Number(text);
  // `+ 0` turns -0 into 0, which is another key for Object.is and the same value for a register.
  return Number.isSafeInteger(value) ? value + 0 : undefined;
}

/** Quotes a piece of the file so that control characters show, and shortens it. */
function quote(text: string): string {
  return JSON.stringify(text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}...` : text);
}

function fault(problem: string, remedy: string): Fault {
  return { kind: 'fault', problem, remedy };
}
