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
import {
  byCall,
  fault,
  type HistoryFault,
  type HistoryReader,
  integer,
  notOpen,
  quote,
  type RecordedHistory,
  type RegisterOperation,
  stillOpen,
} from './history-record.ts';
import type { RegisterInput, RegisterOutput } from './models/register.ts';
import { NEVER_RETURNED } from './sequential-model.ts';

const LINE_SHAPE = /^INFO\s+jepsen\.util - (\S+)\s+:(invoke|ok|fail|info)\s+:(\S+)\s+(\S.*)$/;
const PROCESS_SHAPE = /^\d+$/;
const PAIR_SHAPE = /^\[(-?\d+) (-?\d+)\]$/;
const TIMED_OUT = ':timed-out';

type OpenOperation = { readonly input: RegisterInput; readonly line: number; readonly name: string };

/** Reads a register history. Lines of the `:nemesis` process are passed over. */
export function jepsenReader(): HistoryReader {
  const open = new Map<number, OpenOperation>();
  const operations: RegisterOperation[] = [];
  return {
    line: (text, number) => readLine(text, number, open, operations),
    end: (): RecordedHistory => {
      for (const [process, { input, line }] of open) {
        if (input.kind !== 'read') operations.push(unknownOperation(process, input, line));
      }
      operations.sort(byCall);
      return { kind: 'history', format: 'jepsen', model: 'register', operations };
    },
  };
}

function readLine(
  text: string,
  line: number,
  open: Map<number, OpenOperation>,
  operations: RegisterOperation[],
): HistoryFault | undefined {
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
    if (pending !== undefined) return stillOpen(process, pending.name, pending.line);
    const input = parseInput(name, value);
    if (input.kind === 'fault') return input;
    open.set(process, { input, line, name });
    return undefined;
  }
  if (pending === undefined || pending.name !== name) return notOpen(process, event, name, pending);
  open.delete(process);
  const operation = complete(process, event, value, pending, line);
  if (operation === undefined) return undefined;
  if (operation.kind === 'fault') return operation;
  operations.push(operation.operation);
  return undefined;
}

type Completed = { readonly kind: 'operation'; readonly operation: RegisterOperation };

/** What a completion adds to the history; undefined for an operation that never happened. */
function complete(
  process: number,
  event: string,
  value: string,
  pending: OpenOperation,
  line: number,
): Completed | HistoryFault | undefined {
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

function parseInput(name: 'read' | 'write' | 'cas', value: string): RegisterInput | HistoryFault {
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

function disagrees(pending: OpenOperation, value: string): HistoryFault {
  return fault(
    `the :${pending.name} of line ${pending.line} is completed with other arguments: ${quote(value)}`,
    'repeat the arguments of the :invoke line',
  );
}

function unknownOperation(process: number, input: RegisterInput, line: number): RegisterOperation {
  return { process, input, output: undefined, callSeq: line, returnSeq: NEVER_RETURNED };
}
