/** What one operation of our own history form says, by model; see docs/histories.md for the fields. */
import { fault, type HistoryFault, type LogInput, quote } from './history-record.ts';
import type { LogHead } from './models/append-log.ts';
import type { KvInput, KvOutput } from './models/kv.ts';
import type { RegisterInput, RegisterOutput, RegisterValue } from './models/register.ts';

export type JsonRecord = { readonly [name: string]: unknown };

interface Content<Input, Output> {
  readonly kind: 'content';
  readonly input: Input;
  /** Undefined for an operation of unknown outcome. */
  readonly output: Output | undefined;
}

const READ: RegisterInput = { kind: 'read' };
const WRITTEN: RegisterOutput = { kind: 'written' };
const DONE: KvOutput = { kind: 'done' };
const SWAPPED: KvOutput & RegisterOutput = { kind: 'compared', swapped: true };
const REFUSED: KvOutput & RegisterOutput = { kind: 'compared', swapped: false };

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `read` (result: integer or null), `write` (value), `cas` (from, to; result: true or false). */
export function readRegister(
  value: JsonRecord,
  returned: boolean,
): Content<RegisterInput, RegisterOutput> | HistoryFault {
  const { op, from, to, result } = value;
  switch (op) {
    case 'read':
      if (!returned) return content(READ, undefined);
      return isRegisterValue(result)
        ? content<RegisterInput, RegisterOutput>(READ, { kind: 'value', value: unsigned(result) })
        : wrong('result', result, 'a read gives an integer or null');
    case 'write': {
      const written = value['value'];
      if (!isInteger(written)) return wrong('value', written, 'write an integer');
      return content<RegisterInput, RegisterOutput>(
        { kind: 'write', value: written + 0 },
        returned ? WRITTEN : undefined,
      );
    }
    case 'cas':
      if (!isInteger(from)) return wrong('from', from, 'compare with an integer');
      if (!isInteger(to)) return wrong('to', to, 'swap in an integer');
      return compared<RegisterInput>({ kind: 'cas', from: from + 0, to: to + 0 }, result, returned);
    default:
      return unknownOperation(op, 'a register has read, write and cas');
  }
}

/** `get` (result: string or null), `put`, `append` (value), `cas` (from: string or null, to; result), `delete`. */
export function readKv(
  value: JsonRecord,
  returned: boolean,
  keys: Map<string, string>,
): Content<KvInput, KvOutput> | HistoryFault {
  const { op, from, to, result } = value;
  const key = shared(value['key'], keys);
  if (key === undefined) return wrong('key', value['key'], 'name the key as a string');
  switch (op) {
    case 'get':
      if (!returned) return content<KvInput, KvOutput>({ kind: 'get', key }, undefined);
      return result === null || typeof result === 'string'
        ? content<KvInput, KvOutput>({ kind: 'get', key }, { kind: 'value', value: result })
        : wrong('result', result, 'a get gives a string, or null for an absent key');
    case 'put':
    case 'append': {
      const written = value['value'];
      if (typeof written !== 'string') return wrong('value', written, 'write a string');
      return content<KvInput, KvOutput>({ kind: op, key, value: written }, returned ? DONE : undefined);
    }
    case 'delete':
      return content<KvInput, KvOutput>({ kind: 'delete', key }, returned ? DONE : undefined);
    case 'cas':
      if (from !== null && typeof from !== 'string') return wrong('from', from, 'compare with a string or null');
      if (typeof to !== 'string') return wrong('to', to, 'swap in a string');
      return compared<KvInput>({ kind: 'cas', key, from, to }, result, returned);
    default:
      return unknownOperation(op, 'a store has get, put, append, cas and delete');
  }
}

/** `append` (value: the event) and `read`; the result of both is the stream's length and chain. */
export function readLog(
  value: JsonRecord,
  returned: boolean,
  keys: Map<string, string>,
): Content<LogInput, LogHead> | HistoryFault {
  const { op, result } = value;
  const key = shared(value['key'], keys);
  if (key === undefined) return wrong('key', value['key'], 'name the stream as a string');
  const eventId = value['value'];
  if (op !== 'append' && op !== 'read') return unknownOperation(op, 'a log has append and read');
  if (op === 'append' && !isInteger(eventId)) return wrong('value', eventId, 'name the event as an integer');
  const input: LogInput = op === 'append' ? { kind: 'append', eventId: eventId as number, key } : { kind: 'read', key };
  if (!returned) return content<LogInput, LogHead>(input, undefined);
  const chain = isRecord(result) ? result['chain'] : undefined;
  const length = isRecord(result) ? result['length'] : undefined;
  if (!isInteger(length) || !Array.isArray(chain) || !isInteger(chain[0]) || !isInteger(chain[1])) {
    return wrong('result', result, 'give {"length":1,"chain":[word,word]}');
  }
  return content<LogInput, LogHead>(input, { length, chain0: chain[0] | 0, chain1: chain[1] | 0 });
}

function content<Input, Output>(input: Input, output: Output | undefined): Content<Input, Output> {
  return { kind: 'content', input, output };
}

function compared<Input>(
  input: Input,
  result: unknown,
  returned: boolean,
): Content<Input, KvOutput & RegisterOutput> | HistoryFault {
  if (!returned) return content<Input, KvOutput & RegisterOutput>(input, undefined);
  if (typeof result !== 'boolean') return wrong('result', result, 'a cas gives true or false');
  return content(input, result ? SWAPPED : REFUSED);
}

/** One string a key: a history has many more operations than keys. */
function shared(key: unknown, keys: Map<string, string>): string | undefined {
  if (typeof key !== 'string') return undefined;
  const known = keys.get(key);
  if (known !== undefined) return known;
  keys.set(key, key);
  return key;
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isRegisterValue(value: unknown): value is RegisterValue {
  return value === null || isInteger(value);
}

/** `+ 0` turns -0 into 0: the same value. */
function unsigned(value: RegisterValue): RegisterValue {
  return value === null ? null : value + 0;
}

function wrong(field: string, value: unknown, remedy: string): HistoryFault {
  return fault(`"${field}" is ${value === undefined ? 'missing' : quote(JSON.stringify(value))}`, remedy);
}

function unknownOperation(op: unknown, remedy: string): HistoryFault {
  return op === undefined ? wrong('op', op, remedy) : fault(`unknown operation ${quote(JSON.stringify(op))}`, remedy);
}
