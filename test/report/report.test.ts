import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CommandRecord } from '../../src/plan/result.ts';
import { benchTable } from '../../src/report/bench-table.ts';
import { divergenceLines } from '../../src/report/determinism.ts';
import { durationText, instantText } from '../../src/report/duration.ts';
import { explanation, findingText, propertyMeaning } from '../../src/report/findings.ts';
import { listTable } from '../../src/report/list-table.ts';
import { mutantTable } from '../../src/report/mutant-table.ts';
import { painter } from '../../src/report/paint.ts';
import type { JudgedRun } from '../../src/report/run-report.ts';
import { runTable } from '../../src/report/run-table.ts';
import { traceTable } from '../../src/report/trace-table.ts';
import { failedResult, samplePlan, sampleResult } from '../support/sample-plan.ts';

const judged = (changes: Partial<JudgedRun> = {}): JudgedRun => ({
  result: sampleResult(),
  expected: true,
  wallMs: 5,
  bundle: null,
  again: 'npx firedrill run sample --seed 1',
  ...changes,
});

describe('times', () => {
  it.each([
    [-1, '-'],
    [0, '0 us'],
    [999, '999 us'],
    [1_000, '1 ms'],
    [12_540, '12.5 ms'],
    [999_949, '999.9 ms'],
    [999_950, '1 s'],
    [4_200_000, '4.2 s'],
    [59_949_999, '59.9 s'],
    [59_950_000, '1 min 00 s'],
    [245_000_000, '4 min 05 s'],
    [3_599_499_999, '59 min 59 s'],
    [3_600_000_000, '1 h 00 min'],
    [7_805_000_000, '2 h 10 min'],
  ])('%d us reads %s', (durationUs, text) => {
    expect(durationText(durationUs)).toBe(text);
  });

  it('instants keep all six digits', () => {
    expect([0, 1, 1_000_000, 61_000_300].map(instantText)).toEqual(['0.000000', '0.000001', '1.000000', '61.000300']);
  });
});

describe('words', () => {
  it('every property that judges a run has a meaning in words', () => {
    const sources = ['checkers', 'scenarios'].flatMap((layer) =>
      readdirSync(`src/${layer}`, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => readFileSync(`src/${layer}/${name}`, 'utf8')),
    );
    const named = new Set(sources.flatMap((source) => source.match(/(?<=')INV-[A-Z-]+[A-Z](?=')/g) ?? []));
    expect(named.size).toBeGreaterThan(30);
    expect([...named].filter((property) => propertyMeaning(property) === property)).toEqual([]);
  });

  it('a finding is told by its meaning, place and facts', () => {
    const finding = {
      property: 'INV-DURABLE-ACK',
      site: 'cold-restart',
      atUs: 61_000_300,
      args: { opNumber: 118, acknowledgedUs: 2_500_000, replica: 'replica-2' },
    };
    expect(findingText(finding)).toBe(
      'INV-DURABLE-ACK: an operation that a client was told is done does not survive ' +
        '(61.000300 s, cold-restart, op number 118, acknowledged 2.5 s, replica replica-2)',
    );
    expect(findingText({ ...finding, property: 'INV-NEW', args: {} })).toBe('INV-NEW (61.000300 s, cold-restart)');
    expect(propertyMeaning('INV-NEW')).toBe('INV-NEW');
    // The protocol's number of a client is `life * 1024 + host`.
    const again = { ...finding, property: 'INV-NEW', args: { client: 3 * 1_024 + 6 } };
    expect(findingText(again)).toBe('INV-NEW (61.000300 s, cold-restart, client 3078)');
    const named = 'INV-NEW (61.000300 s, cold-restart, client host-6 (id 3078))';
    expect(findingText(again, (host) => `host-${host}`)).toBe(named);
  });

  it('every reason of an inconclusive run is told, with what was pending', () => {
    const inconclusive = { verdict: 'inconclusive', reason: 'vacuous', pending: 'not reached: a' } as const;
    expect(explanation(sampleResult(inconclusive))).toMatch(/proves nothing \(not reached: a\)$/);
    for (const reason of ['excused', 'out-of-budget', 'crashed', 'hung'] as const) {
      expect(explanation(sampleResult({ ...inconclusive, reason, pending: '' }))).toMatch(/\w{5}/);
    }
    expect(explanation(sampleResult())).toBe('');
    expect(explanation(failedResult(['INV-PREFIX']))).toContain('no prefix');
  });
});

