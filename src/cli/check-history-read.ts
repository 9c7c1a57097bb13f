/** Reads a history file as a stream of lines, so that its size is bounded by its operations and not by its text. */
import { type FileHandle, open } from 'node:fs/promises';
import { type HistoryError, HistoryFile } from '../checkers/history-file.ts';
import type { RecordedHistory } from '../checkers/history-record.ts';
import { systemReason, UserError } from '../plan/user-error.ts';

const CHUNK_BYTES = 1 << 20;
/** A line longer than this is no operation; a document on one line may take as much (history-json.ts). */
const LINE_BYTES_MAX = 64 * 1024 * 1024;
const LINE_FEED = 10;

/**
 * Reads `file`.
 *
 * @throws UserError that names the file, the line and the remedy.
 */
export async function readHistoryFile(file: string): Promise<RecordedHistory> {
  const handle = await opened(file);
  try {
    const history = new HistoryFile();
    await eachLine(handle, file, (line) => {
      const error = history.line(line);
      if (error !== undefined) throw malformed(file, error);
    });
    const read = history.end();
    if (read.kind === 'malformed') throw malformed(file, read);
    return read;
  } finally {
    await handle.close();
  }
}

async function opened(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function eachLine(handle: FileHandle, file: string, take: (line: string) => void): Promise<void> {
  let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  /** Bytes in `buffer` that belong to a line without an end yet. */
  let kept = 0;
  for (;;) {
    if (kept === buffer.length) {
      if (buffer.length >= LINE_BYTES_MAX) {
        throw new UserError(
          `${file}: a line of more than ${LINE_BYTES_MAX >> 20} MiB`,
          'write one operation a line (docs/histories.md)',
        );
      }
      const larger = Buffer.allocUnsafe(buffer.length * 2);
      buffer.copy(larger, 0, 0, kept);
      buffer = larger;
    }
    const count = await readInto(handle, file, buffer, kept);
    if (count === 0) break;
    const filled = kept + count;
    let start = 0;
    for (
      let end = buffer.indexOf(LINE_FEED, kept);
      end !== -1 && end < filled;
      end = buffer.indexOf(LINE_FEED, start)
    ) {
      take(buffer.toString('utf8', start, end));
      start = end + 1;
    }
    buffer.copy(buffer, 0, start, filled);
    kept = filled - start;
  }
  if (kept > 0) take(buffer.toString('utf8', 0, kept));
}

async function readInto(handle: FileHandle, file: string, buffer: Buffer, at: number): Promise<number> {
  try {
    return (await handle.read(buffer, at, buffer.length - at, null)).bytesRead;
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): UserError {
  return new UserError(`cannot read ${JSON.stringify(file)}: ${systemReason(error)}`, 'name a readable history file');
}

function malformed(file: string, { line, text, problem, remedy }: HistoryError): UserError {
  const place = line === 0 ? file : `${file}:${line}`;
  return new UserError(`${place}: ${problem}${text === '' ? '' : `\n  text: ${text}`}`, remedy);
}
