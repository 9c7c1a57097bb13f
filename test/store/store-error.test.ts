import { describe, expect, it } from 'vitest';
import { isUserError } from '../../src/plan/user-error.ts';
import { storeError } from '../../src/store/store-error.ts';

const sqlite = (code: string) => Object.assign(new Error('words of SQLite'), { code });

describe('an error of SQLite', () => {
  // Those that the other tests cannot provoke: a device that fails or changes while a campaign runs.
  it.each([
    ['SQLITE_CORRUPT', 'the database c.db is damaged'],
    ['SQLITE_CORRUPT_INDEX', 'the database c.db is damaged'],
    ['SQLITE_IOERR_WRITE', 'reading or writing the database c.db failed (SQLITE_IOERR_WRITE)'],
    ['SQLITE_IOERR_FSYNC', 'this batch is not stored, everything before it is'],
    ['SQLITE_READONLY_DBMOVED', 'cannot write the database c.db'],
    ['SQLITE_CANTOPEN', 'cannot open the database c.db or its companions'],
    ['SQLITE_BUSY_RECOVERY', 'locked by another process'],
    ['SQLITE_PROTOCOL', 'failed (SQLITE_PROTOCOL)'],
    ['SQLITE_NOTADB', 'c.db is not a database of firedrill'],
  ])('%s is told in words, with a remedy', (code, words) => {
    const told = storeError('c.db', sqlite(code));
    expect(isUserError(told)).toBe(true);
    expect((told as Error).message).toContain(words);
  });

  it('that only our own code can cause stays as it is, and so does any other error', () => {
    for (const error of [
      sqlite('SQLITE_CONSTRAINT_NOTNULL'),
      sqlite('SQLITE_MISUSE'),
      sqlite('ENOENT'),
      new Error('x'),
    ]) {
      expect(storeError('c.db', error)).toBe(error);
    }
  });
});
