import Table from 'cli-table3';
import { seenText } from '../campaign/triage.ts';
import { durationText } from '../report/duration.ts';
import type { Painter } from '../report/paint.ts';
import { countText } from './fuzz-progress-text.ts';
import type { FuzzReport, ReportedOdd } from './fuzz-report.ts';

const STYLE = { head: [], border: [], compact: true };

/** The report of a campaign for a terminal or a log. */
export function fuzzText(report: FuzzReport, paint: Painter): string {
  return [
    `Subject: ${report.subject}`,
    `campaign ${report.campaign.id} of ${report.campaign.db}: ${stateText(report)}`,
    ...totalsLines(report, paint),
    ...sizeLines(report, paint),
    sessionLine(report),
    ...signatureLines(report, paint),
    ...oddLines('lost (says nothing about the system)', report.lost, paint),
    ...oddLines('nondeterministic', report.nondeterministic, paint),
    ...markLines(report),
    ...report.problems.map((problem) => paint.bad(problem)),
    '',
  ].join('\n');
}

function stateText({ campaign, summary }: FuzzReport): string {
  const { state, seedFrom, seedTo, scenarios, variants, strategy } = campaign;
  const seeds = seedTo < 0 ? `seeds from ${seedFrom}` : `seeds ${seedFrom}..${seedTo}`;
  const what = scenarios.map((scenario, i) => (variants[i] === 'swarm' ? scenario : `${scenario} ${variants[i]}`));
  const left = summary.leftOut === 0 ? '' : `; ${summary.leftOut} runs of an incomplete generation left out`;
  const partial = state === 'interrupted' ? ' PARTIAL, interrupted; go on with --resume;' : '';
  return `${state};${partial} ${seeds} of ${what.join(', ')} (${strategy})${left}`;
}

function totalsLines({ summary, bound, features }: FuzzReport, paint: Painter): string[] {
  const { runs, passed, failed, inconclusive, unexpected, bars, byReason } = summary;
  const failures = `${failed} failed${unexpected === failed ? '' : ` (${unexpected} runs ended otherwise than declared)`}`;
  const barred = new Set(bars.map(({ reason }) => reason));
  const others = Object.entries(byReason).filter(([reason]) => !barred.has(reason));
  const shares = [
    ...bars
      .filter((bar) => bar.runs > 0)
      .map((bar) => {
        const text = `${bar.runs} ${bar.reason} = ${percent(bar.share)} of at most ${percent(bar.barShare)}`;
        return bar.within ? text : paint.doubtful(text);
      }),
    ...others.map(([reason, count]) => `${count} ${reason}`),
  ];
  return [
    `${runs} runs: ${passed} passed, ${unexpected > 0 ? paint.bad(failures) : failures}, ${inconclusive} inconclusive`,
    ...(shares.length === 0 ? [] : [`inconclusive: ${shares.join('; ')}`]),
    ...(bound === null ? [] : [paint.good(bound.text)]),
    ...(features === 0 ? [] : [`coverage: ${features} features`]),
  ];
}

/** Sizes are bounds for drawn plans; a scenario is as large as its incident. */
function sizeLines({ summary, campaign }: FuzzReport, paint: Painter): string[] {
  if (summary.runs === 0) return [];
  const drawn = campaign.variants.includes('swarm');
  const text = summary.sizes.map(
    ({ name, median }) =>
      `${median} ${name === 'events' ? name : name.replace('acknowledged', 'acknowledged operations')}`,
  );
  const warnings = summary.sizes
    .filter(({ within }) => drawn && !within)
    .map(({ name, median, min, max }) => {
      const range = max < 0 ? `at least ${min}` : `${min} to ${max}`;
      return paint.doubtful(`the median of ${name} is ${median}, it should be ${range}`);
    });
  return [`median run: ${text.join(', ')}`, ...warnings];
}

function sessionLine({ session, campaign }: FuzzReport): string {
  const { runs, wallMs, runsPerSecond, eventsPerSecond, virtualUs } = session;
  const virtualUsPerSecond = Math.round((virtualUs * 1_000) / Math.max(1, wallMs));
  return [
    `this session: ${runs} runs in ${durationText(wallMs * 1_000)} ${campaign.engine === 'local' ? `with ${campaign.jobs} workers` : `over ${campaign.engine}`}`,
    `${runsPerSecond.toFixed(1)} runs/s`,
    `${countText(eventsPerSecond)} events/s`,
    `${durationText(virtualUsPerSecond)} of virtual time a second`,
  ].join(', ');
}

function signatureLines({ signatures }: FuzzReport, paint: Painter): string[] {
  if (signatures.length === 0) return [];
  const table = new Table({ head: ['failures', 'signature', 'triage', 'first seed'], style: STYLE });
  for (const { count, signature, triage, firstSeed, unexpected } of signatures) {
    const seen = unexpected || triage.seen !== 'new' ? seenText(triage) : 'declared';
    table.push([count, unexpected ? paint.bad(signature) : signature, seen, firstSeed]);
  }
  const lines = signatures.flatMap(({ triage, replay, shrink }) => [
    ...(triage.seen === 'corpus' ? [`  ${triage.entry}: ${triage.note}`] : []),
    ...(replay === null ? [] : [`  replay: ${replay}`]),
    ...(shrink === null ? [] : [`  shrink: ${shrink}`]),
  ]);
  return ['', table.toString(), ...lines];
}

function oddLines(what: string, runs: readonly ReportedOdd[], paint: Painter): string[] {
  if (runs.length === 0) return [];
  return [
    paint.bad(`${what}:`),
    ...runs.map(({ scenario, variant, seed, reason, detail, again }) => {
      const line = `  ${scenario} ${variant} seed ${seed}: ${reason} ${firstCharacters(detail)}`;
      return again === null ? line : `${line}\n    again: ${again}`;
    }),
  ];
}

const DETAIL_CHARACTERS = 200;

function firstCharacters(detail: string): string {
  return detail.length <= DETAIL_CHARACTERS ? detail : `${detail.slice(0, DETAIL_CHARACTERS)}...`;
}

function markLines({ rareMarks, summary }: FuzzReport): string[] {
  const reachable = rareMarks.filter(({ onlyElsewhere }) => onlyElsewhere === '');
  const elsewhere = rareMarks.filter(({ onlyElsewhere }) => onlyElsewhere !== '');
  if (rareMarks.length === 0) return [];
  const lines = [''];
  if (reachable.length > 0) {
    const table = new Table({
      head: ['mark reached in less than 0.1 % of the runs', 'runs', 'scenarios that must reach it'],
      style: STYLE,
    });
    for (const { mark, runs, scenarios } of reachable) table.push([mark, runs, scenarios.join(', ') || '-']);
    lines.push(table.toString());
  } else lines.push(`every mark that drawn plans can reach was reached in at least 0.1 % of the ${summary.runs} runs`);
  // Why each cannot be reached stands in src/campaign/marks.ts and in the JSON; here only what contradicts it.
  if (elsewhere.length > 0)
    lines.push(`${elsewhere.length} marks are for rehearsals: drawn plans cannot reach them (--json has the reasons)`);
  for (const { mark, runs, onlyElsewhere } of elsewhere) {
    if (runs > 0) lines.push(`  ${mark} (${onlyElsewhere}) was reached in ${runs} runs all the same`);
  }
  return lines;
}

/** Shares in per cent, with the digits that a bar of 0.5 % needs. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(share < 0.01 ? 3 : 2))} %`;
}
