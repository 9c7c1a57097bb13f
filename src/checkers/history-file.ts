/** Reads a recorded history of any format: the first line that is not blank says which one it is. */

import { jepsenReader } from './history-jepsen.ts';
import { jsonReader } from './history-json.ts';
import { kvTextReader } from './history-kv-text.ts';
import { fault, type HistoryFault, type HistoryReader, quote, type RecordedHistory } from './history-record.ts';

/** What is wrong with a history: `line` counts from 1 and is 0 when the whole text is meant. */
export interface HistoryError {
  readonly kind: 'malformed';
  readonly line: number;
  /** The line as it stands, shortened and quoted; empty for the whole text. */
  readonly text: string;
  readonly problem: string;
  readonly remedy: string;
}

/** Takes the lines of a file one after the other. After the first error it takes no more. */
export class HistoryFile {
  private reader: HistoryReader | undefined;
  private lineNumber = 0;

  /** The next line, without its line feed. */
  line(text: string): HistoryError | undefined {
    this.lineNumber += 1;
    const content = text.trimEnd();
    if (content === '') return undefined;
    this.reader ??= readerFor(content);
    if (this.reader === undefined) return this.malformed(UNKNOWN_FORMAT, content);
    const found = this.reader.line(content, this.lineNumber);
    return found === undefined ? undefined : this.malformed(found, content);
  }

  end(): RecordedHistory | HistoryError {
    const history = this.reader?.end();
    if (history?.kind === 'fault') return this.malformed({ line: 0, ...history }, '');
    if (history === undefined || history.operations.length === 0) {
      const remedy = 'give a history with at least one operation that completed or may have taken effect';
      return this.malformed({ ...fault('no operation to judge', remedy), line: 0 }, '');
    }
    return history;
  }

  private malformed({ problem, remedy, line }: HistoryFault, content: string): HistoryError {
    const at = line ?? this.lineNumber;
    return { kind: 'malformed', line: at, text: at === 0 || content === '' ? '' : quote(content), problem, remedy };
  }
}

const UNKNOWN_FORMAT = fault(
  'no history that we know begins like this line',
  "a Jepsen log begins with 'INFO  jepsen.util', a key-value history with '{:process', ours with " +
    '{"format":"firedrill-history",...} (docs/histories.md)',
);

function readerFor(line: string): HistoryReader | undefined {
  if (/^INFO\s/.test(line)) return jepsenReader();
  if (/^\{\s*:/.test(line)) return kvTextReader();
  if (/^\s*\{\s*("|$)/.test(line)) return jsonReader();
  return undefined;
}

/** Reads a history that is in memory as text. */
export function readHistory(text: string): RecordedHistory | HistoryError {
  const file = new HistoryFile();
  for (const line of text.split('\n')) {
    const error = file.line(line);
    if (error !== undefined) return error;
  }
  return file.end();
}
