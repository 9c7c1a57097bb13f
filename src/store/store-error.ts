import { UserError } from '../plan/user-error.ts';

/** What SQLite calls an error; '' for errors of others. Extended codes go on after the primary one. */
export function sqliteCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  const { code } = error;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : '';
}

/** What a failed transaction leaves behind. */
const UNDONE = 'this batch is not stored, everything before it is';

/**
 * An error of SQLite in words, with what to do: a `UserError` for everything that the surroundings of the file cause
 * (damage, locks, full or read-only file systems). Anything else is ours and comes back as it is.
 */
export function storeError(path: string, error: unknown): unknown {
  const code = sqliteCode(error);
  if (code === '') return error;
  if (code.startsWith('SQLITE_CORRUPT')) return corruptError(path, 'SQLite cannot read a page of it');
  if (code.startsWith('SQLITE_NOTADB')) return notDatabaseError(path);
  if (code.startsWith('SQLITE_FULL')) {
    return new UserError(
      `cannot write the database ${path}: no space is left on the device; ${UNDONE}`,
      'free space there and go on with --resume, or name a database on another device with --db FILE',
    );
  }
  if (code.startsWith('SQLITE_READONLY')) return readOnlyError(path, 'the database may only be read');
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new UserError(
      `the database ${path} is locked by another process`,
      'wait for the other firedrill (or close the program that has the file open), or name another database with --db FILE',
    );
  }
  if (code.startsWith('SQLITE_CANTOPEN')) {
    return new UserError(
      `cannot open the database ${path} or its companions -wal and -shm`,
      'see that the file and its folder may be read and written, or name another database with --db FILE',
    );
  }
  if (code.startsWith('SQLITE_IOERR') || code.startsWith('SQLITE_PROTOCOL')) {
    return new UserError(
      `reading or writing the database ${path} failed (${code}); ${UNDONE}`,
      'see whether the device is full, damaged or gone (df, dmesg), mend that, and go on with --resume',
    );
  }
  return error;
}

export function corruptError(path: string, detail: string): UserError {
  return new UserError(
    `the database ${path} is damaged: ${detail}`,
    `keep a copy, save what can be read with: sqlite3 ${path} .recover | sqlite3 recovered.db; or start anew with --db FILE`,
  );
}

export function notDatabaseError(path: string): UserError {
  return new UserError(
    `${path} is not a database of firedrill`,
    'name a file that firedrill fuzz wrote, or a file that does not exist yet, with --db FILE',
  );
}

export function readOnlyError(path: string, problem: string): UserError {
  return new UserError(
    `cannot write the database ${path}: ${problem}`,
    'a campaign writes its results: unlock or remount the place, or name a database elsewhere with --db FILE',
  );
}
