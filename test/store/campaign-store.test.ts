import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CampaignStore } from '../../src/store/campaign-store.ts';
import { testFolder } from './kit.ts';
import { failedRow, passedRow, SPEC } from './rows.ts';

function openNew(): CampaignStore {
  const store = CampaignStore.open(join(testFolder(), 'campaign.db'));
  onTestFinished(() => store.close());
  return store;
}

const crashed = passedRow(3, {
  verdict: 'inconclusive',
  reason: 'crashed',
  signature: 'crashed: out of memory',
  expected: false,
  events: 0,
  acknowledged: 0,
  coverage: [],
  reached: [],
});
const ROWS = [
  passedRow(0),
  failedRow(1, 'INV-PREFIX', 'prefix:rival'),
  passedRow(2, { planJson: '{"seed":2}' }),
  crashed,
  passedRow(4, { verdict: 'inconclusive', reason: 'vacuous', expected: false, detail: '{"pending":"mark"}' }),
  failedRow(5, 'INV-PREFIX', 'prefix:rival'),
  failedRow(6, 'INV-ONE-LEADER', 'leader:two'),
];

describe('the campaign store', () => {
  it('gives every field of a run back, also after it was closed', () => {
    const path = join(testFolder(), 'campaign.db');
    const first = CampaignStore.open(path);
    const id = first.create(SPEC);
    first.putRuns(id, ROWS);
    first.setState(id, 'finished');
    first.close();
    const second = CampaignStore.open(path);
    expect(second.runs(id, 0, 99)).toEqual(ROWS);
    expect(second.runs(id, 2, 4)).toEqual(ROWS.slice(2, 5));
    expect(second.campaign(id)).toMatchObject({ id, spec: SPEC, state: 'finished' });
    expect(second.campaign(id + 1)).toBeNull();
    second.close();
  });

  it('counts by verdict and reason, and takes medians of the runs that have a size', () => {
    const store = openNew();
    const id = store.create(SPEC);
    expect(store.totals(id)).toMatchObject({ runs: 0, byReason: {} });
    expect(store.medians(id)).toEqual({ events: 0, acknowledged: 0, faultsFired: 0 });
    store.putRuns(id, ROWS);
    expect(store.totals(id)).toEqual({
      runs: 7,
      passed: 2,
      failed: 3,
      inconclusive: 2,
      unexpected: 5,
      byReason: { crashed: 1, vacuous: 1 },
    });
    // Indexes 0 1 2 4 5 6: the lower middle is 2; faults 0 0 1 1 2 4.
    expect(store.medians(id)).toEqual({ events: 10_002, acknowledged: 102, faultsFired: 1 });
  });

  it('ignores an index that is stored already, with all that would be derived from it', () => {
    const store = openNew();
    const id = store.create(SPEC);
    store.putRuns(id, ROWS);
    const before = [store.totals(id), store.marks(id), store.featureCount(id), store.signatures(id)];
    store.putRuns(id, [failedRow(0, 'INV-OTHER', 'x'), ...ROWS.toReversed()]);
    expect([store.totals(id), store.marks(id), store.featureCount(id), store.signatures(id)]).toEqual(before);
    expect(store.runs(id, 0, 0)).toEqual([passedRow(0)]);
    expect(store.storedIndexes(id)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
  });

  it('gives the same whatever the order and the batches', () => {
    const views = [ROWS.map((row) => [row]), [ROWS.toReversed()], [ROWS.slice(4), ROWS.slice(0, 4)]].map((batches) => {
      const store = openNew();
      const id = store.create(SPEC);
      for (const batch of batches) store.putRuns(id, batch);
      return [store.runs(id, 0, 9), store.totals(id), store.marks(id), store.featureCount(id), store.signatures(id)];
    });
    expect(views[1]).toEqual(views[0]);
    expect(views[2]).toEqual(views[0]);
    expect(views[0]?.[2]).toEqual([
      ['checkpoint', 6],
      ['even', 4],
      ['odd', 2],
    ]);
    // 1, 2^32 - 1 and one of their own for six runs.
    expect(views[0]?.[3]).toBe(8);
  });

  it('keeps campaigns apart, and remembers nothing of one in another', () => {
    const store = openNew();
    const [one, other] = [store.create(SPEC), store.create({ ...SPEC, seedTo: -1 })];
    store.putRuns(one, ROWS);
    store.putRuns(other, ROWS.slice(0, 1));
    expect(store.campaigns().map(({ id, spec, state }) => [id, spec.seedTo, state])).toEqual([
      [one, 100, 'running'],
      [other, -1, 'running'],
    ]);
    expect(store.totals(other).runs).toBe(1);
    expect(store.featureCount(other)).toBe(3);
    expect(store.marks(other)).toEqual([
      ['checkpoint', 1],
      ['even', 1],
    ]);
  });

  it('refuses runs of a campaign that there is not, and stores none of them', () => {
    const store = openNew();
    expect(() => store.putRuns(5, ROWS)).toThrow('FOREIGN KEY');
    expect(store.totals(5).runs).toBe(0);
  });

  it('buckets failures by signature, in one campaign or over all, and remembers which are known', () => {
    const store = openNew();
    const [one, other] = [store.create(SPEC), store.create(SPEC)];
    store.putRuns(one, ROWS);
    store.putRuns(other, [failedRow(9, 'INV-ONE-LEADER', 'leader:two'), failedRow(8, 'INV-ONE-LEADER', 'leader:two')]);
    const row = (signature: string, count: number, first: number): object => ({
      signature,
      count,
      firstIndex: first,
      firstSeed: 1_000 + first,
      known: false,
      note: '',
    });
    const rival = row('INV-PREFIX @ prefix:rival', 2, 1);
    const memory = row('crashed: out of memory', 1, 3);
    expect(store.signatures(one)).toEqual([rival, row('INV-ONE-LEADER @ leader:two', 1, 6), memory]);
    expect(store.signatures(other)).toEqual([row('INV-ONE-LEADER @ leader:two', 2, 8)]);
    store.setKnown('INV-PREFIX @ prefix:rival', 'issue 12');
    store.setKnown('INV-PREFIX @ prefix:rival', 'issue 13');
    store.setKnown('INV-NEVER-MET @ here', 'from the corpus');
    expect(store.signatures(null)).toEqual([
      row('INV-ONE-LEADER @ leader:two', 3, 6),
      { ...rival, known: true, note: 'issue 13' },
      memory,
    ]);
  });

  it('keeps points of throughput in the order of time', () => {
    const store = openNew();
    const id = store.create(SPEC);
    store.throughput(id, { atMs: 2_000.4, runs: 20, events: 400, features: 9 });
    store.throughput(id, { atMs: 1_000, runs: 10, events: 200, features: 8 });
    expect(store.throughputOf(id)).toEqual([
      { atMs: 1_000, runs: 10, events: 200, features: 8 },
      { atMs: 2_000, runs: 20, events: 400, features: 9 },
    ]);
  });

  it('ends a campaign that is resumed only when it is told to', () => {
    const store = openNew();
    const id = store.create(SPEC);
    store.setState(id, 'interrupted');
    expect(store.campaign(id)?.endedMs).toBeGreaterThan(0);
    store.setState(id, 'running');
    expect(store.campaign(id)).toMatchObject({ state: 'running', endedMs: 0 });
  });
});
