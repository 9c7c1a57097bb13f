import { describe, expect, it } from 'vitest';
import { configJsonSchema, productRefusals, readConfig, withConfig } from '../../src/campaign/gate/config.ts';
import type { GateEvidence, GateRun } from '../../src/campaign/gate/evidence.ts';
import type { GatePolicy } from '../../src/campaign/gate/policy.ts';
import { readPolicy } from '../../src/campaign/gate/read-policy.ts';
import { baselineOf, GATE_RULES, gateReasons } from '../../src/campaign/gate/rules.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import { readPlan } from '../../src/plan/plan-file.ts';

const NAMES = {
  systems: ['kimberlite', 'raftkv'],
  rehearsed: [
    { id: 'raft', system: 'raftkv', variants: ['safe'] },
    { id: 'scn1', system: 'kimberlite', variants: ['safe', 'literal'] },
    { id: 'scn2', system: 'kimberlite', variants: ['safe'] },
  ],
  scenarios: ['scn1', 'scn2', 'swarm'],
  marks: ['view-started'],
  mutants: ['ack-before-sync'],
  severities: ['P0', 'P1'],
};

function policy(rest = '', what = 'rehearsals:\n  scenarios: [scn1]\n'): GatePolicy {
  return readPolicy(`version: 1\nname: a test\n${what}${rest}`, 'gate.yaml', NAMES);
}

function run(changes: Partial<GateRun> = {}): GateRun {
  return {
    scenario: 'scn1',
    variant: 'safe',
    profile: 'intended',
    seed: 7,
    verdict: 'passed',
    reason: '',
    property: '',
    signature: '',
    expected: true,
    recoveryUs: 30_000_000,
    alerts: [{ id: 'ALERT-A', severity: 'P0', afterUs: 20_000_000 }],
    again: 'npx firedrill run scn1 --variant safe --seed 7',
    ...changes,
  };
}

const failure = run({
  verdict: 'failed',
  expected: false,
  property: 'INV-A',
  signature: 'INV-A @ here',
  recoveryUs: -1,
});
const vague = (reason: string, seed = 8): GateRun => run({ verdict: 'inconclusive', reason, expected: false, seed });

function evidence(runs: readonly GateRun[] = [run()], changes: Partial<GateEvidence> = {}): GateEvidence {
  return {
    today: '2026-11-21',
    required: [{ scenario: 'scn1', variant: 'safe', profile: 'intended' }],
    runs,
    severities: new Map([['scn1', 'P0']]),
    features: 1_000,
    marks: new Map([['view-started', 3]]),
    canaries: [],
    accepted: null,
    ...changes,
  };
}

const WAIVER =
  'waivers:\n  - {scenario: scn1, signature: INV-A @ here, owner: ops, reason: mended next week, expires: ';
const DRAWN = 'drawn:\n  seeds: 10\n';
const accepted = { failures: [], features: 1_000, recoveries: [{ scenario: 'scn1', medianUs: 30_000_000 }] };

describe('policies that open the gate', () => {
  it.each<[string, GatePolicy, GateEvidence]>([
    ['rehearsals alone', policy(), evidence([run()], { features: -1 })],
    [
      'a declared failure, and bounds that hold',
      policy('bounds:\n  - {severity: P0, alert: 30s, recovery: 1m}\n'),
      evidence([run(), run({ variant: 'literal', verdict: 'failed', signature: 'INV-A @ here', recoveryUs: -1 })]),
    ],
    [
      'drawn plans with coverage, marks and a canary that was found',
      policy('coverage: {features: 900, marks: [view-started]}\ncanaries: {mutants: [ack-before-sync]}\n', DRAWN),
      evidence([run()], { canaries: [{ id: 'ack-before-sync', killed: true, status: 'killed' }] }),
    ],
    ['a waived failure that still fails', policy(`${WAIVER}2026-11-21}\n`), evidence([run(), failure])],
    [
      'some inconclusive runs, and no worse than the accepted run',
      policy('inconclusive_max: 50%\nallow: [vacuous]\naccepted: {recovery_slower_max: 10%}\n'),
      evidence([run(), vague('vacuous')], { accepted }),
    ],
  ])('%s', (_name, given, found) => {
    expect(gateReasons(given, found)).toEqual([]);
  });
});

