import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { GOLDEN_SEEDS, GOLDEN_UPDATE, goldenHashes, goldenTrace } from './golden.ts';

/*
 * Pinned results: a difference here means that runs of old plans and bundles no longer replay. When a change is meant
 * to do that, write both files anew with `node scripts/golden-update.mjs`, read the diff of the trace, and put a line
 * with the reason into CHANGELOG.md. Nobody edits the files by hand.
 */
const REMEDY = `if the change is meant, run \`${GOLDEN_UPDATE}\` and put the reason into CHANGELOG.md`;

function pinned(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}

describe('golden', () => {
  test('hashes of 50 swarm plans are as pinned', async () => {
    const expected = JSON.parse(pinned('hashes.json')) as Record<string, string>;
    expect(Object.keys(expected).map(Number)).toEqual(GOLDEN_SEEDS);
    expect(new Set(Object.values(expected)).size).toBe(GOLDEN_SEEDS.length);
    const hashes = await goldenHashes();
    const moved = GOLDEN_SEEDS.filter((seed) => hashes[seed] !== expected[seed]);
    expect(moved, `hashes of ${moved.length} seeds moved; ${REMEDY}`).toEqual([]);
  });

  test('the trace of a crash and its recovery is as pinned', async () => {
    expect(await goldenTrace(), `the trace moved; ${REMEDY}`).toBe(pinned('crash-and-recover.txt'));
  });
});
