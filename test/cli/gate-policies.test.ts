import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GATE_RULES } from '../../src/campaign/gate/rules.ts';
import { readBundle } from '../../src/cli/bundle.ts';
import { type GateOptions, gate } from '../../src/cli/commands/gate.ts';
import { readAttestation } from '../../src/cli/gate-attestation.ts';
import type { ScenarioSource } from '../../src/cli/scenario-source.ts';
import type { ReportModel } from '../../src/report/model.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import { fakeEngine, fakeSource, listen } from './kit.ts';

// Each policy goes through the whole command: read, run by worker processes (gate-worker.ts), judged, attested.

const ENDS = ['good', 'loses', 'broken', 'passes', 'lost', 'drifts', 'excused', 'half'];
const [loses] = fakeSource.list();
const ACK = { property: 'INV-DURABLE-ACK', seeds: 'every', pinned: 0, reason: '' } as const;

const source: ScenarioSource = {
  list: () => ENDS.map((end) => ({ ...loses!, id: `gate-${end}`, system: end === 'good' ? 'raftkv' : 'kimberlite' })),
  plan: (scenario, variant, seed) => ({
    ...fakeSource.plan(scenario, variant, seed),
    expectedFailure: variant === 'literal' ? ACK : null,
  }),
};

let folder = '';
/** The attestation of a run in which all was well. */
let accepted = '';
let tries = 0;

interface Tried {
  readonly code: number;
  readonly said: string;
  readonly rules: readonly string[];
  readonly attestation: string;
}

async function tryGate(policy: string, changes: Partial<GateOptions> = {}): Promise<Tried> {
  const out = join(folder, String(++tries));
  const file = `${out}.yaml`;
  writeFileSync(file, `version: 1\nname: a test\n${policy}\n`);
  const options: GateOptions = {
    policy: file,
    accepted: null,
    commit: 'c0ffee',
    configFrom: null,
    configSchema: false,
    out,
    jobs: 1,
    json: false,
    ...changes,
  };
  const engine = {
    ...fakeEngine(changes.configFrom === undefined ? { source } : { source, runPlan }),
    worker: new URL('gate-worker.ts', import.meta.url),
  };
  const heard = listen();
  const commit = { commit: 'c0ffee', dirty: false };
  const surroundings = { today: '2026-11-21', startedAt: '2026-11-21T00:00:00.000Z', commit };
  const code = await gate(options, heard, engine, { ids: [], page: () => null }, surroundings);
  const attestation = join(out, 'attestation.json');
  const { reasons, exitCode, verdict } = readAttestation(attestation);
  expect([exitCode, verdict]).toEqual([code, reasons.length === 0 ? 'passed' : 'failed']);
  return { code, said: heard.out, rules: reasons.map(({ rule }) => rule), attestation };
}

const safe = (scenario: string, seeds = 1): string =>
  `rehearsals: {scenarios: [gate-${scenario}], variants: [safe], seeds: ${seeds}}`;
const waiver = (expires: string): string =>
  `waivers: [{scenario: gate-broken, signature: INV-DURABLE-ACK @ sample-site, owner: ops, reason: a ticket, expires: ${expires}}]`;
const DRAWN = 'drawn: {seeds: 3, strategies: [swarm]}';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'firedrill-policies-'));
  accepted = (await tryGate(`${safe('good')}\n${DRAWN}`)).attestation;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('policies that open the gate', () => {
  it.each([
    [
      'a system that is required, in both profiles',
      'rehearsals: {systems: [raftkv], variants: [safe], profiles: [intended, as_built]}',
    ],
    [
      'a declared failure, within the bounds',
      'rehearsals: {scenarios: [gate-loses]}\nbounds: [{severity: P1, alert: 20s, recovery: 30s}]',
    ],
    [
      'drawn plans by time, with coverage, marks and a canary',
      'drawn: {time: 1s, strategies: [swarm, uniform]}\ncoverage: {features: 10, marks: [view-started]}\n' +
        'canaries: {mutants: [ack-before-sync], seeds_max: 1}',
    ],
    ['a waived failure that still fails', `${safe('broken')}\n${waiver('2026-11-21')}`],
    ['some inconclusive runs', `${safe('half', 2)}\nallow: [vacuous]\ninconclusive_max: 50%`],
  ])('%s', async (_, policy) => {
    const { code, rules, said } = await tryGate(policy);
    expect([code, rules], said).toEqual([0, []]);
    expect(said).toContain('gate PASSED: a test');
  });

  it('what is no worse than the accepted run', async () => {
    const policy = `${safe('good')}\n${DRAWN}\naccepted: {recovery_slower_max: 0%}`;
    expect(await tryGate(policy, { accepted })).toMatchObject({ code: 0, rules: [] });
  });
});

