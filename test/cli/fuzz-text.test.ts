import { render } from 'ink-testing-library';
import { createElement } from 'react';
import { describe, expect, it } from 'vitest';
import type { CampaignSummary } from '../../src/campaign/summary.ts';
import type { TriagedSignature } from '../../src/campaign/triage.ts';
import type { FuzzProgressState } from '../../src/cli/fuzz-meter.ts';
import { countText, progressLine, progressLines, sparkline } from '../../src/cli/fuzz-progress-text.ts';
import { fuzzReport, type ReportParts } from '../../src/cli/fuzz-report.ts';
import { fuzzText } from '../../src/cli/fuzz-text.ts';
import { LinesView } from '../../src/cli/progress-ink.ts';
import { painter } from '../../src/report/paint.ts';
import { SPEC } from '../campaign/coordinator-kit.ts';

const state: FuzzProgressState = {
  runs: 500,
  total: 2_000,
  runsPerSecond: 38.25,
  eventsPerSecond: 956_250,
  virtualPerSecond: 1_530,
  features: 4_512,
  curve: [0, 2_000, 4_000, 4_512],
  inconclusive: 3,
  signatures: [
    { signature: 'INV-PREFIX @ log', count: 2, firstIndex: 4, firstSeed: 5, known: false, note: '' },
    { signature: 'INV-RECOVERS @ not-converged', count: 1, firstIndex: 9, firstSeed: 10, known: true, note: 'old' },
  ],
  secondsLeft: 39.2,
};

describe('progress of a campaign', () => {
  it('is a line in a log', () => {
    expect(progressLine(state)).toBe(
      '500/2000 runs, 38.3 runs/s, 956.3k events/s, 25 min 30 s of virtual time a second, 4512 features, ' +
        '3 inconclusive, 3 failures by 2 signatures, 1 new, 39 s left',
    );
    expect(progressLine({ ...state, total: -1, features: 0, signatures: [], secondsLeft: -1 })).toBe(
      '500 runs, 38.3 runs/s, 956.3k events/s, 25 min 30 s of virtual time a second, 3 inconclusive, 0 failures',
    );
  });

  it('is drawn on a terminal, with the curve of coverage', () => {
    const { lastFrame } = render(createElement(LinesView, { lines: progressLines(state) }));
    expect(lastFrame()!.split('\n')).toEqual([
      `fuzzing [${'#'.repeat(7)}${'.'.repeat(23)}] 500/2000, 39 s left`,
      '  38.3 runs/s, 956.3k events/s, 25 min 30 s of virtual time a second',
      '  coverage 4512 features ▁▄██',
      '  3 inconclusive, failures:',
      '    2 x INV-PREFIX @ log (new)',
      '    1 x INV-RECOVERS @ not-converged (known)',
    ]);
  });

  it('says large counts in few characters', () => {
    expect([0, 999, 1_000, 12_340, 1_250_000].map(countText)).toEqual(['0', '999', '1.0k', '12.3k', '1.25M']);
    expect(sparkline([])).toBe('');
    expect(sparkline([0, 0])).toBe('▁▁');
  });
});

const summary: CampaignSummary = {
  runs: 1_000,
  leftOut: 0,
  failedLeftOut: 0,
  passed: 996,
  failed: 0,
  inconclusive: 4,
  unexpected: 0,
  byReason: { excused: 2, 'out-of-model': 1, vacuous: 1 },
  bars: [
    { reason: 'vacuous', runs: 1, share: 0.001, barShare: 0.005, within: true },
    { reason: 'excused', runs: 2, share: 0.002, barShare: 0.025, within: true },
    { reason: 'out-of-budget', runs: 0, share: 0, barShare: 0, within: true },
  ],
  sizes: [
    { name: 'events', median: 25_180, min: 10_000, max: 40_000, within: true },
    { name: 'acknowledged', median: 90, min: 100, max: -1, within: false },
    { name: 'faults that took effect', median: 5, min: 1, max: -1, within: true },
  ],
  events: 25_000_000,
  virtualUs: 40_000_000_000,
  marks: [['ack', 1_000]],
  firstUnexpected: [],
  lost: [],
  nondeterministic: [],
};

const parts: ReportParts = {
  record: { id: 7, spec: SPEC, startedMs: 0, endedMs: 0, state: 'running' },
  db: 'reports/campaigns.db',
  state: 'finished',
  engine: 'local',
  jobs: 2,
  summary,
  features: 0,
  signatures: [],
  lost: [],
  nondeterministic: [],
  session: { runs: 1_000, wallMs: 25_000, events: 25_000_000, virtualUs: 40_000_000_000 },
  scenarios: [],
  problems: [],
};

const odd = { index: 3, seed: 4, scenario: 'swarm', variant: 'swarm', reason: 'hung', detail: '{}' };
const with_ = (changes: Partial<CampaignSummary>): ReportParts => ({ ...parts, summary: { ...summary, ...changes } });

