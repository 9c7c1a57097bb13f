import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CampaignStore } from '../../src/store/campaign-store.ts';
import { testFolder } from './kit.ts';
import { passedRow } from './rows.ts';

const WRITER = fileURLToPath(new URL('./batch-writer.ts', import.meta.url));
const BATCH = 40;
const KILLS = 5;

/** Lets a process write until it has acknowledged some batches, kills it, and returns what it acknowledged last. */
async function writeUntilKilled(path: string, batches: number): Promise<number> {
  const child = spawn(process.execPath, [WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > batches) child.kill('SIGKILL');
  });
  const [, signal] = (await closed) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  return Number(said.trim().split('\n').at(-1));
}

describe('a writer that is killed', () => {
  it('loses nothing that it had acknowledged, keeps whole batches only, and is continued by the next', async () => {
    const path = join(testFolder(), 'campaign.db');
    let before = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      // Different batch counts end the process at different places of a transaction and of the WAL.
      const acknowledged = await writeUntilKilled(path, 3 + kill * 7);
      expect(acknowledged).toBeGreaterThan(before);
      const store = CampaignStore.open(path);
      const indexes = [...store.storedIndexes(1)].sort((left, right) => left - right);
      expect(indexes.length).toBeGreaterThanOrEqual(acknowledged);
      expect(indexes.length % BATCH).toBe(0);
      expect(indexes).toEqual(indexes.map((_, at) => at));
      expect(store.totals(1)).toMatchObject({ runs: indexes.length, passed: indexes.length });
      expect(store.marks(1)[0]).toEqual(['checkpoint', indexes.length]);
      expect(store.featureCount(1)).toBe(indexes.length + 2);
      expect(store.runs(1, indexes.length - 1, indexes.length)).toEqual([passedRow(indexes.length - 1)]);
      expect(store.campaign(1)?.state).toBe('running');
      store.close();
      before = indexes.length;
    }
  });
});
