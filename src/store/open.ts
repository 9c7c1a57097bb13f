import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { systemReason, UserError } from '../plan/user-error.ts';
import { APPLICATION_ID, migrate, SCHEMA_VERSION } from './schema.ts';
import { corruptError, notDatabaseError, readOnlyError, storeError } from './store-error.ts';

/** How long a statement waits for another process before it gives up. */
const BUSY_MS = 5_000;

/** First 16 bytes of every SQLite file (sqlite.org/fileformat2.html, "Magic Header String"). */
const MAGIC = 'SQLite format 3\0';

/**
 * Opens a campaign database, creates it where there is none and migrates an older one. Before anything is changed it
 * must be ours, whole and not newer than we are; otherwise a `UserError` says what is wrong and what to do.
 */
export function openDatabase(path: string, busyMs: number = BUSY_MS): Database.Database {
  checkPlace(path);
  let database: Database.Database | null = null;
  try {
    // Resolved, so that `:memory:` and `file:` are file names like any other.
    database = new Database(resolve(path), { timeout: busyMs });
    checkContent(database, path);
    if (database.pragma('journal_mode = WAL', { simple: true }) !== 'wal') throw noWalError(path);
    database.pragma('synchronous = NORMAL');
    database.pragma('foreign_keys = ON');
    migrate(database);
    return database;
  } catch (error) {
    database?.close();
    throw storeError(path, error);
  }
}

/** What the file system says of the place: SQLite's own words for these cases do not tell them apart. */
function checkPlace(path: string): void {
  const folder = dirname(resolve(path));
  try {
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(folder), { code: 'ENOTDIR' });
  } catch (error) {
    throw new UserError(
      `cannot open the database ${path}: the folder ${dirname(path)} cannot be used: ${systemReason(error)}`,
      `create it first (mkdir -p ${dirname(path)}), or name a database elsewhere with --db FILE`,
    );
  }
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) throw notDatabaseError(path);
  try {
    // The folder, too: -wal and -shm stand beside the file.
    accessSync(folder, constants.R_OK | constants.W_OK);
    if (found !== undefined) accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw readOnlyError(path, systemReason(error));
  }
  if (found !== undefined && found.size > 0 && firstBytes(path) !== MAGIC) throw notDatabaseError(path);
}

function firstBytes(path: string): string {
  const bytes = Buffer.alloc(MAGIC.length);
  const file = openSync(path, 'r');
  try {
    return bytes.toString('latin1', 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

function checkContent(database: Database.Database, path: string): void {
  const application = database.pragma('application_id', { simple: true });
  const version = database.pragma('user_version', { simple: true }) as number;
  const tables = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number;
  const isNew = application === 0 && version === 0 && tables === 0;
  if (!isNew && application !== APPLICATION_ID) throw notDatabaseError(path);
  if (version > SCHEMA_VERSION) {
    throw new UserError(
      `the database ${path} has schema version ${version}, this firedrill knows versions up to ${SCHEMA_VERSION}`,
      'use the firedrill that wrote it, or a newer one; or start a new database with --db FILE',
    );
  }
  const verdict = database.pragma('quick_check(1)', { simple: true });
  if (verdict !== 'ok') throw corruptError(path, String(verdict).split('\n').join(' '));
}

function noWalError(path: string): UserError {
  return new UserError(
    `the database ${path} cannot have a write-ahead log: its file system has no shared memory`,
    'name a database on a local disk with --db FILE',
  );
}
