import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type CorpusEntry,
  entryName,
  entryText,
  type KeptEntry,
  keepEntry,
  readCorpus,
  readEntry,
} from '../../src/campaign/corpus.ts';
import { replayCorpus } from '../../src/campaign/corpus-replay.ts';
import { explained, Triage } from '../../src/campaign/triage.ts';
import { bundleOf, bundleText } from '../../src/cli/bundle.ts';
import { type CorpusOptions, corpus } from '../../src/cli/commands/corpus.ts';
import { checkPlanNames } from '../../src/cli/known-names.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import type { RunResult } from '../../src/plan/result.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import { CampaignStore } from '../../src/store/campaign-store.ts';
import { fakeEngine, listen } from '../cli/kit.ts';
import { failedRow, SPEC } from '../store/rows.ts';
import { failedResult, samplePlan, sampleResult } from '../support/sample-plan.ts';
import { fakeRunPlan } from './fake-run.ts';

const CORPUS = fileURLToPath(new URL('../../corpus', import.meta.url));

function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firedrill-corpus-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const ours: CorpusEntry = {
  version: 1,
  expect: 'passes',
  note: 'a vote of a former life counted',
  property: 'INV-DURABLE-ACK',
  site: 'ack-without-quorum',
  needs: [],
  plan: samplePlan(),
};
const planted: CorpusEntry = {
  ...ours,
  expect: 'fails',
  needs: ['blank-voter'],
  plan: samplePlan({ mutant: 'blank-voter' }),
};
const kept = (entry: CorpusEntry): KeptEntry => ({ name: entryName(entry), entry });

/** `failedResult` reports at this site. */
const [FOUND] = failedResult(['INV-DURABLE-ACK']).findings;

describe('the corpus of the repository', () => {
  it('ends as its entries say', async () => {
    const entries = readCorpus(CORPUS);
    expect(entries.length).toBeGreaterThan(0);
    for (const { name, entry } of entries) {
      checkPlanNames(entry.plan, name);
      expect(entryName(entry)).toBe(name);
      expect(readFileSync(join(CORPUS, name), 'utf8')).toBe(entryText(entry));
    }
    const verdicts = await replayCorpus(entries, async (plans) => {
      const results: RunResult[] = [];
      for (const plan of plans) results.push((await runPlan(plan, { recording: false })).result);
      return results;
    });
    expect(verdicts.filter(({ outcome }) => outcome !== 'kept')).toEqual([]);
  });
});

describe('an entry', () => {
  it('is kept once, and reads as it was written', () => {
    const folder = join(testFolder(), 'new', 'corpus');
    const { name, isNew } = keepEntry(folder, ours);
    expect(isNew).toBe(true);
    expect(name).toMatch(/^inv-durable-ack-ack-without-quorum-[0-9a-f]{8}\.json$/);
    expect(readEntry(join(folder, name))).toEqual(ours);
    expect(keepEntry(folder, { ...ours, note: 'another' })).toEqual({ name, isNew: false });
    expect(readEntry(join(folder, name)).note).toBe(ours.note);
    keepEntry(folder, planted);
    expect(readCorpus(folder).map(({ entry }) => entry.expect)).toHaveLength(2);
    expect(readdirSync(folder).filter((file) => file.includes('unfinished'))).toEqual([]);
    expect([...explained(readCorpus(folder)).keys()]).toEqual(['INV-DURABLE-ACK @ ack-without-quorum']);
  });

  it.each<[string, object, string]>([
    ['another version', { version: 2 }, 'version: '],
    ['no note', { note: ' ' }, 'note: '],
    ['a note of two lines', { note: 'one\ntwo' }, 'note: must be one line'],
    ['an unknown field', { extra: 1 }, 'extra'],
    ['an honest plan that should fail', { expect: 'fails' }, 'expect: a plan without mutant, guard or literal variant'],
    ['a mutant that it does not name', { ...planted, needs: [] }, 'needs: does not name what the plan plants'],
    ['a passing plan that needs something', { needs: ['x'] }, 'needs: '],
    ['half a plan', { plan: { version: 1 } }, 'plan.'],
  ])('with %s is refused, with its file and field', (_words, change, words) => {
    const path = join(testFolder(), 'entry.json');
    writeFileSync(path, JSON.stringify({ ...ours, ...change }));
    expect(() => readEntry(path)).toThrow(`${path}: `);
    expect(() => readEntry(path)).toThrow(words);
    expect(() => readEntry(path)).toThrow('remedy: ');
  });

  it('that is not JSON is refused; a folder that is not there may be an empty corpus', () => {
    const folder = testFolder();
    writeFileSync(join(folder, 'half.json'), '{');
    writeFileSync(join(folder, 'README.md'), 'no entry');
    expect(() => readCorpus(folder)).toThrow(`${join(folder, 'half.json')} is not JSON`);
    expect(() => readCorpus(join(folder, 'gone'))).toThrow('there is no such file or folder');
    expect(readCorpus(join(folder, 'gone'), true)).toEqual([]);
  });
});