describe('policies that keep it shut, each rule once', () => {
  const ACCEPTED = 'accepted: {recovery_slower_max: 10%, coverage_loss_max: 5%}\n';
  const cases: [string, GatePolicy, GateEvidence][] = [
    ['nondeterminism', policy(), evidence([run(), vague('nondeterminism')])],
    ['lost-run', policy(), evidence([run(), vague('hung')])],
    ['unexpected-failure', policy(), evidence([run(), failure, { ...failure, seed: 9 }])],
    ['unexpected-pass', policy(), evidence([run(), run({ variant: 'literal', expected: false, recoveryUs: -1 })])],
    ['required-run-missing', policy('inconclusive_max: 100%\n'), evidence([vague('excused')])],
    [
      'canary-survived',
      policy('canaries: {mutants: [ack-before-sync]}\n'),
      evidence([run()], { canaries: [{ id: 'ack-before-sync', killed: false, status: 'survived' }] }),
    ],
    ['waiver-expired', policy(`${WAIVER}2026-11-20}\n`), evidence([run(), failure])],
    ['waiver-unused', policy(`${WAIVER}2026-12-31}\n`), evidence()],
    ['verdict-not-allowed', policy('allow: [vacuous]\ninconclusive_max: 50%\n'), evidence([run(), vague('excused')])],
    [
      'too-many-inconclusive',
      policy('inconclusive_max: 30%\n'),
      evidence([run(), run(), vague('vacuous'), vague('excused')]),
    ],
    ['recovery-too-slow', policy('bounds: [{severity: P0, recovery: 29s}]\n'), evidence()],
    ['alert-too-late', policy('bounds: [{severity: P0, alert: 19s}]\n'), evidence()],
    ['mark-not-reached', policy('coverage: {marks: [view-started]}\n'), evidence([run()], { marks: new Map() })],
    ['coverage-too-low', policy('coverage: {features: 1001}\n', DRAWN), evidence()],
    [
      'new-failure',
      policy(ACCEPTED),
      evidence([run(), run({ ...failure, variant: 'literal', expected: true })], { accepted }),
    ],
    ['coverage-lost', policy(ACCEPTED), evidence([run()], { accepted, features: 949 })],
    ['recovery-slower', policy(ACCEPTED), evidence([run({ recoveryUs: 33_000_001 })], { accepted })],
  ];

  it.each(cases)('%s', (rule, given, found) => {
    expect(gateReasons(given, found).map((each) => each.rule)).toEqual([rule]);
  });

  it('nothing ran', () => {
    const found = gateReasons(policy('', DRAWN), evidence([], { required: [] }));
    expect(found).toEqual([{ rule: 'required-run-missing', text: 'nothing ran', replay: null }]);
  });

  it('every rule has a case, and the weightiest reason is told first', () => {
    expect(cases.map(([rule]) => rule)).toEqual([...GATE_RULES]);
    const found = evidence([vague('vacuous'), vague('hung'), failure], { marks: new Map() });
    const rules = gateReasons(policy('coverage: {marks: [view-started]}\n'), found).map((each) => each.rule);
    expect(rules).toEqual(['lost-run', 'unexpected-failure', 'too-many-inconclusive', 'mark-not-reached']);
  });

  it('a waiver does not stand for the same property elsewhere', () => {
    const elsewhere = { ...failure, signature: 'INV-A @ there' };
    const rules = gateReasons(policy(`${WAIVER}2026-12-31}\n`), evidence([run(), elsewhere])).map((each) => each.rule);
    expect(rules).toEqual(['unexpected-failure', 'waiver-unused']);
  });

  it('a baseline is what the next gate compares with', () => {
    const base = baselineOf({ runs: [run(), run({ recoveryUs: 50_000_000 }), failure], features: 12 });
    expect(base).toEqual({
      failures: [{ scenario: 'scn1', signature: 'INV-A @ here' }],
      features: 12,
      recoveries: [{ scenario: 'scn1', medianUs: 30_000_000 }],
    });
  });
});

