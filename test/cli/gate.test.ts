import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'junit2json';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type GateOptions, type GateSurroundings, gate } from '../../src/cli/commands/gate.ts';
import { type Attestation, attestationText, readAttestation } from '../../src/cli/gate-attestation.ts';
import { readGateConfig } from '../../src/cli/gate-config.ts';
import { gateSeed } from '../../src/cli/gate-runs.ts';
import type { ScenarioSource } from '../../src/cli/scenario-source.ts';
import type { ReportModel } from '../../src/report/model.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import { fakeEngine, fakeSource, listen } from './kit.ts';

const PAGES = { ids: [], page: () => null };
const SURROUNDINGS: GateSurroundings = {
  today: '2026-11-21',
  startedAt: '2026-11-21T00:00:00.000Z',
  commit: { commit: 'c0ffee', dirty: true },
};

/** The fake scenarios, and others by the names of what `fakeRunPlan` does with them. */
const source: ScenarioSource = {
  list: () => [...fakeSource.list(), ...['fake-broken', 'fake-crash'].map((id) => ({ ...fakeSource.list()[2]!, id }))],
  plan: fakeSource.plan,
};

interface Tried {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly folder: string;
}

async function tryGate(policy: string, changes: Partial<GateOptions> = {}): Promise<Tried> {
  const folder = mkdtempSync(join(tmpdir(), 'firedrill-gate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'gate.yaml');
  writeFileSync(file, policy);
  const options: GateOptions = {
    policy: file,
    accepted: null,
    commit: null,
    configFrom: null,
    configSchema: false,
    out: join(folder, 'out'),
    jobs: 1,
    json: false,
    ...changes,
  };
  const heard = listen();
  const code = await gate(options, heard, fakeEngine({ source }), PAGES, SURROUNDINGS);
  return { code, out: heard.out, err: heard.err, folder };
}

const HEAD = 'version: 1\nname: a test\nrehearsals:\n  seeds: 2\n  scenarios: ';

describe('firedrill gate', () => {
  it('opens, and attests what it tried', async () => {
    const { code, out, folder } = await tryGate(`${HEAD}[fake-loses, fake-raft]\n`);
    expect(code, out).toBe(0);
    expect(out).toContain('gate PASSED: a test');
    expect(out).toContain('not the shipped binary');
    const path = join(folder, 'out', 'attestation.json');
    const attestation = readAttestation(path);
    const from = gateSeed('c0ffee', 1_000_000);
    expect(attestation).toMatchObject({
      verdict: 'passed',
      commit: 'c0ffee',
      dirty: true,
      budget: 'restricted',
      profiles: ['intended'],
      seeds: { from, rehearsals: 2, drawn: 0 },
      totals: { runs: 6, passed: 4, failed: 2, unexpected: 0 },
    });
    expect(attestation.note).toContain('no signature');
    expect(attestation.plans.hashes).toHaveLength(6);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"passed"', '"failed"'));
    expect(() => readAttestation(path)).toThrow('the hash does not match');
  });

  it('stays shut with its reasons in the report, in JUnit and in the exit code', async () => {
    const { code, out, folder } = await tryGate(`${HEAD}[fake-broken, fake-loses]\n`);
    expect(code).toBe(1);
    expect(out).toMatch(
      /gate FAILED[\s\S]*unexpected-failure: fake-broken safe: INV-DURABLE-ACK @ [\s\S]*npx firedrill replay/,
    );
    const junit = await parse(readFileSync(join(folder, 'out', 'junit.xml'), 'utf8'));
    expect(junit).toMatchObject({ failures: 2 });
    expect(readFileSync(join(folder, 'out', 'annotations.txt'), 'utf8')).toMatch(
      /^::error title=gate%3A unexpected-failure/,
    );
    expect(readFileSync(join(folder, 'out', 'summary.md'), 'utf8')).toContain('## Gate: failed');
  });

  it('tells unused waivers, and what is new beside the accepted run', async () => {
    const unused = await tryGate(
      `${HEAD}[fake-broken]\nwaivers:\n  - {scenario: fake-broken, signature: INV-DURABLE-ACK @ x, owner: o, reason: r, expires: 2027-01-01}\n`,
    );
    expect(unused.out).toContain('waiver-unused');
    const first = await tryGate(`${HEAD}[fake-raft]\n`);
    const accepted = join(first.folder, 'out', 'attestation.json');
    const second = await tryGate(`${HEAD}[fake-raft, fake-loses]\naccepted: {}\n`, { accepted });
    expect(second.out).toContain('new-failure: fake-loses: INV-DURABLE-ACK');
    expect(second.code).toBe(1);
  });

  it('compares with an accepted run only where the policy says how, and only with one that passed', async () => {
    const passed = await tryGate(`${HEAD}[fake-raft]\n`);
    const failed = await tryGate(`${HEAD}[fake-broken]\n`);
    const attestation = ({ folder }: Tried): string => join(folder, 'out', 'attestation.json');
    await expect(tryGate(`${HEAD}[fake-raft]\n`, { accepted: attestation(passed) })).rejects.toThrow(
      /no key accepted[\s\S]*add accepted: \{\}/,
    );
    const policy = `${HEAD}[fake-raft]\naccepted: {}\n`;
    await expect(tryGate(policy, { accepted: attestation(failed) })).rejects.toThrow('did not pass');
    const path = join(passed.folder, 'bare.json');
    const { baseline: _, ...bare } = readAttestation(attestation(passed));
    writeFileSync(path, attestationText(bare as Attestation));
    await expect(tryGate(policy, { accepted: path })).rejects.toThrow('no baseline');
    expect((await tryGate(policy, { accepted: attestation(passed) })).code).toBe(0);
  });

  it('says before it runs anything that its folder cannot be written', async () => {
    const out = join(mkdtempSync(join(tmpdir(), 'firedrill-gate-')), 'a-file');
    onTestFinished(() => rmSync(dirname(out), { recursive: true, force: true }));
    writeFileSync(out, 'mine');
    await expect(tryGate(`${HEAD}[fake-crash]\n`, { out })).rejects.toThrow(/cannot write into .*a-file.*not a folder/);
    expect(readFileSync(out, 'utf8')).toBe('mine');
  });

  it('keeps its verdict when a report cannot be written, and then writes no attestation', async () => {
    const out = mkdtempSync(join(tmpdir(), 'firedrill-gate-'));
    onTestFinished(() => rmSync(out, { recursive: true, force: true }));
    mkdirSync(join(out, 'summary.md'));
    const { code, out: said, err } = await tryGate(`${HEAD}[fake-broken]\n`, { out, json: true });
    expect(code).toBe(64);
    expect(JSON.parse(said)).toMatchObject({ verdict: 'failed', exitCode: 1 });
    expect(err).toContain('cannot write');
    const left = readdirSync(out).filter((name) => name !== 'runs');
    expect(left.sort()).toEqual(['junit.xml', 'report.json', 'summary.md']);
  });

  it('shows a drawn run again by a line that does, or by none', async () => {
    const { folder } = await tryGate('version: 1\nname: a\ndrawn: {seeds: 3, strategies: [storm, swarm]}\n');
    const { runs } = JSON.parse(readFileSync(join(folder, 'out', 'report.json'), 'utf8')) as ReportModel;
    const lines = runs.map(({ replay }) => replay.replace(/\d+$/, 'N'));
    expect(lines.filter((line) => line === 'npx firedrill run swarm --seed N')).toHaveLength(3);
    const others = lines.filter((line) => !line.startsWith('npx firedrill run'));
    expect(others).toHaveLength(3);
    expect(others.filter((line) => line !== '')).toEqual([expect.stringMatching(/^npx firedrill replay \S+\.json$/)]);
  });

  it('asks for a name of what it tried where there is no commit', async () => {
    const { out } = await tryGate(`${HEAD}[fake-raft]\n`, { commit: 'unknown' });
    expect(out).toContain('--commit NAME');
  });

  it('a canary that nothing finds keeps it shut', async () => {
    const { code, out } = await tryGate(`${HEAD}[fake-raft]\ncanaries: {mutants: [ack-before-sync], seeds_max: 1}\n`);
    expect(out).toContain('canary-survived: the planted bug ack-before-sync was not found');
    expect(code).toBe(1);
  });

  it('exits 70 where a run was lost', async () => {
    const { code, out } = await tryGate(`${HEAD}[fake-crash]\n`);
    expect(out).toContain('lost-run: fake-crash safe');
    expect(code).toBe(70);
  });

  it('seeds derive from the commit', () => {
    expect(gateSeed('a', 1_000)).toBe(gateSeed('a', 1_000));
    expect(gateSeed('a', 1_000)).not.toBe(gateSeed('b', 1_000));
  });
});

describe('a configuration fails by what happens', () => {
  /** What the first probe says that does not pass; '' when the first four do. */
  async function probed(text: string): Promise<string> {
    const config = readGateConfig(text, 'c.yaml');
    for (const probe of config.probes(1).slice(0, 4)) {
      const { run } = await probe(runPlan);
      if (run.verdict !== 'passed') return `${run.scenario}: ${run.verdict} ${run.property}`;
    }
    return '';
  }

  it('two replicas do not survive one', async () => {
    expect(await probed('cluster-size: 2\n')).toBe('config-minus-one: failed INV-AVAILABLE-MINUS-ONE');
  }, 60_000);

  it('an election timeout below the round trip leaves no primary alone', async () => {
    const text = 'election-timeout-ms: 100\nheartbeat-interval-ms: 50\nnetwork: {rtt-ms: 300}\n';
    expect(await probed(text)).toMatch(/^config-/);
  }, 60_000);

  it('without fsync acknowledged operations are not durable', async () => {
    expect(await probed('fsync: false\n')).toBe('config-steady: failed INV-DURABLE-ACK');
  }, 60_000);

  it("the product's defaults pass", async () => {
    expect(
      await probed('heartbeat-interval-ms: 100\nelection-timeout-ms: 1000\nfsync: true\nnetwork: {rtt-ms: 1}\n'),
    ).toBe('');
  }, 60_000);
});
