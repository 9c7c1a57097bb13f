import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBundle } from '../../src/cli/bundle.ts';
import { readCommandLine } from '../../src/cli/command-line.ts';
import { list } from '../../src/cli/commands/list.ts';
import { type RunCommandOptions, run } from '../../src/cli/commands/run.ts';
import { UserError } from '../../src/plan/user-error.ts';
import { FOLDER_KEY } from '../campaign/fake-run.ts';
import { samplePlan } from '../support/sample-plan.ts';
import { fakeEngine, fakeSource, listen } from './kit.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'firedrill-run-'));
  process.env[FOLDER_KEY] = folder;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function start(changes: Partial<RunCommandOptions> = {}, engine = fakeEngine()) {
  const heard = listen();
  const options: RunCommandOptions = {
    scenarios: [],
    system: null,
    variant: null,
    planFile: null,
    seeds: { kind: 'unset' },
    jobs: 2,
    without: null,
    checkDeterminism: false,
    json: false,
    bundle: false,
    reports: join(folder, 'reports'),
    ...changes,
  };
  const code = await run(options, heard, engine);
  return { code, out: heard.out, err: heard.err };
}

async function startJson(changes: Partial<RunCommandOptions> = {}, engine = fakeEngine()) {
  const { code, out, err } = await start({ ...changes, json: true }, engine);
  return { code, err, document: JSON.parse(out) };
}

const seeds = (from: number, to: number) => ({ kind: 'range', from, to }) as const;
const rows = (document: { runs: { scenario: string; variant: string; seed: number; verdict: string }[] }) =>
  document.runs.map(({ scenario, variant, seed, verdict }) => `${scenario} ${variant} ${seed} ${verdict}`);
const oneScenario = (id: string) => ({
  ...fakeSource,
  list: () => [{ ...fakeSource.list()[0]!, id, variants: ['safe'] as const }],
});
const bundles = () => (existsSync(join(folder, 'reports/runs')) ? readdirSync(join(folder, 'reports/runs')) : []);

describe('run', () => {
  it('without arguments runs every scenario and variant with the default seed, drawn plans not, and exits 0', async () => {
    const { code, out, err } = await start();
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toBe('seed 1');
    expect(out).toMatch(/fake-loses +│ literal +│ 1 +│ failed +│ yes +│ 4\.2 s +│ 3 min 00 s +│ INV-DURABLE-ACK/);
    expect(out).toContain('5 runs: 3 passed, 2 failed, 0 inconclusive; all as declared');
    expect(err).toContain('running 5/5');
    expect(bundles()).toEqual([]);
  });

  it('prints one JSON document in which runs are ordered by scenario, variant and seed, whatever jobs is', async () => {
    const { code, document, err } = await startJson({ seeds: seeds(12, 13), jobs: 1 });
    expect(code).toBe(0);
    expect(err.split('\n')[0]).toBe('seeds 12..13');
    expect(rows(document)).toEqual([
      'fake-loses safe 12 passed',
      'fake-loses safe 13 passed',
      'fake-loses literal 12 failed',
      'fake-loses literal 13 failed',
      'fake-sometimes safe 12 passed',
      'fake-sometimes safe 13 passed',
      'fake-sometimes literal 12 passed',
      'fake-sometimes literal 13 failed',
      'fake-raft safe 12 passed',
      'fake-raft safe 13 passed',
    ]);
    expect(document.totals).toEqual({ passed: 7, failed: 3, inconclusive: 0, unexpected: 0 });
    expect(Object.keys(document.runs[0])).toEqual(
      expect.arrayContaining([
        'expected',
        'reason',
        'property',
        'traceHash',
        'events',
        'virtualUs',
        'wallMs',
        'alerts',
      ]),
    );
    expect(document.runs[0].reached).toEqual(['replica-recovered']);
    const shared = await startJson({ seeds: seeds(12, 13), jobs: 3 });
    const timeless = (text: unknown) => JSON.stringify(text).replaceAll(/"wallMs":\d+/g, '');
    expect(timeless(shared.document)).toBe(timeless(document));
  });

  it('uses the pinned seed of a variant that fails on some seeds only, unless a seed is given', async () => {
    expect(rows((await startJson({ variant: 'literal' })).document)).toEqual([
      'fake-loses literal 1 failed',
      'fake-sometimes literal 13 failed',
    ]);
    expect(rows((await startJson({ variant: 'literal', seeds: seeds(1, 1) })).document)[1]).toContain('1 passed');
  });

  it('lets entropy in for a single scenario without a seed, and prints the seed first', async () => {
    const { out } = await start({ scenarios: ['fake-raft'] }, fakeEngine({ seed: 99 }));
    expect(out.split('\n')[0]).toBe('seed 99');
    expect((await start({ scenarios: ['fake-raft', 'fake-loses'] }, fakeEngine({ seed: 99 }))).out).toMatch(
      /^seed 1\n/,
    );
    expect((await start({ scenarios: ['fake-raft'], seeds: seeds(5, 5) })).out).toMatch(/^seed 5\n/);
  });

  it('selects by system and by name, and drawn plans when they are named', async () => {
    expect(rows((await startJson({ system: 'raftkv' })).document)).toEqual(['fake-raft safe 1 passed']);
    expect(rows((await startJson({ scenarios: ['swarm'], seeds: seeds(1, 2) })).document)).toEqual([
      'swarm swarm 1 passed',
      'swarm swarm 2 passed',
    ]);
  });

  it.each<[Partial<RunCommandOptions>, RegExp]>([
    [{ scenarios: ['fake-lose'] }, /there is no scenario fake-lose\n.*did you mean fake-loses\?/],
    [{ system: 'mongodb' }, /there is no system mongodb\n.*use one of kimberlite, raftkv/],
    [{ scenarios: ['fake-raft'], variant: 'literal' }, /no run is left/],
    [{ planFile: '/absent/plan.json' }, /cannot read the plan \/absent\/plan.json: there is no such file/],
  ])('refuses %j', async (changes, message) => {
    await expect(start(changes)).rejects.toThrow(message);
    await expect(start(changes)).rejects.toThrow(UserError);
  });

  it('a name that there is not is told before a seed is', async () => {
    const heard = listen();
    const line = await readCommandLine(['run', 'nosuch'], '9.9.9');
    if (line.kind !== 'command' || line.command.name !== 'run') throw new Error(line.kind);
    await expect(run(line.command.options, heard, fakeEngine())).rejects.toThrow('there is no scenario nosuch');
    expect([heard.out, heard.err]).toEqual(['', '']);
  });

  it('several seeds share a row with the median and the longest recovery', async () => {
    const { out } = await start({ scenarios: ['fake-raft'], seeds: seeds(1, 5) });
    expect(out).toMatch(/fake-raft +│ safe +│ 1\.\.5 +│ 5 passed +│ yes +│ 3 s, max 5 s/);
  });
});