describe('a policy with a mistake is refused with its place', () => {
  const wrong = (text: string): string => {
    try {
      readPolicy(text, 'gate.yaml', NAMES);
    } catch (error) {
      return (error as Error).message;
    }
    return 'was read';
  };
  const HEAD = 'version: 1\nname: a test\nrehearsals:\n  scenarios: [scn1]\n';

  it.each([
    [
      `${HEAD}canarys:\n  mutants: [x]\n`,
      'gate.yaml:5:1: canarys: key canarys is not known here; did you mean canaries?',
    ],
    [
      'version: 1\nname: a\nrehearsals:\n  scenarios: [scm1]\n',
      'gate.yaml:4:15: rehearsals.scenarios[0]: there is no scenario scm1; did you mean scn1?',
    ],
    [
      'version: 1\nname: a\nrehearsals:\n  scenarios: [scn1, swarm]\n',
      'gate.yaml:4:21: rehearsals.scenarios[1]: swarm stands for drawn plans and is no rehearsal; leave it out and add',
    ],
    [
      'version: 1\nname: a\nrehearsals:\n  scenarios: [scn1, scn2]\n  variants: [literal]\n',
      'gate.yaml:4:21: rehearsals.scenarios[1]: scn2 has no variant literal; it has safe',
    ],
    [
      'version: 1\nname: a\nrehearsals:\n  systems: [raftkv]\n  variants: [literal]\n',
      'gate.yaml:4:13: rehearsals.systems[0]: no scenario of raftkv has a variant literal; correct variants',
    ],
    ['version: 1\nname: a\ndrawn: {time: 0s}\n', 'gate.yaml:3:15: drawn.time: is shorter than a second'],
    [`${HEAD}${WAIVER}2026-02-30}\n`, 'gate.yaml:6:94: waivers[0].expires: is not a date such as 2027-03-31'],
    [`${HEAD}inconclusive_max: 5\n`, 'gate.yaml:5:19: inconclusive_max: is not a share such as 5% or 0.1%'],
    ['version: 1\nname: a\n', 'gate.yaml:1:1: requires nothing to run'],
    [`${HEAD}canaries: {mutants: [ack-before-synk]}\n`, 'did you mean ack-before-sync?'],
    [`${HEAD}bounds: [{severity: P9, recovery: 1m}]\n`, 'there is no severity P9'],
    [`${HEAD}drawn: {seeds: 5, time: 1m}\n`, 'gate.yaml:5:8: drawn: is without a size, or has two: give seeds or time'],
    [
      `${HEAD}waivers:\n  - {scenario: scn1, signature: INV-A, owner: o, reason: r, expires: 2027-01-01}\n`,
      'is no signature',
    ],
    ['version: 2\nname: a\n', 'gate.yaml:1:10: version: '],
    ['version: 1\n  name: x\n', 'the YAML is broken'],
  ])('%#', (text, said) => {
    expect(wrong(text)).toContain(said);
  });
});

describe('a configuration', () => {
  it('is laid over a drawn plan, which stays a plan that can be read', () => {
    const config = readConfig(
      'cluster-size: 5\nheartbeat-interval-ms: 20\nelection-timeout-ms: 400\nclock-tolerance-ms: 250\nfsync: false\n' +
        'network: {rtt-ms: 2, loss: 1%}\ndisk: {fsync-latency-ms: 8, queue-depth: 4}\n',
      'c.yaml',
    );
    const plan = withConfig(swarmPlan(3, { replicaCount: 5 }), config);
    expect(plan.cluster).toMatchObject({ heartbeatUs: 20_000, electionTimeoutUs: 400_000, clockToleranceUs: 250_000 });
    expect(plan.network).toMatchObject({ latencyUsMin: 800, latencyUsMean: 1_000, lossPer65536: 655 });
    expect(plan.disk).toMatchObject({ fsyncLatencyUsMin: 4_000, fsyncLatencyUsMean: 8_000, queueDepth: 4 });
    expect(plan.guardsOff).toEqual(['fsync']);
    expect(readPlan(JSON.parse(JSON.stringify(plan)))).toMatchObject({ kind: 'plan' });
    expect(productRefusals(config)).toEqual(['fsync false: acknowledged operations need not be on stable storage']);
  });

  it('is refused by name where the model has no such setting, and by place where it is wrong', () => {
    const wrong = (text: string): string => {
      try {
        readConfig(text, 'c.yaml');
      } catch (error) {
        return (error as Error).message;
      }
      return 'was read';
    };
    expect(wrong('max-batch-size: 100\n')).toContain(
      'c.yaml:1:1: max-batch-size: the model does not implement the setting max-batch-size',
    );
    expect(wrong('election-timeout: 5\n')).toContain('did you mean election-timeout-ms?');
    expect(wrong('cluster-size: 0\n')).toContain('c.yaml:1:15: cluster-size: is below 1');
    expect(wrong('{}\n')).toContain('sets nothing');
    expect(wrong('disk: {}\n')).toContain(':1:7: disk: sets nothing; set something');
    expect(wrong('cluster-size: 3\nnetwork: {}\n')).toContain(':2:10: network: sets nothing');
    expect(Object.keys((configJsonSchema() as { properties: object }).properties)).toContain('clock-tolerance-ms');
  });

  it('says what the product itself would refuse', () => {
    expect(productRefusals({ 'cluster-size': 2 })).toEqual(['cluster-size 2: cluster size must be odd (2f+1)']);
    expect(
      productRefusals({ 'election-timeout-ms': 100, 'heartbeat-interval-ms': 50, network: { 'rtt-ms': 300 } }),
    ).toHaveLength(2);
    expect(productRefusals({ 'cluster-size': 3 })).toEqual([]);
  });
});
