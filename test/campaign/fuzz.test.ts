import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { keepEntry } from '../../src/campaign/corpus.ts';
import { STRATEGIES } from '../../src/campaign/strategy.ts';
import { readCommandLine } from '../../src/cli/command-line.ts';
import { fuzz } from '../../src/cli/commands/fuzz.ts';
import type { FuzzReport } from '../../src/cli/fuzz-report.ts';
import type { Interrupt } from '../../src/cli/interrupt.ts';
import { STRATEGY_NAMES } from '../../src/cli/rows/fuzz.ts';
import type { ScenarioEntry, ScenarioSource } from '../../src/cli/scenario-source.ts';
import { CampaignStore } from '../../src/store/campaign-store.ts';
import { fakeEngine, fakeSource, type Heard, listen } from '../cli/kit.ts';
import { samplePlan } from '../support/sample-plan.ts';
import { comparable } from './coordinator-kit.ts';

const folder = mkdtempSync(join(tmpdir(), 'firedrill-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const database = () => join(folder, `${files++}.db`);

/** The fake source, and scenarios whose safe variants do what their names say. */
const source: ScenarioSource = {
  list: () => [
    ...fakeSource.list(),
    ...['fake-hang', 'fake-crash', 'fake-broken', 'fake-drifts', 'fake-fine'].map(
      (id): ScenarioEntry => ({ ...fakeSource.list()[0]!, id, variants: ['safe'] }),
    ),
  ],
  plan: (scenario, variant, seed) =>
    scenario === 'fake-loses' || scenario === 'fake-sometimes'
      ? fakeSource.plan(scenario, variant, seed)
      : samplePlan({ scenario, variant, seed }),
};

/** An interrupt that a test pulls. */
class Pulled implements Interrupt {
  private readonly controller = new AbortController();
  readonly signal = this.controller.signal;
  pull(): void {
    this.controller.abort();
  }
  release(): void {}
}

interface Ended {
  readonly code: number;
  readonly heard: Heard;
  readonly report: FuzzReport;
}

async function run(
  words: readonly string[],
  changes: Partial<ReturnType<typeof fakeEngine>> = {},
  interrupt: Interrupt = new Pulled(),
  heard: Heard = listen(),
): Promise<Ended> {
  // One worker where a test does not care: processes are what these tests take their time for.
  const jobs = words.includes('--jobs') ? [] : ['--jobs', '1'];
  const line = await readCommandLine(
    ['fuzz', '--reports', join(folder, 'reports'), '--json', ...jobs, ...words],
    '9.9.9',
  );
  if (line.kind !== 'command' || line.command.name !== 'fuzz') throw new Error(JSON.stringify(line));
  const code = await fuzz(line.command.options, heard, { ...fakeEngine({ source }), ...changes }, interrupt);
  return { code, heard, report: JSON.parse(heard.out) as FuzzReport };
}

const stored = (path: string, id = 1) => {
  const store = CampaignStore.open(path);
  try {
    return comparable(store.runs(id, 0, 1_000_000));
  } finally {
    store.close();
  }
};

/** The exit code, and whether a signal ended it. */
function child(words: readonly string[]): {
  process: ReturnType<typeof spawn>;
  ended: Promise<string>;
  said: () => string;
} {
  const entry = new URL('./fuzz-child.ts', import.meta.url).pathname;
  const started = spawn(process.execPath, [entry, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  started.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  started.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<string>((settle) => started.on('close', (code, signal) => settle(String(signal ?? code))));
  return { process: started, ended, said: () => said };
}

async function untilStored(path: string, count: number): Promise<void> {
  await expect
    .poll(
      () => {
        if (!existsSync(path)) return 0;
        const store = CampaignStore.open(path);
        const { runs } = store.totals(1);
        store.close();
        return runs;
      },
      { timeout: 60_000, interval: 20 },
    )
    .toBeGreaterThan(count);
}

describe('firedrill fuzz', () => {
  it('runs drawn plans and says what no failure means', async () => {
    const { code, report, heard } = await run(['--db', database(), '--seeds', '1..300']);
    expect(code).toBe(0);
    expect(heard.err).toContain('campaign 1: seeds 1..300 of swarm (portfolio)');
    expect(report).toMatchObject({
      exitCode: 0,
      campaign: { state: 'finished', strategy: 'portfolio', seedFrom: 1, seedTo: 300, engine: 'local', jobs: 1 },
      summary: { runs: 300, passed: 300, failed: 0, leftOut: 0 },
      bound: { runs: 300, text: '0 of 300: below 3/300 per run of this distribution with 95 % confidence' },
      signatures: [],
    });
    expect(report.subject).toContain('not the shipped binary');
    expect(report.rareMarks.map(({ mark }) => mark)).toContain('vote-regained');
    expect(report.rareMarks.map(({ mark }) => mark)).not.toContain('replica-recovered');
    // The fake run is too small for a drawn one, and the report says so.
    expect(report.summary.sizes).toContainEqual({
      name: 'events',
      median: 3500,
      min: 10000,
      max: 40000,
      within: false,
    });
  });

  it('stores the same with one worker and with two', async () => {
    const [one, two] = [database(), database()];
    await run(['--db', one, '--seeds', '5..40', '--jobs', '1']);
    await run(['--db', two, '--seeds', '5..40', '--jobs', '2']);
    expect(stored(one)).toHaveLength(36);
    expect(stored(two)).toEqual(stored(one));
  });

  it('tells declared failures from others, and writes a bundle for the first of each signature', async () => {
    const words = ['--scenario', 'fake-loses', '--scenario', 'fake-broken', '--seeds', '1..5'];
    const path = database();
    const { code, report } = await run(['--db', path, ...words]);
    expect(code).toBe(1);
    expect(report.campaign.scenarios).toEqual(['fake-loses', 'fake-loses', 'fake-broken']);
    expect(report.summary).toMatchObject({ runs: 15, passed: 5, failed: 10, unexpected: 5 });
    expect(report.bound).toBeNull();
    expect(report.signatures).toHaveLength(1);
    const { replay, shrink, bundle, ...signature } = report.signatures[0]!;
    expect(signature).toMatchObject({
      signature: 'INV-DURABLE-ACK @ sample-site',
      count: 10,
      known: false,
      unexpected: true,
    });
    // Declared failures have the same signature, and lower indexes.
    expect(signature.firstIndex).toBeLessThan(report.summary.firstUnexpected[0]![1]);
    expect(existsSync(bundle!)).toBe(true);
    expect(bundle).toContain('fake-broken-safe-1-');
    expect([replay, shrink]).toEqual([`npx firedrill replay ${bundle}`, `npx firedrill shrink ${bundle}`]);
    expect(JSON.parse(readFileSync(bundle!, 'utf8'))).toMatchObject({
      plan: { seed: 1 },
      expected: { verdict: 'failed' },
    });
    expect(
      (await run(['--db', path, '--scenario', 'fake-loses', '--variant', 'literal', '--seeds', '1..3'])).code,
    ).toBe(0);
  });

  it('tells a failure that an earlier campaign or the corpus knows from a new one', async () => {
    const path = database();
    const words = ['--db', path, '--scenario', 'fake-broken', '--seeds', '1..2'];
    const triaged = async (more: readonly string[]): Promise<unknown> =>
      (await run([...words, ...more])).report.signatures.map(({ known, triage }) => [known, triage]);
    expect(await triaged([])).toEqual([[false, { seen: 'new' }]]);
    expect(await triaged([])).toEqual([[true, { seen: 'earlier', campaign: 1 }]]);
    const corpus = join(folder, 'corpus');
    const failure = { property: 'INV-DURABLE-ACK', site: 'sample-site', note: 'lost a vote', needs: [] };
    const entry = keepEntry(corpus, { version: 1, expect: 'passes', ...failure, plan: samplePlan() }).name;
    expect(await triaged(['--corpus', corpus])).toEqual([[true, { seen: 'corpus', entry, note: 'lost a vote' }]]);
    await expect(run([...words, '--corpus', join(folder, 'gone')])).rejects.toThrow('cannot read the corpus');
  });

  it('records runs that hang or crash with their plans, finishes the rest and exits 70', async () => {
    const words = ['--scenario', 'fake-hang', '--scenario', 'fake-crash', '--scenario', 'fake-fine', '--seeds', '1..1'];
    const { code, report } = await run(['--db', database(), ...words, '--jobs', '2'], { watchdogMs: 250 });
    expect(code).toBe(70);
    expect(report.summary).toMatchObject({ runs: 3, passed: 1, inconclusive: 2, byReason: { crashed: 1, hung: 1 } });
    expect(report.lost.map(({ scenario, reason }) => `${scenario} ${reason}`)).toEqual([
      'fake-hang hung',
      'fake-crash crashed',
    ]);
    expect(report.lost[0]!.again).toMatch(/^npx firedrill run --plan .*fake-hang-safe-1-[0-9a-f]{8}\.plan\.json$/);
    expect(report.signatures.map(({ signature, bundle }) => [signature.split(':')[0], bundle])).toEqual([
      ['crashed', null],
      ['hung', null],
    ]);
  });

  it('counts inconclusive runs against the bars of R19', async () => {
    const vacuous: ScenarioSource = {
      ...source,
      plan: (scenario, variant, seed) =>
        samplePlan({ scenario, variant, seed, ...(seed % 150 === 0 ? { faults: [] } : {}) }),
    };
    const words = ['--scenario', 'fake-fine', '--db', database()];
    const above = await run([...words, '--seeds', '1..150'], { source: async () => vacuous });
    expect(above.code).toBe(2);
    expect(above.report.summary.bars[0]).toMatchObject({ reason: 'vacuous', runs: 1, within: false });
    const within = await run([...words, '--seeds', '100..299'], { source: async () => vacuous });
    expect(within.code).toBe(0);
    expect(within.report.summary).toMatchObject({ runs: 200, passed: 199, inconclusive: 1 });
    expect(within.report.bound).toMatchObject({ runs: 200 });
  });

  it('finds that the same plan ends otherwise in another process', async () => {
    const path = database();
    await run(['--db', path, '--scenario', 'fake-drifts', '--seeds', '1..40', '--jobs', '1']);
    expect(stored(path).every(({ verdict }) => verdict === 'passed')).toBe(true);
    let found: Ended | null = null;
    for (let tries = 0; tries < 5 && found?.code !== 3; tries++) {
      found = await run(['--db', database(), '--scenario', 'fake-drifts', '--seeds', '1..300', '--jobs', '2']);
    }
    expect(found!.code).toBe(3);
    expect(found!.report.nondeterministic[0]!.again).toMatch(/ --check-determinism$/);
  });

  it('ends with Ctrl-C as far as it is, and is resumed', async () => {
    const [path, whole] = [database(), database()];
    const interrupt = new Pulled();
    const heard = listen();
    const pulled = run(['--db', path, '--seeds', '1..400', '--jobs', '2'], {}, interrupt, heard);
    await untilStored(path, 0);
    interrupt.pull();
    const { report, code } = await pulled;
    expect(code).toBe(0);
    expect(report.campaign.state).toBe('interrupted');
    expect(report.summary.runs).toBeGreaterThan(0);
    expect(report.summary.runs).toBeLessThan(400);
    const other = ['--db', path, '--resume', '--seeds', '1..800'];
    await expect(run(other)).rejects.toThrow('begun with another --seeds (400, not 800)');
    const resumed = await run(['--db', path, '--resume']);
    expect(resumed.heard.err).toContain('campaign 1 resumed: seeds 1..400');
    await run(['--db', whole, '--seeds', '1..400']);
    expect(resumed.report.summary).toMatchObject({ runs: 400, leftOut: 0 });
    expect(stored(path)).toEqual(stored(whole));
    await expect(run(['--db', path, '--resume'])).rejects.toThrow('no campaign that could be resumed');
  });

  it('loses nothing that was stored to SIGKILL, and ends as if it had not been killed', async () => {
    const [path, whole] = [database(), database()];
    const words = ['--reports', join(folder, 'reports'), '--seeds', '1..500', '--jobs', '2'];
    const killed = child([...words, '--db', path]);
    await untilStored(path, 150);
    killed.process.kill('SIGKILL');
    expect(await killed.ended).toBe('SIGKILL');
    const { length } = stored(path);
    expect(length).toBeLessThan(500);
    const resumed = await run(['--db', path, '--resume']);
    const undisturbed = await run(['--db', whole, '--seeds', '1..500']);
    expect(resumed.report.session.runs).toBe(500 - length);
    expect(resumed.report.summary).toEqual(undisturbed.report.summary);
    expect(stored(path)).toEqual(stored(whole));
  }, 60_000);

  it('hears Ctrl-C and ends its workers', async () => {
    const path = database();
    const pressed = child(['--reports', join(folder, 'reports'), '--seeds', '1..100000', '--jobs', '2', '--db', path]);
    await untilStored(path, 20);
    pressed.process.kill('SIGINT');
    expect(await pressed.ended).toBe('0');
    expect(pressed.said()).toContain('PARTIAL, interrupted; go on with --resume');
  }, 60_000);

  it('goes on for a time, and leaves an incomplete generation out of its figures', async () => {
    const path = database();
    const { report } = await run(['--db', path, '--for', '1500ms', '--strategy', 'swarm'], {
      entropy: () => 500,
    });
    expect(report.campaign).toMatchObject({ seedFrom: 500, seedTo: -1, state: 'finished' });
    expect(report.summary.runs + report.summary.leftOut).toBe(stored(path).length);
    expect(report.summary.runs % 256 === 0 || report.summary.leftOut === 0).toBe(true);
    expect(stored(path).length).toBeGreaterThan(20);
    expect(report.session.wallMs).toBeGreaterThanOrEqual(1_400);
  });

  it('keeps a report with commit and command', async () => {
    const { heard, report } = await run(['--db', database(), '--seeds', '1..3', '--keep', 'small']);
    const base = join(folder, 'reports', 'kept', 'small');
    expect(heard.err).toContain(`kept: ${base}.json, ${base}.md`);
    expect(JSON.parse(readFileSync(`${base}.json`, 'utf8'))).toMatchObject({
      commit: expect.stringMatching(/^[0-9a-f]{40}$|^unknown$/),
      summary: report.summary,
    });
    const text = readFileSync(`${base}.md`, 'utf8');
    expect(text).toContain('| bound | 0 of 3: below 3/3 per run of this distribution with 95 % confidence |');
    expect(text).toContain('| replica-recovered | 3 |');
  });

  it.each([
    [['--scenario', 'fake-raft', '--system', 'kimberlite', '--seeds', '1..2'], 'no run is left'],
    [['--scenario', 'swarm', '--scenario', 'fake-loses'], 'do not share a campaign'],
    [['--scenario', 'fake-loses', '--strategy', 'swarm'], '--strategy is for drawn plans'],
    [['--scenario', 'fake-loses', '--unrestricted'], '--unrestricted is for drawn plans'],
    [['--scenario', 'fake-lose'], 'did you mean fake-loses'],
    [['--variant', 'safe'], 'no run is left'],
    [['--resume'], 'so there is no campaign to resume'],
    [['--engine', 'bullmq', '--redis', 'localhost'], '--redis localhost is '],
    [['--engine', 'bullmq', '--redis', 'redis://127.0.0.1:1'], 'redis://127.0.0.1:1'],
  ])('refuses %j, and leaves no database behind', async (words, text) => {
    const db = database();
    await expect(run(['--db', db, ...words])).rejects.toThrow(text);
    expect(existsSync(db)).toBe(false);
  });

  it('a mistake does not become the campaign that is resumed', async () => {
    const db = database();
    await run(['--db', db, '--seeds', '1..2']);
    await expect(run(['--db', db, '--engine', 'bullmq', '--redis', 'localhost'])).rejects.toThrow('--redis');
    await expect(run(['--db', db, '--resume'])).rejects.toThrow('no campaign that could be resumed');
  });

  it.each([
    [['--for', '30m', '--seeds', '1..2'], '--for and --seeds exclude each other'],
    [['--for', '20ms'], 'too short'],
    [['--for', 'soon'], 'is no time'],
    [['--seeds', '9..2'], 'is empty'],
    [['--engine', 'bullmq'], '--engine bullmq needs --redis'],
    [['--redis', 'redis://localhost'], '--redis is for --engine bullmq'],
    [['--strategy', 'guidd'], 'strategy'],
    [['--keep', 'a/b'], 'is no name'],
  ])('does not understand %j', async (words, text) => {
    const line = await readCommandLine(['fuzz', ...words], '9.9.9');
    expect(line).toMatchObject({ kind: 'usage', message: expect.stringContaining(text) });
  });

  it('offers the strategies that there are', () => {
    expect(STRATEGY_NAMES.toSorted()).toEqual([...STRATEGIES].toSorted());
  });
});