describe('list', () => {
  it('shows each scenario with what a program needs, and drawn plans only in words', async () => {
    const json = listen();
    expect(await list({ json: true }, json, fakeEngine())).toBe(0);
    const rows = JSON.parse(json.out);
    expect(rows.map(({ id }: { id: string }) => id)).toEqual(['fake-loses', 'fake-sometimes', 'fake-raft']);
    expect(rows[0]).toEqual({
      id: 'fake-loses',
      system: 'kimberlite',
      title: 'the fake-loses incident',
      severity: 'P1',
      variants: ['safe', 'literal'],
      covers: ['fake-loses'],
      mttrUs: 180_000_000,
      mustReach: ['replica-recovered'],
    });
    const text = listen();
    await list({ json: false }, text, fakeEngine());
    expect(text.out).toMatch(/fake-raft +│ raftkv/);
    expect(text.out).toContain('firedrill run swarm');
  });
});

describe('an unexpected failure', () => {
  it('exits 1, is explained, and leaves a bundle with the line that replays it', async () => {
    const { code, out } = await start({ seeds: seeds(3, 3) }, fakeEngine({ source: oneScenario('fake-broken') }));
    expect(code).toBe(1);
    const path = join(folder, 'reports/runs/fake-broken-safe-3-00000003.json');
    expect(bundles()).toEqual(['fake-broken-safe-3-00000003.json']);
    expect(out).toContain(`again: npx firedrill replay ${path}`);
    expect(out).toContain('INV-DURABLE-ACK: an operation that a client was told is done does not survive');
    expect(out).toContain('op 12, replica 0');
    expect(readBundle(path)).toMatchObject({
      firedrill: '9.9.9',
      plan: { scenario: 'fake-broken', seed: 3 },
      expected: { verdict: 'failed', property: 'INV-DURABLE-ACK' },
    });
  });

  it('with --bundle an expected one leaves a bundle too', async () => {
    const { code, document } = await startJson({ scenarios: ['fake-loses'], seeds: seeds(2, 2), bundle: true });
    expect(code).toBe(0);
    expect(bundles()).toEqual(['fake-loses-literal-2-00000002.json']);
    expect(document.runs.map((each: { bundle: string | null }) => each.bundle !== null)).toEqual([false, true]);
  });

  it('whose bundle cannot be written is reported all the same, and exits 64 with nothing half-written', async () => {
    writeFileSync(join(folder, 'reports'), 'a file in the way');
    const { code, out, err } = await start({ seeds: seeds(3, 3) }, fakeEngine({ source: oneScenario('fake-broken') }));
    expect(code).toBe(64);
    expect(out).toContain('1 not as declared');
    expect(err).toMatch(/cannot write the bundle .*fake-broken-safe-3-00000003\.json: a part of the path is a file/);
    expect(err).toMatch(/remedy: .*--reports/);
    expect(readdirSync(folder)).toEqual(['reports']);
  });
});

