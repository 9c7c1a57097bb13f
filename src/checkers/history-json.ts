/**
 * Our own form of a history (docs/histories.md): a header and the operations, as one JSON document or, for any size, as
 * lines: the header in the first, an operation in each of the others. An operation says who ran it, when it was called
 * and when it returned, in numbers that rise with real time; `return` is null when nobody knows what became of it.
 */

import { isRecord, type JsonRecord, readKv, readLog, readRegister } from './history-json-operation.ts';
import {
  byCall,
  fault,
  HISTORY_MODELS,
  type HistoryFault,
  type HistoryModel,
  type HistoryReader,
  type KvOperation,
  type LogOperation,
  quote,
  type RecordedHistory,
  type RegisterOperation,
} from './history-record.ts';
import { NEVER_RETURNED } from './sequential-model.ts';

/** The value of `format` in the header. */
export const HISTORY_FORMAT = 'firedrill-history';
export const HISTORY_VERSION = 1;
/** Characters of a history that is one document; a larger one has to be lines. */
const DOCUMENT_LENGTH_MAX = 64 * 1024 * 1024;

type Any = RegisterOperation | KvOperation | LogOperation;

export function jsonReader(): HistoryReader {
  const reading = new JsonHistory();
  return { line: (text, number) => reading.line(text, number), end: () => reading.end() };
}

class JsonHistory {
  private model: HistoryModel | undefined;
  /** Lines of a document that is not complete yet. */
  private document: string[] | undefined;
  private documentLength = 0;
  private readonly operations: Any[] = [];
  private readonly keys = new Map<string, string>();

  line(text: string, number: number): HistoryFault | undefined {
    if (this.model !== undefined) return this.operationLine(text);
    if (this.document !== undefined) return this.keep(text);
    const first = parsed(text);
    // A document that is spread over lines begins with a line that is none by itself.
    if (first === undefined) {
      this.document = new Array(number - 1).fill('');
      return this.keep(text);
    }
    return this.header(first);
  }

  end(): RecordedHistory | HistoryFault {
    if (this.document !== undefined) {
      const text = this.document.join('\n');
      const whole = parsed(text);
      if (whole === undefined) return brokenDocument(text);
      const found = this.header(whole);
      if (found !== undefined) return found;
    }
    const { operations } = this;
    operations.sort(byCall);
    const common = { kind: 'history', format: 'firedrill' } as const;
    switch (this.model) {
      case 'register':
        return { ...common, model: 'register', operations: operations as RegisterOperation[] };
      case 'kv':
        return { ...common, model: 'kv', operations: operations as KvOperation[], absent: null };
      case 'log':
        return { ...common, model: 'log', operations: operations as LogOperation[] };
      case undefined:
        return fault(
          'there is no header',
          `begin with {"format":"${HISTORY_FORMAT}","version":${HISTORY_VERSION},...}`,
        );
    }
  }

  private keep(text: string): HistoryFault | undefined {
    this.document!.push(text);
    this.documentLength += text.length + 1;
    return this.documentLength <= DOCUMENT_LENGTH_MAX
      ? undefined
      : fault('a document of more than 64 MiB', 'write a large history as lines: the header, then an operation a line');
  }

  private header(value: unknown): HistoryFault | undefined {
    if (!isRecord(value) || value['format'] !== HISTORY_FORMAT) {
      return fault(
        `the "format" is not ${quote(HISTORY_FORMAT)}`,
        `begin with {"format":"${HISTORY_FORMAT}","version":${HISTORY_VERSION},"model":"kv"}`,
      );
    }
    if (value['version'] !== HISTORY_VERSION) {
      return fault(
        `version ${quote(JSON.stringify(value['version']) ?? 'none')} of the history format`,
        `this firedrill reads version ${HISTORY_VERSION}: use the firedrill that wrote the file`,
      );
    }
    const model = HISTORY_MODELS.find((each) => each === value['model']);
    if (model === undefined) {
      return fault(
        `the "model" is ${quote(JSON.stringify(value['model']) ?? 'missing')}`,
        `use one of ${HISTORY_MODELS.join(', ')}`,
      );
    }
    this.model = model;
    const { operations } = value;
    if (operations === undefined) return undefined;
    if (!Array.isArray(operations)) return fault('"operations" is no array', 'give an array, or an operation a line');
    for (let at = 0; at < operations.length; at += 1) {
      const found = this.operation(operations[at]);
      if (found !== undefined) return { ...found, problem: `operations[${at}]: ${found.problem}`, line: 0 };
    }
    return undefined;
  }

  private operationLine(text: string): HistoryFault | undefined {
    const value = parsed(text);
    return value === undefined
      ? fault('not JSON', 'write one operation a line, such as {"client":0,"call":1,"return":2,"op":"get",...}')
      : this.operation(value);
  }

  private operation(value: unknown): HistoryFault | undefined {
    if (!isRecord(value)) return fault('an operation is an object', 'write {"client":0,"call":1,"return":2,"op":...}');
    const when = readTimes(value);
    if (when.kind === 'fault') return when;
    const { process, callSeq, returnSeq } = when;
    const returned = returnSeq !== NEVER_RETURNED;
    const content = this.content(value, returned);
    if (content.kind === 'fault') return content;
    // Nobody saw what it read, and it changed nothing.
    if (!returned && (content.input.kind === 'read' || content.input.kind === 'get')) return undefined;
    this.operations.push({ process, input: content.input, output: content.output, callSeq, returnSeq } as Any);
    return undefined;
  }

  private content(value: JsonRecord, returned: boolean) {
    switch (this.model!) {
      case 'register':
        return readRegister(value, returned);
      case 'kv':
        return readKv(value, returned, this.keys);
      case 'log':
        return readLog(value, returned, this.keys);
    }
  }
}

type Times =
  | { readonly kind: 'times'; readonly process: number; readonly callSeq: number; readonly returnSeq: number }
  | HistoryFault;

function readTimes(value: JsonRecord): Times {
  const { client, call } = value;
  const returned = value['return'];
  if (!isPosition(client)) return fault('"client" is no whole number', 'number clients from 0');
  if (!isPosition(call)) return fault('"call" is no whole number', 'give the position of the call, from 0 on');
  if (returned === null) return { kind: 'times', process: client, callSeq: call, returnSeq: NEVER_RETURNED };
  if (!isPosition(returned)) {
    return fault('"return" is neither a whole number nor null', 'give null when nobody knows the outcome');
  }
  if (returned < call) return fault(`returns at ${returned}, before its call at ${call}`, 'give "return" >= "call"');
  return { kind: 'times', process: client, callSeq: call, returnSeq: returned };
}

function isPosition(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The value of a JSON text; undefined if it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Names the line at which a document stops being JSON, where the engine says so. */
function brokenDocument(text: string): HistoryFault {
  let line = 0;
  try {
    JSON.parse(text);
  } catch (error) {
    const position = error instanceof SyntaxError ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    if (position !== undefined) line = text.slice(0, Number(position)).split('\n').length;
    else line = text.split('\n').length;
  }
  const remedy = 'complete the document, or write lines: the header in the first one, then an operation a line';
  return { ...fault('the document is no JSON from here on', remedy), line };
}
