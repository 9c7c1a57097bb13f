import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type CorpusEntry, entryName, type KeptEntry } from '../../src/campaign/corpus.ts';
import { explained, Triage } from '../../src/campaign/triage.ts';
import { CampaignStore } from '../../src/store/campaign-store.ts';
import { testFolder } from '../store/kit.ts';
import { failedRow, passedRow, SPEC } from '../store/rows.ts';
import { samplePlan } from '../support/sample-plan.ts';

function kept(property: string, changes: Partial<CorpusEntry> = {}): KeptEntry {
  const entry: CorpusEntry = {
    version: 1,
    expect: 'passes',
    note: `why ${property} failed`,
    property,
    site: 'here',
    needs: [],
    plan: samplePlan(),
    ...changes,
  };
  return { name: entryName(entry), entry };
}

const planted = { expect: 'fails', needs: ['blank-voter'], plan: samplePlan({ mutant: 'blank-voter' }) } as const;

describe('triage', () => {
  it('knows what the corpus explains, what was noted and what an earlier campaign met; all else is new', () => {
    const store = CampaignStore.open(join(testFolder(), 'campaign.db'));
    onTestFinished(() => store.close());
    const earlier = store.create(SPEC);
    store.putRuns(earlier, [
      failedRow(0, 'INV-EARLIER', 'here'),
      failedRow(1, 'INV-KEPT', 'here'),
      { ...failedRow(2, 'INV-DECLARED', 'here'), expected: true },
      passedRow(3),
    ]);
    store.putRuns(store.create(SPEC), [failedRow(0, 'INV-EARLIER', 'here')]);
    const present = store.create(SPEC);
    const properties = ['INV-DECLARED', 'INV-EARLIER', 'INV-KEPT', 'INV-LATER', 'INV-NOTED', 'INV-PLANTED'];
    store.putRuns(
      present,
      properties.map((property, index) => failedRow(index, property, 'here')),
    );
    store.putRuns(store.create(SPEC), [failedRow(0, 'INV-LATER', 'here')]);
    store.setKnown('INV-NOTED @ here', 'issue 12');
    const corpus = [kept('INV-KEPT'), kept('INV-PLANTED', planted), kept('INV-ELSEWHERE')];
    const seen = new Triage(store, present, corpus).signatures();
    expect(seen.map(({ signature, known, triage }) => [signature.split(' ')[0], known, triage])).toEqual([
      ['INV-DECLARED', false, { seen: 'new' }],
      ['INV-EARLIER', true, { seen: 'earlier', campaign: earlier }],
      ['INV-KEPT', true, { seen: 'corpus', entry: corpus[0]!.name, note: 'why INV-KEPT failed' }],
      ['INV-LATER', false, { seen: 'new' }],
      ['INV-NOTED', true, { seen: 'noted', note: 'issue 12' }],
      ['INV-PLANTED', false, { seen: 'new' }],
    ]);
    // The first campaign that met it cannot have known it.
    expect(new Triage(store, earlier, []).signatures().filter(({ known }) => known)).toEqual([]);
  });

  it('names the first of two entries with one signature', () => {
    const [one, other] = [kept('INV-KEPT'), kept('INV-KEPT', { note: 'again', plan: samplePlan({ seed: 2 }) })];
    expect(explained([one, other])).toEqual(new Map([['INV-KEPT @ here', one]]));
  });
});
