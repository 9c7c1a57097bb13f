import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleOf, bundlePath, readBundle, writeBundle } from '../../src/cli/bundle.ts';
import { UserError } from '../../src/plan/user-error.ts';
import { failedResult } from '../support/sample-plan.ts';

// Permission bits do not stop root, so these are real file systems.
const folder = mkdtempSync(join(tmpdir(), 'firedrill-mounts-'));
const FULL = join(folder, 'full');
const READ_ONLY = join(folder, 'read-only');

function mount(path: string, options: string): string {
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'firedrill-test', path], { stdio: 'pipe' });
    return '';
  } catch (error) {
    return `no file system can be mounted here: ${String((error as Error).message).trim()}`;
  }
}

const refused = mount(FULL, 'size=64k') || mount(READ_ONLY, 'ro,size=64k');
if (refused !== '') console.info(`skipped: ${refused}`);

describe('a folder of reports that takes nothing', () => {
  const result = failedResult(['INV-DURABLE-ACK']);
  const bundle = bundleOf(result, { firedrill: '9.9.9', node: 'v99.0.0' });

  beforeAll(() => {
    if (refused === '') mkdirSync(join(FULL, 'runs'));
  });
  afterAll(() => {
    for (const path of [FULL, READ_ONLY]) {
      try {
        execFileSync('umount', [path], { stdio: 'pipe' });
      } catch {
        // It was never mounted.
      }
    }
    rmSync(folder, { recursive: true, force: true });
  });

  // skipped: where mounting is refused; the reason is printed above
  it.skipIf(refused !== '')('because it is read-only is named, with the remedy', () => {
    const path = bundlePath(READ_ONLY, result);
    expect(() => writeBundle(path, bundle)).toThrow(UserError);
    expect(() => writeBundle(path, bundle)).toThrow(
      `cannot write the bundle ${path}: the file system is mounted read-only\n  remedy: free or unlock the folder`,
    );
    expect(readdirSync(READ_ONLY)).toEqual([]);
  });

  // skipped: where mounting is refused; the reason is printed above
  it.skipIf(refused !== '')('because it is full is named, and nothing half-written stays', () => {
    const path = bundlePath(FULL, result);
    writeBundle(path, bundle);
    const filler = join(FULL, 'filler');
    fill(filler);
    const other = bundlePath(FULL, { ...result, traceHash: 'f'.repeat(16) });
    expect(() => writeBundle(other, bundle)).toThrow(
      `cannot write the bundle ${other}: no space is left on the device`,
    );
    // Nor does it harm the bundle that is there.
    expect(() => writeBundle(path, bundle)).toThrow(UserError);
    expect(readBundle(path)).toEqual(bundle);
    expect(readdirSync(join(FULL, 'runs'))).toHaveLength(1);
    rmSync(filler);
    writeBundle(other, bundle);
    expect(readBundle(other)).toEqual(bundle);
  });
});

/** Takes every page that is left. */
function fill(path: string): void {
  try {
    for (let pages = 1; pages < 64; pages++) writeFileSync(path, Buffer.alloc(pages * 4_096));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
    return;
  }
  throw new Error('the file system never became full');
}
