import type { ReportGroup, ReportModel, ReportRun } from '../model.ts';
import { element, type XmlElement, xmlText } from './xml.ts';

/** Runs that a test case names. */
const NAMED_MAX = 20;
const LOST: readonly string[] = ['crashed', 'hung', 'nondeterminism'];

/**
 * A report as JUnit XML: a suite for each scenario, a test case for each of its groups of seeds. What proves nothing is
 * never green: inconclusive runs stand in a skipped case beside their group, lost and nondeterministic ones make it an
 * error. A gate adds a suite with a failing case for each reason.
 */
export function junitReport(model: ReportModel): string {
  const scenarios = [...new Set(model.groups.map(({ scenario }) => scenario))];
  const suites = scenarios.map((scenario) => scenarioSuite(model, scenario));
  const all = model.gate === null ? suites : [gateSuite(model), ...suites];
  return xmlText(element('testsuites', { name: `firedrill: ${model.title}`, ...sumOf(all) }, all));
}

function scenarioSuite(model: ReportModel, scenario: string): XmlElement {
  const cases = model.groups
    .filter((group) => group.scenario === scenario)
    .flatMap((group) => groupCases(group, runsOf(model, group)));
  const properties = element('properties', {}, [
    element('property', { name: 'subject', value: model.subject }),
    element('property', {
      name: 'commit',
      value: `${model.made.commit}${model.made.dirty ? ' with changed files' : ''}`,
    }),
  ]);
  return element('testsuite', { name: scenario, ...countsOf(cases) }, [properties, ...cases]);
}

/** Of the rows that the report has: the worst runs are always among them. */
function runsOf({ runs }: ReportModel, group: ReportGroup): ReportRun[] {
  const { scenario, variant, profile } = group;
  return runs.filter((run) => run.scenario === scenario && run.variant === variant && run.profile === profile);
}

function groupCases(group: ReportGroup, runs: readonly ReportRun[]): XmlElement[] {
  const { scenario, variant, profile, seedFrom, seedTo, inconclusive, wallMs } = group;
  const name = `${variant} ${profile} seeds ${seedFrom}..${seedTo}`;
  const unexpected = runs.filter(({ expected, verdict }) => !expected && verdict !== 'inconclusive');
  const lost = runs.filter(({ reason }) => LOST.includes(reason));
  const vague = runs.filter(({ verdict, reason }) => verdict === 'inconclusive' && !LOST.includes(reason));
  const cases: XmlElement[] = [];
  const time = (wallMs / 1_000).toFixed(3);
  if (inconclusive < group.runs || lost.length > 0) {
    const marks = [...failureOf(group, unexpected), ...errorOf(lost)];
    const again = group.replay === '' ? [] : [`again: ${group.replay}`];
    const out = [countsText(group), ...again, ...linesOf([...unexpected, ...lost])].join('\n');
    cases.push(testCase(scenario, name, time, [...marks, element('system-out', {}, [out])]));
  }
  if (vague.length > 0) {
    const message = `${inconclusive} of ${group.runs} runs prove nothing`;
    const out = element('system-out', {}, [linesOf(vague).join('\n')]);
    cases.push(testCase(scenario, `${name} (inconclusive)`, '0.000', [element('skipped', { message }), out]));
  }
  return cases;
}

function testCase(classname: string, name: string, time: string, children: readonly XmlElement[]): XmlElement {
  return element('testcase', { classname, name, time }, children);
}

function failureOf({ declared, runs }: ReportGroup, unexpected: readonly ReportRun[]): XmlElement[] {
  const [first] = unexpected;
  if (first === undefined) return [];
  const passedInstead = first.verdict === 'passed';
  const what = passedInstead ? `passed, although it is declared to fail ${declared}` : first.explanation;
  const message = `${unexpected.length} of ${runs} runs ended otherwise than declared; seed ${first.seed}: ${what}`;
  const type = passedInstead ? 'unexpected-pass' : first.property;
  return [element('failure', { message, type }, [linesOf(unexpected).join('\n')])];
}

function errorOf(lost: readonly ReportRun[]): XmlElement[] {
  const [first] = lost;
  if (first === undefined) return [];
  const message = `${lost.length} runs say nothing about the system; seed ${first.seed}: ${first.reason}`;
  return [element('error', { message, type: first.reason }, [linesOf(lost).join('\n')])];
}

function countsText({ runs, passed, failed, inconclusive, unexpected, declared }: ReportGroup): string {
  const as = declared === '' ? '' : `; declared to fail ${declared}`;
  return `${runs} runs: ${passed} passed, ${failed} failed, ${inconclusive} inconclusive, ${unexpected} unexpected${as}`;
}

function linesOf(runs: readonly ReportRun[]): string[] {
  const lines = runs.slice(0, NAMED_MAX).flatMap(({ seed, verdict, property, explanation, replay }) => {
    const head = `seed ${seed}: ${verdict} ${property}${explanation === '' ? '' : ` (${explanation})`}`;
    return replay === '' ? [head] : [head, `  ${replay}`];
  });
  return runs.length <= NAMED_MAX ? lines : [...lines, `... and ${runs.length - NAMED_MAX} more`];
}

function gateSuite({ gate }: ReportModel): XmlElement {
  const reasons = gate?.reasons ?? [];
  const failing = reasons.map(({ rule, text, replay }) =>
    testCase('gate', `${rule}: ${text}`, '0.000', [
      element('failure', { message: text, type: rule }, [replay ?? '']),
      ...(replay === null ? [] : [element('system-out', {}, [replay])]),
    ]),
  );
  const cases = failing.length > 0 ? failing : [testCase('gate', `policy ${gate?.policy ?? ''}`, '0.000', [])];
  return element('testsuite', { name: 'gate', ...countsOf(cases) }, cases);
}

interface Counts {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
  readonly time: string;
}

function countsOf(cases: readonly XmlElement[]): Record<keyof Counts, number | string> {
  const having = (name: string): number =>
    cases.filter(({ children }) => children.some((child) => typeof child !== 'string' && child.name === name)).length;
  const time = cases.reduce((sum, { attributes }) => sum + Number(attributes['time']), 0).toFixed(3);
  // A case with both counts as a failure only: the figures of a suite must add up.
  const failures = having('failure');
  const both = cases.filter(({ children }) =>
    ['failure', 'error'].every((name) => children.some((child) => typeof child !== 'string' && child.name === name)),
  ).length;
  return { tests: cases.length, failures, errors: having('error') - both, skipped: having('skipped'), time };
}

function sumOf(suites: readonly XmlElement[]): Record<keyof Counts, number | string> {
  const sum = (name: string): number => suites.reduce((total, { attributes }) => total + Number(attributes[name]), 0);
  return {
    tests: sum('tests'),
    failures: sum('failures'),
    errors: sum('errors'),
    skipped: sum('skipped'),
    time: sum('time').toFixed(3),
  };
}