describe('a replay of the corpus', () => {
  const failed = (plan: RunPlan) => failedResult(['INV-DURABLE-ACK'], { plan });
  const passed = (plan: RunPlan) => sampleResult({ plan });
  const mutantFails = (plan: RunPlan) => (plan.mutant === null ? passed(plan) : failed(plan));
  const shown = kept({ ...planted, site: FOUND!.site });

  const replayed = async (entry: KeptEntry, run: (plan: RunPlan) => RunResult) => {
    const [verdict] = await replayCorpus([entry], async (plans) => plans.map(run));
    return [verdict?.outcome, verdict?.instead];
  };

  it('holds passing plans to a pass', async () => {
    expect(await replayed(kept(ours), passed)).toEqual(['kept', '']);
    expect(await replayed(kept(ours), failed)).toEqual(['broken', `it failed with INV-DURABLE-ACK @ ${FOUND!.site}`]);
    const vacuous = (plan: RunPlan) => sampleResult({ plan, verdict: 'inconclusive', reason: 'vacuous' });
    expect(await replayed(kept(ours), vacuous)).toEqual(['broken', 'it proved nothing: vacuous']);
  });

  it('holds failing plans to their property and site, and to the mutant that they need', async () => {
    expect(await replayed(shown, mutantFails)).toEqual(['kept', '']);
    expect(await replayed(kept({ ...planted, site: '' }), mutantFails)).toEqual(['kept', '']);
    expect(await replayed(shown, passed)).toEqual(['broken', 'it passed']);
    expect((await replayed(kept(planted), mutantFails))[0]).toBe('broken');
    const other = (plan: RunPlan) => failedResult(['INV-OTHER'], { plan });
    expect((await replayed(shown, other))[0]).toBe('broken');
    expect(await replayed(shown, failed)).toEqual([
      'broken',
      `without the mutant it failed with INV-DURABLE-ACK @ ${FOUND!.site}`,
    ]);
  });

  it('says nothing of a run that was lost', async () => {
    const lost = (plan: RunPlan) =>
      sampleResult({ plan, verdict: 'inconclusive', reason: 'crashed', pending: 'Error: no luck\n  at x' });
    expect(await replayed(kept(ours), lost)).toEqual(['lost', 'crashed: Error: no luck']);
    const second = (plan: RunPlan) => (plan.mutant === null ? lost(plan) : failed(plan));
    expect((await replayed(shown, second))[0]).toBe('lost');
  });

  it('gives each of many entries its own runs', async () => {
    const entries = [kept(ours), shown, kept({ ...ours, plan: samplePlan({ seed: 2 }) }), shown];
    const verdicts = await replayCorpus(entries, async (plans) => plans.map(mutantFails));
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(['kept', 'kept', 'kept', 'kept']);
  });
});

