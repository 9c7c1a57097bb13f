import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/plan/user-error.ts';
import { CampaignStore } from '../../src/store/campaign-store.ts';
import { passedRow, SPEC } from './rows.ts';

// Permission bits do not stop root, so these are real file systems.
const folder = mkdtempSync(join(tmpdir(), 'firedrill-store-mounts-'));
const PLACE = join(folder, 'place');

function mount(): string {
  mkdirSync(PLACE);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=768k', 'firedrill-test', PLACE], { stdio: 'pipe' });
    return '';
  } catch (error) {
    return `no file system can be mounted here: ${String((error as Error).message).trim()}`;
  }
}

const refused = mount();
if (refused !== '') console.info(`skipped: ${refused}`);

describe('a device that takes nothing', () => {
  afterAll(() => {
    try {
      execFileSync('umount', [PLACE], { stdio: 'pipe' });
    } catch {
      // It was never mounted.
    }
    rmSync(folder, { recursive: true, force: true });
  });

  const rows = (from: number, count: number) => Array.from({ length: count }, (_, index) => passedRow(from + index));

  // skipped: where mounting is refused; the reason is printed above
  it.skipIf(refused !== '')('because it is full loses the batch and nothing else', () => {
    const path = join(PLACE, 'full.db');
    const store = CampaignStore.open(path);
    const id = store.create(SPEC);
    store.putRuns(id, rows(0, 50));
    const filler = join(PLACE, 'filler');
    fill(filler);
    const batch = rows(50, 400);
    const message = `cannot write the database ${path}: no space is left on the device; this batch is not stored, everything before it is\n  remedy: free space there and go on with --resume`;
    expect(() => store.putRuns(id, batch)).toThrow(UserError);
    expect(() => store.putRuns(id, batch)).toThrow(message);
    expect(store.storedIndexes(id).size).toBe(50);
    expect(store.runs(id, 0, 999)).toEqual(rows(0, 50));
    expect(store.marks(id)[0]).toEqual(['checkpoint', 50]);
    store.close();

    rmSync(filler);
    const again = CampaignStore.open(path);
    expect(again.runs(id, 0, 999)).toEqual(rows(0, 50));
    again.putRuns(id, batch);
    expect(again.runs(id, 0, 999)).toEqual(rows(0, 450));
    expect(again.marks(id)[0]).toEqual(['checkpoint', 450]);
    // 50 features of the first batch, 400 of the second, two in common: what the failed tries remembered is forgotten.
    expect(again.featureCount(id)).toBe(452);
    again.close();
    rmSync(path);
  });

  // skipped: where mounting is refused; the reason is printed above
  it.skipIf(refused !== '')('because it is full cannot begin a database, and says so', () => {
    const path = join(PLACE, 'late.db');
    const filler = join(PLACE, 'filler');
    fill(filler);
    expect(() => CampaignStore.open(path)).toThrow(UserError);
    expect(() => CampaignStore.open(path)).toThrow(`the database ${path}`);
    rmSync(filler);
    // What the refusal left of the file is no obstacle.
    CampaignStore.open(path).close();
    rmSync(path);
  });

  // skipped: where mounting is refused; the reason is printed above
  it.skipIf(refused !== '')('because it is read-only is named, whether the file is there or not', () => {
    const path = join(PLACE, 'kept.db');
    const store = CampaignStore.open(path);
    store.putRuns(store.create(SPEC), rows(0, 5));
    store.close();
    execFileSync('mount', ['-o', 'remount,ro', PLACE], { stdio: 'pipe' });
    const words = (file: string): string =>
      `cannot write the database ${file}: the file system is mounted read-only\n  remedy: a campaign writes its results`;
    expect(() => CampaignStore.open(path)).toThrow(words(path));
    const other = join(PLACE, 'new.db');
    expect(() => CampaignStore.open(other)).toThrow(words(other));
    expect(existsSync(other)).toBe(false);
    execFileSync('mount', ['-o', 'remount,rw', PLACE], { stdio: 'pipe' });
    const again = CampaignStore.open(path);
    expect(again.runs(1, 0, 9)).toEqual(rows(0, 5));
    again.close();
  });
});

/** Takes every page that is left. */
function fill(path: string): void {
  try {
    for (let pages = 1; pages < 512; pages++) writeFileSync(path, Buffer.alloc(pages * 4_096));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
    return;
  }
  throw new Error('the file system never became full');
}