describe('--without', () => {
  it('faults: every scenario must be vacuous', async () => {
    const { code, document } = await startJson({ without: 'faults' });
    expect(code).toBe(0);
    expect(document.totals).toEqual({ passed: 0, failed: 0, inconclusive: 5, unexpected: 0 });
  });

  it('resolve: safe variants must fail, those that heal alone must pass', async () => {
    const { code, document } = await startJson({ without: 'resolve' });
    expect(code).toBe(0);
    expect(rows(document)).toEqual([
      'fake-loses safe 1 failed',
      'fake-sometimes safe 1 failed',
      'fake-raft safe 1 passed',
    ]);
  });
});

describe('a plan file', () => {
  it('runs as it stands, and prints no seed', async () => {
    const file = join(folder, 'plan.json');
    writeFileSync(file, JSON.stringify(samplePlan({ scenario: 'fake-fine', seed: 77 })));
    const { code, document, err } = await startJson({ planFile: file });
    expect([code, rows(document), err]).toEqual([
      0,
      ['fake-fine safe 77 passed'],
      expect.not.stringContaining('seed 77\n'),
    ]);
  });

  it.each([
    ['{', /is not JSON/],
    [JSON.stringify({ ...samplePlan(), seed: 'x' }), /plan\.json: seed: .*\n {2}remedy: /],
  ])('that reads %.20s is refused with its place', async (text, message) => {
    const file = join(folder, 'plan.json');
    writeFileSync(file, text);
    await expect(start({ planFile: file })).rejects.toThrow(message);
  });
});

describe('trouble of our own', () => {
  it('a run that is lost twice exits 70 and is no verdict', async () => {
    const { code, document } = await startJson(
      { seeds: seeds(1, 1) },
      fakeEngine({ source: oneScenario('fake-crash') }),
    );
    expect(code).toBe(70);
    expect(document.runs[0]).toMatchObject({ verdict: 'inconclusive', reason: 'crashed', expected: false });
  });

  it('--check-determinism passes equal runs', async () => {
    const { code, out, err } = await start({ checkDeterminism: true, seeds: seeds(1, 2) });
    expect(code).toBe(0);
    expect(out).toContain('determinism: 10 plans ran twice with equal hashes');
    expect(err).toContain('running again 10/10');
  });

  it('--check-determinism exits 3 where another process gives another hash, and says where the traces part', async () => {
    const drifting = fakeEngine({ source: oneScenario('fake-drifts') });
    const { code, out } = await start({ checkDeterminism: true, seeds: seeds(1, 1) }, drifting);
    expect(code).toBe(3);
    expect(out).toMatch(
      /NONDETERMINISM: 1 of 1 .*\n +fake-drifts safe seed 1: hash 0*\d+ and 0*\d+\n.*among events 1025 to 2048/,
    );
    const json = await startJson({ checkDeterminism: true, seeds: seeds(1, 1) }, drifting);
    expect(json.document.determinism).toMatchObject({ checked: 1, divergences: [{ firstEvent: 1025, records: null }] });
  });

  it('names the first records that differ when one process shows them', async () => {
    let turn = 0;
    const drifting = fakeEngine({
      source: oneScenario('fake-drifts'),
      runPlan: async (plan, options) => {
        const { fakeRunPlan } = await import('../campaign/fake-run.ts');
        const outcome = await fakeRunPlan(plan, options);
        turn++;
        return {
          ...outcome,
          records: outcome.records.map((each) => (each.index === 1_500 ? { ...each, a: turn } : each)),
        };
      },
    });
    const { document } = await startJson({ checkDeterminism: true, seeds: seeds(1, 1) }, drifting);
    expect(document.determinism.divergences[0].records).toMatchObject({
      first: { event: 1_500 },
      second: { event: 1_500 },
    });
  });
});

describe('a bundle that was there before', () => {
  it('is replaced in one step', async () => {
    const engine = fakeEngine({ source: oneScenario('fake-broken') });
    await start({ seeds: seeds(3, 3) }, engine);
    const path = join(folder, 'reports/runs', bundles()[0]!);
    const before = readFileSync(path, 'utf8');
    chmodSync(path, 0o444);
    await start({ seeds: seeds(3, 3) }, engine);
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(bundles()).toHaveLength(1);
  });
});