describe('policies that keep it shut, each rule once', () => {
  const cases: [rule: string, code: number, policy: string, changes?: 'accepted'][] = [
    ['nondeterminism', 3, safe('drifts', 2)],
    ['lost-run', 70, safe('lost', 2)],
    ['unexpected-failure', 1, safe('broken')],
    ['unexpected-pass', 1, 'rehearsals: {scenarios: [gate-passes], variants: [literal]}'],
    ['required-run-missing', 1, `${safe('excused')}\ninconclusive_max: 100%`],
    ['canary-survived', 1, `${safe('good')}\ncanaries: {mutants: [sessions-lost], seeds_max: 1}`],
    ['waiver-expired', 1, `${safe('broken')}\n${waiver('2026-11-20')}`],
    ['waiver-unused', 1, `${safe('good')}\n${waiver('2026-11-21')}`],
    ['verdict-not-allowed', 2, `${safe('half', 2)}\nallow: [excused]\ninconclusive_max: 50%`],
    ['too-many-inconclusive', 2, `${safe('half', 2)}\ninconclusive_max: 49%`],
    ['recovery-too-slow', 1, `${safe('good')}\nbounds: [{severity: P1, recovery: 29s}]`],
    ['alert-too-late', 1, `${safe('good')}\nbounds: [{severity: P1, alert: 19s}]`],
    ['mark-not-reached', 1, `${DRAWN}\ncoverage: {marks: [recovery-complete]}`],
    ['coverage-too-low', 1, `${DRAWN}\ncoverage: {features: 11}`],
    ['new-failure', 1, `rehearsals: {scenarios: [gate-loses]}\n${DRAWN}\naccepted: {}`, 'accepted'],
    ['coverage-lost', 1, `${safe('good')}\naccepted: {}`, 'accepted'],
    [
      'recovery-slower',
      1,
      `rehearsals: {scenarios: [gate-good], variants: [safe], profiles: [as_built]}\n${DRAWN}\n` +
        'accepted: {recovery_slower_max: 19%}',
      'accepted',
    ],
  ];

  it('are one for each rule', () => {
    expect(cases.map(([rule]) => rule)).toEqual([...GATE_RULES]);
  });

  it.each(cases)('%s: exit code %i', async (rule, wanted, policy, changes) => {
    const { code, rules, said } = await tryGate(policy, changes === undefined ? {} : { accepted });
    expect([code, rules], said).toEqual([wanted, [rule]]);
    expect(said).toMatch(new RegExp(`gate FAILED: a test .*\n  ${rule}: `));
  });

  it('what the accepted run had and drawn plans no longer show', async () => {
    const { said } = await tryGate(`${safe('good')}\naccepted: {}`, { accepted });
    expect(said).toContain('coverage-lost: no drawn plans, the accepted run had 10 features');
  });

  it('a waiver of what is declared says so', async () => {
    const policy = `rehearsals: {scenarios: [gate-loses]}\n${waiver('2026-11-21').replace('gate-broken', 'gate-loses')}`;
    const { rules, said } = await tryGate(policy);
    expect(rules).toEqual(['waiver-unused']);
    expect(said).toContain(
      'runs fail so only where the scenario declares it, which needs no waiver; remove the waiver',
    );
  });

  it('an unsafe configuration, with what the product would have refused', async () => {
    const configFrom = join(folder, 'cluster.yaml');
    writeFileSync(configFrom, 'fsync: false\n');
    const { code, rules, said, attestation } = await tryGate('drawn: {seeds: 1}', { configFrom });
    expect([code, new Set(rules)]).toEqual([1, new Set(['unexpected-failure'])]);
    expect(said).toContain('unexpected-failure: config-steady swarm: INV-DURABLE-ACK @ ');
    // No command line draws a configured plan: each line is one that shows it, or there is none.
    expect(said).not.toContain('npx firedrill run ');
    const lines = [...said.matchAll(/npx firedrill replay (\S+)/g)].map(([, bundle]) => bundle!);
    expect(lines.length).toBeGreaterThan(0);
    const { plan, expected } = readBundle(lines[0]!);
    const { result } = await runPlan(plan, { recording: false });
    expect([plan.scenario, result.traceHash]).toEqual(['config-steady', expected.hash]);
    const { runs } = JSON.parse(readFileSync(join(attestation, '../report.json'), 'utf8')) as ReportModel;
    for (const { replay } of runs) expect(replay).toMatch(/^$|^npx firedrill replay /);
    expect(said).toContain('the product itself would refuse it (switched off here): fsync false');
  });
});