describe('firedrill corpus', () => {
  const engine = fakeEngine();
  const start = async (folder: string, changes: Partial<CorpusOptions>) => {
    const heard = listen();
    const options = {
      action: 'run',
      bundle: null,
      note: null,
      database: null,
      folder,
      jobs: 1,
      json: false,
      ...changes,
    } as const;
    const code = await corpus(options, heard, engine);
    return { code, out: heard.out };
  };
  const bundleFile = async (folder: string, plan: RunPlan, changes: Partial<RunResult> = {}) => {
    const { result } = await fakeRunPlan(plan, { recording: false });
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'bundle.json');
    writeFileSync(path, bundleText(bundleOf({ ...result, ...changes }, engine.versions)));
    return path;
  };

  it('keeps a failure of ours, fails while it fails, and lists it', async () => {
    const folder = testFolder();
    const bundle = await bundleFile(join(folder, 'b'), samplePlan({ scenario: 'fake-broken' }));
    await expect(start(folder, { action: 'add', bundle })).rejects.toThrow('say what went wrong with --note TEXT');
    const added = await start(folder, { action: 'add', bundle, note: ' lost a vote ' });
    expect(added.out).toMatch(/^kept: .*\.json \(passes: INV-DURABLE-ACK @ .*\)\nit fails as yet: /);
    expect((await start(folder, { action: 'add', bundle, note: 'again' })).out).toContain('already kept, unchanged: ');
    expect((await start(folder, { action: 'list' })).out).toMatch(/\n {2}lost a vote\n1 entry in /);
    const listed = JSON.parse((await start(folder, { action: 'list', json: true })).out);
    expect(listed).toMatchObject([{ expect: 'passes', note: 'lost a vote', scenario: 'fake-broken', faults: 1 }]);
    const { code, out } = await start(folder, {});
    expect(code).toBe(1);
    expect(out).toContain('must pass (INV-DURABLE-ACK @ ');
    expect(out).toContain('\n  lost a vote\n0 of 1 entries end as they say\n');
  });

  it('marks the signature as known in a campaign database that is there', async () => {
    const folder = testFolder();
    const bundle = await bundleFile(join(folder, 'b'), samplePlan({ scenario: 'fake-broken' }));
    const database = join(folder, 'campaign.db');
    const add = { action: 'add', bundle, note: 'lost a vote', database } as const;
    await expect(start(folder, add)).rejects.toThrow(`there is no database ${database}`);
    const store = CampaignStore.open(database);
    onTestFinished(() => store.close());
    const signature = `INV-DURABLE-ACK @ ${FOUND!.site}`;
    store.putRuns(store.create(SPEC), [failedRow(0, 'INV-DURABLE-ACK', FOUND!.site), failedRow(1, 'INV-A', 'b')]);
    await start(folder, add);
    const rows = store.signatures(null);
    expect(rows.map((row) => [row.signature, row.known, row.note])).toEqual([
      ['INV-A @ b', false, ''],
      [signature, true, 'lost a vote'],
    ]);
    expect(new Triage(store, 1, []).signatures().map(({ triage }) => triage)).toEqual([
      { seen: 'new' },
      { seen: 'noted', note: 'lost a vote' },
    ]);
  });

  it('keeps a mended failure with the property of its bundle, and passes', async () => {
    const folder = testFolder();
    const plan = samplePlan({ scenario: 'fake-fine' });
    const bundle = await bundleFile(join(folder, 'b'), plan, { verdict: 'failed', property: 'INV-RECOVERS' });
    expect((await start(folder, { action: 'add', bundle, note: 'mended' })).out).toContain('(passes: INV-RECOVERS @ )');
    expect(await start(folder, {})).toEqual({ code: 0, out: '1 of 1 entries end as they say\n' });
  });

  it('keeps a literal variant as one that must fail', async () => {
    const folder = testFolder();
    const expectedFailure = { property: 'INV-DURABLE-ACK', seeds: 'every', pinned: 0, reason: '' } as const;
    const plan = samplePlan({ scenario: 'fake-loses', variant: 'literal', expectedFailure });
    const bundle = await bundleFile(join(folder, 'b'), plan);
    await start(folder, { action: 'add', bundle, note: 'as the runbook says' });
    expect(readCorpus(folder)[0]?.entry).toMatchObject({ expect: 'fails', needs: ['literal variant'] });
    expect((await start(folder, {})).code).toBe(0);
  });

  it('refuses a bundle in which nothing failed, and an empty corpus', async () => {
    const folder = testFolder();
    const bundle = await bundleFile(join(folder, 'b'), samplePlan({ scenario: 'fake-fine' }));
    await expect(start(folder, { action: 'add', bundle, note: 'x' })).rejects.toThrow('nothing failed in it');
    await expect(start(folder, {})).rejects.toThrow('is empty');
  });

  it('exits 70 when a run was lost', async () => {
    const folder = testFolder();
    keepEntry(folder, { ...ours, plan: samplePlan({ scenario: 'fake-crash' }) });
    const { code, out } = await start(folder, {});
    expect(code).toBe(70);
    expect(out).toContain(': lost (INV-DURABLE-ACK @ ack-without-quorum), crashed: the worker exited with code 9');
  });
});
