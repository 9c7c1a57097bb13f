import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isUserError, UserError } from '../../src/plan/user-error.ts';
import { CampaignStore } from '../../src/store/campaign-store.ts';
import { SCHEMA_VERSION } from '../../src/store/schema.ts';
import { testFolder } from './kit.ts';
import { failedRow, passedRow, SPEC } from './rows.ts';

/** Written by a store whose schema was version 1: one campaign, three runs, the second failed. */
const VERSION_1 = new URL('./version-1.db', import.meta.url);

const rows = Array.from({ length: 200 }, (_, index) => passedRow(index));

/** A database with 200 runs, closed. */
function written(): string {
  const path = join(testFolder(), 'campaign.db');
  const store = CampaignStore.open(path);
  store.putRuns(store.create(SPEC), rows);
  store.close();
  return path;
}

function refusal(path: string): string {
  try {
    CampaignStore.open(path, 50).close();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(/\n {2}remedy: ./);
    return (error as UserError).message;
  }
  throw new Error(`${path} was opened`);
}

describe('a file that is no database of ours', () => {
  it('is refused when it is text, a folder, or half a header, and stays as it was', () => {
    const folder = testFolder();
    const text = join(folder, 'notes.txt');
    writeFileSync(text, 'these are my notes, not yours\n');
    const half = join(folder, 'half.db');
    writeFileSync(half, 'SQLite for');
    for (const path of [text, half, folder]) expect(refusal(path)).toContain(`${path} is not a database of firedrill`);
    expect(readFileSync(text, 'utf8')).toBe('these are my notes, not yours\n');
  });

  it.each([
    ['without an id', ''],
    ['with an id of its own', 'PRAGMA application_id = 252006673;'],
  ])("is refused when it is another program's database %s, and stays as it was", (_words, pragma) => {
    const path = join(testFolder(), 'other.db');
    const other = new Database(path);
    other.exec(`${pragma} CREATE TABLE run (campaign INTEGER); INSERT INTO run VALUES (1);`);
    other.close();
    const before = readFileSync(path);
    expect(refusal(path)).toContain(`${path} is not a database of firedrill`);
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

describe('a database that cannot be used', () => {
  it('because its folder does not exist, or is a file, names the folder', () => {
    const folder = testFolder();
    const gone = join(folder, 'gone', 'campaign.db');
    expect(refusal(gone)).toContain(
      `cannot open the database ${gone}: the folder ${join(folder, 'gone')} cannot be used: there is no such file or folder`,
    );
    writeFileSync(join(folder, 'file'), '');
    expect(refusal(join(folder, 'file', 'c.db'))).toContain('a part of the path is a file, not a folder');
  });

  it('because a newer firedrill wrote it names both versions and stays as it was', () => {
    const path = written();
    const newer = new Database(path);
    newer.pragma(`user_version = ${SCHEMA_VERSION + 1}`);
    newer.close();
    const before = readFileSync(path);
    expect(refusal(path)).toContain(
      `has schema version ${SCHEMA_VERSION + 1}, this firedrill knows versions up to ${SCHEMA_VERSION}`,
    );
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('because pages of it were overwritten is damaged, wherever they are', () => {
    const path = written();
    const { size } = statSync(path);
    const whole = readFileSync(path);
    for (let page = 1; page < size / 4_096; page++) {
      const torn = Buffer.from(whole);
      torn.fill(0xa5, page * 4_096, (page + 1) * 4_096);
      writeFileSync(path, torn);
      expect(refusal(path), `page ${page + 1}`).toContain(`the database ${path} is damaged`);
    }
    writeFileSync(path, whole.subarray(0, size - 3 * 4_096));
    expect(refusal(path), 'cut off').toContain(`the database ${path} is damaged`);
    writeFileSync(path, whole);
    CampaignStore.open(path).close();
  });

  it('because another process holds the lock says so, at opening and while writing', () => {
    const path = written();
    const store = CampaignStore.open(path, 50);
    const other = new Database(path);
    onTestFinished(() => {
      other.close();
      store.close();
    });
    other.exec('BEGIN IMMEDIATE');
    expect(() => store.putRuns(1, [passedRow(200)])).toThrow(`the database ${path} is locked by another process`);
    expect(store.totals(1).runs).toBe(200);
    other.exec('ROLLBACK');
    store.putRuns(1, [passedRow(200)]);
    expect(store.totals(1).runs).toBe(201);
  });

  it('because another process holds it for itself says so at opening', () => {
    const path = written();
    const other = new Database(path);
    onTestFinished(() => void other.close());
    other.pragma('journal_mode = DELETE');
    other.exec('BEGIN EXCLUSIVE');
    expect(refusal(path)).toContain(`the database ${path} is locked by another process`);
  });

  it('is our error, not the user’s, when the fault is in our SQL', () => {
    const store = CampaignStore.open(written());
    onTestFinished(() => store.close());
    let thrown: unknown;
    try {
      store.putRuns(1, [passedRow(500, { verdict: null as unknown as string })]);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(Error);
    expect(isUserError(thrown)).toBe(false);
  });
});

describe('a database of an older schema', () => {
  it('is migrated with everything in it, and takes what the new schema adds', () => {
    const path = join(testFolder(), 'campaign.db');
    copyFileSync(VERSION_1, path);
    const before = new Database(path, { readonly: true });
    expect(before.pragma('user_version', { simple: true })).toBe(1);
    before.close();
    const store = CampaignStore.open(path);
    const failed = failedRow(1, 'INV-PREFIX', 'prefix:rival');
    expect(store.runs(1, 0, 9)).toEqual([passedRow(0), failed, passedRow(2)]);
    expect(store.campaigns()).toEqual([
      { id: 1, spec: SPEC, startedMs: 1_770_372_000_000, endedMs: 1_770_372_060_000, state: 'finished' },
    ]);
    expect(store.signatures(null)).toMatchObject([{ signature: failed.signature, count: 1, known: false, note: '' }]);
    expect(store.featureCount(1)).toBe(5);
    expect(store.throughputOf(1)).toHaveLength(1);
    store.setKnown(failed.signature, 'two logs');
    store.putRuns(1, [passedRow(3)]);
    store.close();
    const again = CampaignStore.open(path);
    onTestFinished(() => again.close());
    expect(again.signatures(1)).toMatchObject([{ known: true, note: 'two logs' }]);
    expect(again.totals(1).runs).toBe(4);
  });

  it('and a new one have the same schema', () => {
    const folder = testFolder();
    const schemaOf = (path: string): unknown => {
      CampaignStore.open(path).close();
      const database = new Database(path, { readonly: true });
      onTestFinished(() => void database.close());
      return [
        database.pragma('user_version'),
        database.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all(),
      ];
    };
    copyFileSync(VERSION_1, join(folder, 'old.db'));
    expect(schemaOf(join(folder, 'old.db'))).toEqual(schemaOf(join(folder, 'new.db')));
  });

  it('is created where the file is empty, and named literally', () => {
    const folder = testFolder();
    mkdirSync(join(folder, 'file:'));
    for (const name of ['empty.db', ':memory:', 'file:/c.db?mode=memory']) {
      const path = join(folder, name);
      writeFileSync(path, '');
      CampaignStore.open(path).close();
      expect(statSync(path).size, name).toBeGreaterThan(0);
    }
  });
});