describe('the report of a campaign', () => {
  it('begins with its subject and says what was found, in what proportion, and how fast', () => {
    const text = fuzzText(fuzzReport(parts), painter(false));
    expect(text.split('\n').slice(0, 8)).toEqual([
      "Subject: firedrill's model of Kimberlite, profile intended, anchored at 221c1b3; not the shipped binary (docs/fidelity.md)",
      'campaign 7 of reports/campaigns.db: finished; seeds 1..40 of swarm (swarm)',
      '1000 runs: 996 passed, 0 failed, 4 inconclusive',
      'inconclusive: 1 vacuous = 0.1 % of at most 0.5 %; 2 excused = 0.2 % of at most 2.5 %; 1 out-of-model',
      '0 of 999: below 3/999 per run of this distribution with 95 % confidence',
      'median run: 25180 events, 90 acknowledged operations, 5 faults that took effect',
      'the median of acknowledged is 90, it should be at least 100',
      'this session: 1000 runs in 25 s with 2 workers, 40.0 runs/s, 1.00M events/s, 26 min 40 s of virtual time a second',
    ]);
    expect(text).toContain('checkpoint-no-space');
    expect(text).toMatch(/^\d+ marks are for rehearsals: drawn plans cannot reach them/m);
    expect(fuzzText(fuzzReport({ ...parts, state: 'interrupted' }), painter(false))).toContain('PARTIAL, interrupted');
  });

  it('bounds nothing where something failed, and counts only runs with a verdict', () => {
    expect(fuzzReport(with_({ failed: 1, unexpected: 1 })).bound).toBeNull();
    expect(fuzzReport(with_({ failedLeftOut: 1, leftOut: 3 })).bound).toBeNull();
    expect(fuzzReport(with_({ runs: 0 })).bound).toBeNull();
    expect(fuzzReport(with_({ byReason: { hung: 10 } })).bound).toMatchObject({ runs: 990, probabilityMax: 3 / 990 });
  });

  it.each([
    ['nothing', {}, 0],
    ['an undeclared failure', { failed: 1, unexpected: 1 }, 1],
    ['an undeclared failure in an incomplete generation', { leftOut: 4, failedLeftOut: 1 }, 1],
    ['too many vacuous runs', { bars: [{ ...summary.bars[0]!, within: false }] }, 2],
    ['nondeterminism', { nondeterministic: [odd], unexpected: 1 }, 3],
    ['a run that hung', { lost: [odd], nondeterministic: [odd], unexpected: 1 }, 70],
  ])('exits by R31: %s', (_what, changes, code) => {
    expect(fuzzReport(with_(changes)).exitCode).toBe(code);
  });

  it('exits 64 where a bundle could not be written', () => {
    const report = fuzzReport({ ...parts, problems: ['cannot write the bundle x'] });
    expect(report.exitCode).toBe(64);
    expect(fuzzText(report, painter(false))).toContain('cannot write the bundle x');
  });

  it('lists failures with the lines that replay and shrink them', () => {
    const shown = { unexpected: true, bundle: 'b', replay: 'npx r b', shrink: 'npx s b' };
    const signature = { ...state.signatures[0]!, ...shown, triage: { seen: 'new' } } as const;
    const lost = [{ ...odd, again: 'npx firedrill run --plan p' }];
    const text = fuzzText(fuzzReport({ ...parts, signatures: [signature], lost }), painter(false));
    expect(text).toMatch(/│ 2 +│ INV-PREFIX @ log │ new +│ 5 +│/);
    expect(text).toContain('  replay: npx r b\n  shrink: npx s b');
    expect(text).toContain('  swarm swarm seed 4: hung {}\n    again: npx firedrill run --plan p');
  });

  it.each<[TriagedSignature['triage'], boolean, string]>([
    [{ seen: 'new' }, true, 'new'],
    [{ seen: 'new' }, false, 'declared'],
    [{ seen: 'corpus', entry: 'a.json', note: 'lost a vote' }, true, 'known from corpus: a.json'],
    [{ seen: 'noted', note: 'lost a vote' }, true, 'known: lost a vote'],
    [{ seen: 'earlier', campaign: 3 }, false, 'known from campaign 3'],
  ])('says of a signature that is %j (undeclared: %s): %s', (triage, unexpected, words) => {
    const shown = { unexpected, bundle: null, replay: null, shrink: null };
    const signature = { ...state.signatures[0]!, ...shown, triage };
    const text = fuzzText(fuzzReport({ ...parts, signatures: [signature] }), painter(false));
    expect(text).toMatch(new RegExp(`│ ${words} *│ 5 `));
    expect(text.includes('  a.json: lost a vote')).toBe(triage.seen === 'corpus');
  });
});