describe('the table of runs', () => {
  const plain = painter(false);

  it('says what was not as declared, why, and how to see it again', () => {
    const step: CommandRecord = {
      step: 'restart',
      on: 'replica-2',
      script: 'systemctl restart kimberlite',
      startedUs: 0,
      endedUs: 1,
      code: 5,
      stdout: '',
      stderr: '',
      asExpected: false,
    };
    const odd = failedResult(['INV-STEP-AS-EXPECTED', 'INV-RECOVERS'], { commands: [step], alertToRecoveryUs: -1 });
    const text = runTable([judged({ result: odd, expected: false })], plain);
    expect(text).toMatch(/sample +│ safe +│ 1 +│ failed +│ NO +│ - +│ 3 min 00 s +│ INV-STEP-AS-EXPECTED/);
    expect(text).toContain('1 run: 0 passed, 1 failed, 0 inconclusive; 1 not as declared');
    expect(text).toContain('step restart on replica-2 exited 5, not as expected');
    expect(text).toContain('again: npx firedrill run sample --seed 1');
  });

  it('says of a literal run what it should have failed', () => {
    const plan = samplePlan({
      variant: 'literal',
      expectedFailure: { property: 'INV-DURABLE-ACK', seeds: 'every', pinned: 0, reason: '' },
    });
    const text = runTable([judged({ result: sampleResult({ plan }), expected: false })], plain);
    expect(text).toContain('sample literal seed 1: passed, declared to fail INV-DURABLE-ACK');
  });

  it('counts verdicts and properties of many seeds, and seeds with gaps', () => {
    const run = (seed: number, property: string): JudgedRun => {
      const plan = samplePlan({ seed });
      const result = property === '' ? sampleResult({ plan }) : failedResult([property], { plan });
      return judged({ result, expected: property === '' });
    };
    const text = runTable([run(1, ''), run(2, 'INV-B'), run(3, 'INV-A'), run(4, 'INV-B'), run(9, '')], plain);
    expect(text).toMatch(/│ 5 seeds +│ 2 passed, 3 failed +│ NO, 3 not +│.*│ INV-B \(2\), INV-A \(1\)/);
  });

  it('explains ten runs and counts the rest', () => {
    const runs = Array.from({ length: 12 }, (_, seed) =>
      judged({ result: failedResult(['INV-A'], { plan: samplePlan({ seed }) }), expected: false }),
    );
    expect(runTable(runs, plain).match(/again: /g)).toHaveLength(10);
    expect(runTable(runs, plain)).toContain('and 2 more');
  });

  it('has colours only when asked for', () => {
    const control = '\u001b[';
    expect(runTable([judged()], plain)).not.toContain(control);
    expect(runTable([judged()], painter(true))).toContain(`${control}32mall as declared`);
  });
});

describe('other tables', () => {
  it('the list shows one row for each scenario', () => {
    const row = { id: 'scn1', system: 'kimberlite', title: 'A crash', severity: 'P1', variants: ['safe', 'literal'] };
    const text = listTable([
      { ...row, mttrUs: 180_000_000 },
      { ...row, id: 'scn2', mttrUs: 0 },
    ]);
    expect(text).toMatch(/scn1 +│ kimberlite +│ P1 +│ safe, literal +│ 3 min 00 s +│ A crash/);
    expect(text).toMatch(/scn2 .*│ - +│/);
  });

  it('mutants show what found them', () => {
    const row = { id: 'ack-before-sync', part: 'protocol', property: 'INV-DURABLE-ACK', runs: 300, fired: 290 };
    const killed = { killed: true, status: 'killed', medianSeeds: 12, p95Seeds: 40, maxSeeds: 51 };
    const survived = { killed: false, status: 'survived', medianSeeds: -1, p95Seeds: -1, maxSeeds: -1 };
    const times = { medianVirtualUs: 90_000_000, p95VirtualUs: 120_000_000, maxVirtualUs: 130_000_000 };
    const never = { medianVirtualUs: -1, p95VirtualUs: -1, maxVirtualUs: -1 };
    const text = mutantTable(
      [
        { ...row, ...killed, ...times },
        { ...row, ...survived, ...never, id: 'other' },
        { ...row, ...killed, ...never, id: 'partition-leaks', part: 'simulator', property: 'partition-reach' },
      ],
      painter(false),
    );
    expect(text).toMatch(
      /ack-before-sync +│ INV-DURABLE-ACK +│ killed +│ 12 +│ 40 +│ 51 +│ 1 min 30 s +│ 2 min 00 s +│ 2 min 10 s +│ 300 +│ 290/,
    );
    expect(text).toMatch(/other +│ INV-DURABLE-ACK +│ survived +│ - +│ - +│ - +│ - +│ - +│ - /);
    expect(text).toContain('1 of 2 killed by the named property');
    expect(text).toMatch(/partition-leaks +│ simulator +│ partition-reach +│ killed +│ 12 +│ 40 +│ 51 +│ 300/);
    expect(text).toContain('1 of 1 killed by the named check');
  });

  it('figures of a benchmark are grouped by thousands', () => {
    const text = benchTable([
      { name: 'vsr-healthy', eventsPerSecond: 1_234_567.8 },
      { name: 'queue', ratio: 0.12345 },
    ]);
    expect(text).toMatch(/vsr-healthy +│ 1,234,568 +│ -/);
    expect(text).toMatch(/queue +│ - +│ 0\.123/);
  });

  it('a trace stands in columns', () => {
    const line = { event: 12, atUs: 4_200_137, host: 2, kind: 'deliver', detail: 'prepare op 118' };
    expect(traceTable([line, { ...line, event: 130_000, host: -1, detail: '' }], (host) => `h${host}`)).toBe(
      [
        '    event            time  host          kind       detail',
        '       12        4.200137  h2            deliver    prepare op 118',
        '   130000        4.200137  h-1           deliver',
      ].join('\n'),
    );
  });

  it('a divergence names both records', () => {
    const line = { event: 1_500, atUs: 1, host: 2, kind: 'draw', detail: '7' };
    const divergence = {
      scenario: 's',
      variant: 'safe',
      seed: 3,
      differences: ['hash a and b'],
      firstEvent: 1_025,
      lastEvent: -1,
      records: { first: line, second: null },
    };
    expect(divergenceLines([divergence], 4)).toEqual([
      'NONDETERMINISM: 1 of 4 plans did not run alike twice',
      '  s safe seed 3: hash a and b',
      '    first difference after event 1024',
      '    first run:  event 1500 at 0.000001 s, host 2, draw: 7',
      '    second run: had already ended',
    ]);
  });
});
