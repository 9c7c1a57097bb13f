/**
 * Reads a recorded history of a key-value store, one map in EDN's notation a line:
 *
 *     {:process 9, :type :invoke, :f :append, :key "0", :value "x 9 0 y"}
 *
 * `:type` is `:invoke`, `:ok`, `:fail` or `:info`; `:f` is `:get`, `:put`, `:append`, `:cas` (value `["from" "to"]`) or
 * `:delete` (value `nil`). The recorded histories use the first three. Line numbers serve as real time, and a key that
 * was never written reads as the empty string. What the events mean for the search:
 *
 * - a get that failed, ended with `:info` or never came back has seen nothing and is left out;
 * - a `:fail` of a cas with its arguments is an answer (the key held another value); any other `:fail` says that the
 *   operation never took effect, and it is left out;
 * - whatever else ended with `:info` or is still open at the end is unknown.
 */
import {
  byCall,
  fault,
  type HistoryFault,
  type HistoryReader,
  integer,
  type KvOperation,
  notOpen,
  quote,
  type RecordedHistory,
  stillOpen,
} from './history-record.ts';
import type { KvInput, KvOutput } from './models/kv.ts';
import { NEVER_RETURNED } from './sequential-model.ts';

const STRING = '"(?:[^"\\\\]|\\\\.)*"';
const LINE_SHAPE = new RegExp(
  `^\\{:process (\\S+?),? :type :(\\w+),? :f :(\\w+),? :key (${STRING}),? :value (nil|:\\S+|${STRING}|\\[.*\\])\\}$`,
);
const PAIR_SHAPE = new RegExp(`^\\[(${STRING}),? (${STRING})\\]$`);
const DONE: KvOutput = { kind: 'done' };
const SWAPPED: KvOutput = { kind: 'compared', swapped: true };
const REFUSED: KvOutput = { kind: 'compared', swapped: false };
const NAMES = ['get', 'put', 'append', 'cas', 'delete'] as const;

interface OpenOperation {
  readonly input: KvInput;
  readonly line: number;
  readonly name: KvInput['kind'];
  /** The value of the invocation as it was written. */
  readonly value: string;
}

export function kvTextReader(): HistoryReader {
  const lines = new KvLines();
  return { line: (text, number) => lines.read(text, number), end: () => lines.end() };
}

class KvLines {
  private readonly open = new Map<number, OpenOperation>();
  private readonly operations: KvOperation[] = [];
  /** One string a key: a history has many more operations than keys. */
  private readonly keys = new Map<string, string>();

  read(text: string, line: number): HistoryFault | undefined {
    const match = LINE_SHAPE.exec(text);
    if (match === null) {
      return fault(
        'not a line of a key-value history',
        'write {:process 0, :type :invoke, :f :put, :key "k", :value "v"} with :type :invoke, :ok, :fail or :info',
      );
    }
    const [, processText, type, name, keyText, value] = match as unknown as [string, ...string[]];
    if (processText === ':nemesis') return undefined;
    const process = integer(processText!);
    if (process === undefined || process < 0) {
      return fault(`process ${quote(processText!)} is not a number`, 'give processes as 0, 1, 2, ...');
    }
    const kind = NAMES.find((each) => each === name);
    if (kind === undefined) {
      return fault(`unknown operation :${name}`, 'a store has :get, :put, :append, :cas and :delete');
    }
    const key = unescaped(keyText!);
    if (key === undefined)
      return fault(`:key ${quote(keyText!)} is no string`, 'write a key as "k", escapes as in JSON');
    const pending = this.open.get(process);
    switch (type) {
      case 'invoke':
        if (pending !== undefined) return stillOpen(process, pending.name, pending.line);
        return this.invoke(process, kind, key, value!, line);
      case 'ok':
      case 'fail':
      case 'info':
        if (pending === undefined || pending.name !== kind) return notOpen(process, type, kind, pending);
        this.open.delete(process);
        return this.complete(process, type, key, value!, pending, line);
      default:
        return fault(`unknown :type :${type}`, 'a :type is :invoke, :ok, :fail or :info');
    }
  }

  end(): RecordedHistory {
    for (const [process, pending] of this.open) this.leaveUnknown(process, pending);
    this.operations.sort(byCall);
    return { kind: 'history', format: 'kv-text', model: 'kv', operations: this.operations, absent: '' };
  }

  private invoke(
    process: number,
    kind: KvInput['kind'],
    keyText: string,
    value: string,
    line: number,
  ): HistoryFault | undefined {
    let key = this.keys.get(keyText);
    if (key === undefined) {
      key = keyText;
      this.keys.set(key, key);
    }
    const input = parseInput(kind, key, value);
    if (input.kind === 'fault') return input;
    this.open.set(process, { input, line, name: kind, value });
    return undefined;
  }

  private complete(
    process: number,
    type: 'ok' | 'fail' | 'info',
    key: string,
    value: string,
    pending: OpenOperation,
    line: number,
  ): HistoryFault | undefined {
    const { input } = pending;
    const same = value === pending.value;
    if (key !== input.key || (type === 'ok' && input.kind !== 'get' && !same)) {
      return fault(
        `the :${input.kind} of line ${pending.line} is completed with other arguments: ${quote(`${key} ${value}`)}`,
        'repeat :key and :value of the :invoke line',
      );
    }
    if (type === 'info') this.leaveUnknown(process, pending);
    else if (type === 'ok') {
      const output = parseOutput(input, value);
      if (output.kind === 'fault') return output;
      this.operations.push({ process, input, output, callSeq: pending.line, returnSeq: line });
    } else if (input.kind === 'cas' && same) {
      this.operations.push({ process, input, output: REFUSED, callSeq: pending.line, returnSeq: line });
    }
    return undefined;
  }

  private leaveUnknown(process: number, { input, line }: OpenOperation): void {
    if (input.kind === 'get') return;
    this.operations.push({ process, input, output: undefined, callSeq: line, returnSeq: NEVER_RETURNED });
  }
}

function parseInput(kind: KvInput['kind'], key: string, value: string): KvInput | HistoryFault {
  switch (kind) {
    case 'get':
    case 'delete':
      return value === 'nil' ? { kind, key } : fault(`:${kind} is invoked with ${quote(value)}`, 'invoke it with nil');
    case 'put':
    case 'append': {
      const written = unescaped(value);
      return written === undefined
        ? fault(`:${kind} is invoked with ${quote(value)}`, 'give a string, such as "v"')
        : { kind, key, value: written };
    }
    case 'cas': {
      const [, fromText, toText] = PAIR_SHAPE.exec(value) ?? [];
      const from = unescaped(fromText ?? '');
      const to = unescaped(toText ?? '');
      return from === undefined || to === undefined
        ? fault(`:cas is invoked with ${quote(value)}`, 'give two strings, such as ["from" "to"]')
        : { kind, key, from, to };
    }
  }
}

function parseOutput(input: KvInput, value: string): KvOutput | HistoryFault {
  if (input.kind === 'cas') return SWAPPED;
  if (input.kind !== 'get') return DONE;
  const seen = unescaped(value);
  return seen === undefined
    ? fault(`:get returned ${quote(value)}`, 'a get returns a string')
    : { kind: 'value', value: seen };
}

/** The string that a quoted text stands for; a fresh one that does not keep its line in memory. */
function unescaped(text: string): string | undefined {
  if (!text.startsWith('"')) return undefined;
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}
