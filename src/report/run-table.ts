import Table from 'cli-table3';
import { durationText } from './duration.ts';
import { explanation, findingText } from './findings.ts';
import type { Painter } from './paint.ts';
import { type JudgedRun, totalsOf } from './run-report.ts';

const HEAD = ['scenario', 'variant', 'seeds', 'verdict', 'as declared', 'recovery', 'target', 'property or reason'];
/** Runs that are explained one by one below the table; more would hide it. */
const EXPLAINED_MAX = 10;
const FINDINGS_MAX = 5;
const WORDS_COLUMN = 48;

/**
 * The table at the end of `run`: a row for each scenario and variant, in the order of the runs. `recovery` is the time
 * from the first alert to recovery (median and longest over several seeds), `target` the runbook's. Ends with the
 * totals; runs that were not as declared are explained below it.
 */
export function runTable(runs: readonly JudgedRun[], paint: Painter): string {
  const rows = groups(runs).map((group) => row(group, paint));
  const wordsMax = Math.max(HEAD.at(-1)!.length, ...rows.map((cells) => cells.at(-1)!.length));
  const table = new Table({
    head: HEAD,
    style: { head: [], border: [], compact: true },
    colWidths: [null, null, null, null, null, null, null, Math.min(WORDS_COLUMN, wordsMax + 2)],
    wordWrap: true,
    wrapOnWordBoundary: false,
  });
  table.push(...rows);
  return [table.toString(), '', totalsText(runs, paint), ...explained(runs, paint), ''].join('\n');
}

function groups(runs: readonly JudgedRun[]): JudgedRun[][] {
  const found = new Map<string, JudgedRun[]>();
  for (const run of runs) {
    const key = `${run.result.plan.scenario} ${run.result.plan.variant} ${run.result.plan.profile}`;
    const group = found.get(key);
    if (group === undefined) found.set(key, [run]);
    else group.push(run);
  }
  return [...found.values()];
}

function row(group: readonly JudgedRun[], paint: Painter): string[] {
  const { plan } = group[0]!.result;
  const odd = group.filter(({ expected }) => !expected);
  const asDeclared = group.every(({ observed }) => observed === true)
    ? '-'
    : odd.length === 0
      ? paint.good('yes')
      : paint.bad(group.length === 1 ? 'NO' : `NO, ${odd.length} not`);
  return [
    plan.scenario,
    plan.profile === 'intended' ? plan.variant : `${plan.variant}, as built`,
    seedsText(group),
    verdictText(group),
    asDeclared,
    recoveryText(group),
    plan.mttrUs > 0 ? durationText(plan.mttrUs) : '-',
    wordsOf(odd.length > 0 ? odd : group),
  ];
}

/** `7`, `1..200`, or the count when the seeds have gaps. */
function seedsText(group: readonly JudgedRun[]): string {
  const seeds = group.map(({ result }) => result.plan.seed);
  const [first, last] = [seeds[0]!, seeds.at(-1)!];
  if (seeds.length === 1) return String(first);
  return last - first === seeds.length - 1 ? `${first}..${last}` : `${seeds.length} seeds`;
}

function verdictText(group: readonly JudgedRun[]): string {
  if (group.length === 1) return group[0]!.result.verdict;
  const { passed, failed, inconclusive } = totalsOf(group);
  const parts: [number, string][] = [
    [passed, 'passed'],
    [failed, 'failed'],
    [inconclusive, 'inconclusive'],
  ];
  return parts.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : [])).join(', ');
}

function recoveryText(group: readonly JudgedRun[]): string {
  const times = group.map(({ result }) => result.alertToRecoveryUs).filter((timeUs) => timeUs >= 0);
  times.sort((left, right) => left - right);
  if (times.length === 0) return '-';
  if (group.length === 1) return durationText(times[0]!);
  const [median, longest] = [durationText(times[(times.length - 1) >> 1]!), durationText(times.at(-1)!)];
  return median === longest ? median : `${median}, max ${longest}`;
}

/** The properties and reasons of a group, each once, the most frequent first. */
function wordsOf(group: readonly JudgedRun[]): string {
  const counts = new Map<string, number>();
  for (const { result } of group) {
    const words = result.verdict === 'failed' ? result.property : result.reason;
    if (words !== '') counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  return [...counts]
    .sort(([leftWords, left], [rightWords, right]) => right - left || (leftWords < rightWords ? -1 : 1))
    .map(([words, count]) => (group.length === 1 ? words : `${words} (${count})`))
    .join(', ');
}

function totalsText(runs: readonly JudgedRun[], paint: Painter): string {
  const { passed, failed, inconclusive, unexpected } = totalsOf(runs);
  const text = `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}: ${passed} passed, ${failed} failed, ${inconclusive} inconclusive; `;
  return text + (unexpected === 0 ? paint.good('all as declared') : paint.bad(`${unexpected} not as declared`));
}

function explained(runs: readonly JudgedRun[], paint: Painter): string[] {
  const odd = runs.filter(({ expected }) => !expected);
  const lines = odd.slice(0, EXPLAINED_MAX).flatMap((run) => ['', ...explainedRun(run, paint)]);
  if (odd.length > EXPLAINED_MAX) lines.push('', `... and ${odd.length - EXPLAINED_MAX} more; --json has them all`);
  return lines;
}

function explainedRun({ result, again }: JudgedRun, paint: Painter): string[] {
  const { plan, findings } = result;
  const declared = plan.expectedFailure === null ? '' : `, declared to fail ${plan.expectedFailure.property}`;
  const words = explanation(result);
  const verdict = result.verdict === 'inconclusive' ? paint.doubtful(result.verdict) : paint.bad(result.verdict);
  const lines = [`${plan.scenario} ${plan.variant} seed ${plan.seed}: ${verdict}${declared}`];
  if (findings.length === 0 && words !== '') lines.push(`  ${words}`);
  lines.push(...findings.slice(0, FINDINGS_MAX).map((finding) => `  ${findingText(finding)}`));
  if (findings.length > FINDINGS_MAX) lines.push(`  ... and ${findings.length - FINDINGS_MAX} more findings`);
  for (const command of result.commands) {
    if (!command.asExpected)
      lines.push(`  step ${command.step} on ${command.on} exited ${command.code}, not as expected`);
  }
  lines.push(`  again: ${again}`);
  return lines;
}
