import { expect, it } from 'vitest';
import { knownNames } from '../../src/cli/known-names.ts';
import { INCIDENT_REPORTS } from '../../src/cluster/kimberlite/commands/incident-report.ts';
import { fieldText, type IncidentFacts, type IncidentReport } from '../../src/cluster/kimberlite/incident.ts';
import type { Variant } from '../../src/plan/plan.ts';
import type { RunResult } from '../../src/plan/result.ts';
import { toPlan } from '../../src/scenarios/expand.ts';
import { SCENARIO_ROOT } from '../../src/scenarios/files.ts';
import { reportProblems } from '../../src/scenarios/incident-audit.ts';
import { loadScenarios } from '../../src/scenarios/load.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import type { Scenario } from '../../src/scenarios/schema.ts';

const FACTS: IncidentFacts = {
  scenario: 'pir-template-generated',
  variant: 'safe',
  seed: 7,
  alerts: ['ALERT-X'],
  events: [
    { atMs: 1_770_372_000_000, what: 'ALERT-X fires (instance=a)' },
    { atMs: 1_770_374_700_000, what: 'ALERT-X is resolved (instance=a)' },
  ],
  acknowledged: 99,
};

function write(name: 'incident-review' | 'bug-report', argv: readonly string[]): IncidentReport {
  const reports: IncidentReport[] = [];
  const command = INCIDENT_REPORTS.find(([known]) => known === name)?.[1];
  const fleet = { reports, incident: () => FACTS };
  const context = {
    fleet,
    readFile: () => 'host replica-0, release v0.4.0\n',
    writeFile: () => {},
    onHost: 'operator',
  };
  const end = command?.(argv, '', context as unknown as Parameters<NonNullable<typeof command>>[2]).next();
  expect(end?.value).toMatchObject({ code: 0 });
  return reports[0] as IncidentReport;
}

const REVIEW = [
  ...['--output', '/tmp/r.md', '--title', 'INC-1: slow', '--severity', 'P1', '--root-cause', 'a job'],
  ...['--resolution', 'stopped', '--lessons', 'look at both', '--compliance', 'none', 'P1:sre-alice:limit the job'],
];

it('a review is complete, and its duration is the span of its timeline: 45 minutes', () => {
  const report = write('incident-review', REVIEW);
  expect(reportProblems(report)).toEqual([]);
  expect(report.text).toContain('## Duration\n45 min 0 s\n');
  expect(report.text).toContain('- [ ] limit the job (P1, sre-alice)');
});

it('a review that lacks a field or an event, or says another duration, is found', () => {
  const report = write('incident-review', REVIEW);
  const with_ = (from: string | RegExp, to: string): string[] =>
    reportProblems({ ...report, text: report.text.replace(from, to) });
  expect(with_('## Root Cause\na job\n', '')).toEqual(['Root Cause is empty']);
  expect(with_(/- .*ALERT-X is resolved.*\n/, '')).toContain('left out: ALERT-X is resolved (instance=a)');
  expect(with_('45 min', '44 min')).toEqual(['Duration is not the span of the timeline']);
  expect(with_(' (P1, sre-alice)', '')).toEqual(['Action Items lack priority or owner']);
});

it('a bug report says how to run it again', () => {
  const argv = ['--output', '/tmp/b.md', '--bundle', '/tmp/d.tar.gz', '--expected', 'a', '--observed', 'b'];
  const report = write('bug-report', argv);
  expect(reportProblems(report)).toEqual([]);
  expect(report.text).toContain('- npx firedrill run pir-template-generated --variant safe --seed 7');
  const text = report.text.replace('--seed 7', '--seed 8');
  expect(reportProblems({ ...report, text })).toEqual(['says not how to run it again']);
});

it('the command line in the bug report of a rehearsal runs to the same violation', async () => {
  const scenarios = loadScenarios(SCENARIO_ROOT, knownNames());
  const run = async (id: string, variant: string, seed: number): Promise<RunResult> => {
    const scenario = scenarios.find((each) => each.id === id) as Scenario;
    return (await runPlan(toPlan(scenario, variant as Variant, seed), { recording: false })).result;
  };
  const first = await run('help-bug-report-generated', 'safe', 4);
  const report = first.commands.find(({ step }) => step === 'report')?.stdout ?? '';
  const again = /^- npx firedrill run (\S+) --variant (\S+) --seed (\d+)$/m.exec(report);
  const [, id = '', variant = '', seed = ''] = again ?? [];
  const second = await run(id, variant, Number(seed));
  expect(fieldText(report, 'Observed')).toMatch(/^assertion failed: commit_number <= op_number/);
  expect(second.traceHash).toBe(first.traceHash);
  expect(second.commands.find(({ step }) => step === 'report')?.stdout).toBe(report);
}, 60_000);
