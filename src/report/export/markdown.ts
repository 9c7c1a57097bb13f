import { durationText } from '../duration.ts';
import type { ReportGroup, ReportModel, ReportScenario, ReportSignature } from '../model.ts';

/** A step summary may have 1 MiB; what is longer is refused as a whole. */
export const MARKDOWN_BYTES_MAX = 1024 * 1024;
const ROWS_MAX = 200;
const CELL_CHARACTERS_MAX = 300;

/** A report as GitHub-flavoured Markdown, below 1 MiB: what is left out is counted. All text is escaped. */
export function markdownReport(model: ReportModel): string {
  const parts = [
    headPart(model),
    gatePart(model),
    problemsPart(model),
    signaturesPart(model),
    groupsPart(model),
    recoveryPart(model),
    findingsPart(model),
    mutantsPart(model),
    marksPart(model),
  ].filter((part) => part !== '');
  return fitting(parts);
}

/** Parts in their order, as long as they fit. */
function fitting(parts: readonly string[]): string {
  const encoder = new TextEncoder();
  const reserved = 200;
  let bytes = reserved;
  const kept: string[] = [];
  for (const part of parts) {
    bytes += encoder.encode(part).length + 2;
    if (bytes > MARKDOWN_BYTES_MAX) break;
    kept.push(part);
  }
  const left = parts.length - kept.length;
  if (left > 0) kept.push(`_${left} further parts are left out: a step summary may have 1 MiB._`);
  return `${kept.join('\n\n')}\n`;
}

function headPart({ subject, title, made, totals, gate }: ReportModel): string {
  const { runs, passed, failed, inconclusive, unexpected, byReason } = totals;
  const asDeclared = unexpected === 0 ? 'As declared' : `${unexpected} runs ended otherwise than declared`;
  const reasons = byReason.map(([reason, count]) => `${count} ${reason}`).join(', ');
  return [
    // A gate's title names its verdict, which may allow runs that ended otherwise than declared.
    gate === null ? `# ${asDeclared}: ${safe(title)}` : `# ${safe(title)}`,
    '',
    safe(subject),
    '',
    `${runs} runs: **${passed} passed, ${failed} failed, ${inconclusive} inconclusive**${reasons === '' ? '' : ` (${safe(reasons)})`}` +
      `${gate === null || unexpected === 0 ? '' : `, ${unexpected} otherwise than declared`}; ` +
      `commit ${code(made.commit)}${made.dirty ? ' with changed files' : ''}, firedrill ${safe(made.firedrill)}, Node ${safe(made.node)}`,
  ].join('\n');
}

function gatePart({ gate }: ReportModel): string {
  if (gate === null) return '';
  const reasons = gate.reasons.map(
    ({ rule, text, replay }) => `- **${safe(rule)}**: ${safe(text)}${replay === null ? '' : `<br>${code(replay)}`}`,
  );
  return [
    `## Gate: ${gate.verdict}`,
    '',
    `policy ${code(gate.policy)} (sha256 ${code(gate.policySha256)})`,
    '',
    ...capped(reasons, 'reasons'),
  ].join('\n');
}

function problemsPart({ problems }: ReportModel): string {
  return problems.length === 0 ? '' : ['## Problems', '', ...problems.map((each) => `- ${safe(each)}`)].join('\n');
}

function signaturesPart({ signatures }: ReportModel): string {
  if (signatures.length === 0) return '';
  const rows = signatures.map(
    ({ signature, meaning, count, unexpected, note, seeds, replay, shrink }: ReportSignature) =>
      row([
        String(count),
        `${unexpected ? '**unexpected**' : 'declared'}${note === '' ? '' : ` ${safe(note)}`}`,
        `${code(signature)}<br>${safe(meaning)}`,
        String(seeds[0] ?? ''),
        [replay, shrink].flatMap((line) => (line === null ? [] : [code(line)])).join('<br>'),
      ]),
  );
  return table('## Failures by signature', ['failures', '', 'signature', 'first seed', 'again'], rows);
}

function groupsPart({ groups }: ReportModel): string {
  const worst = [...groups].sort((one, other) => other.unexpected - one.unexpected);
  const rows = worst.map((group: ReportGroup) =>
    row([
      `${safe(group.scenario)} ${safe(group.variant)}${group.profile === 'intended' ? '' : ` ${safe(group.profile)}`}`,
      `${group.seedFrom}..${group.seedTo}`,
      String(group.passed),
      `${group.failed}${group.declared === '' ? '' : ` (declared: ${safe(group.declared)})`}`,
      String(group.inconclusive),
      group.unexpected === 0 ? '0' : `**${group.unexpected}**`,
      group.replay === '' ? '' : code(group.replay),
    ]),
  );
  const head = ['scenario', 'seeds', 'passed', 'failed', 'inconclusive', 'unexpected', 'worst run again'];
  return table('## Scenarios', head, rows);
}

function recoveryPart({ scenarios }: ReportModel): string {
  const rows = scenarios
    .filter(({ recovery }) => recovery.count > 0)
    .map(({ page, recovery: { targetUs, medianUs, p95Us, maxUs, overTarget, count, without } }: ReportScenario) =>
      row([
        safe(page.id),
        targetUs > 0 ? durationText(targetUs) : '-',
        durationText(medianUs),
        durationText(p95Us),
        durationText(maxUs),
        `${overTarget} of ${count}`,
        String(without),
      ]),
    );
  if (rows.length === 0) return '';
  return table(
    '## From alert to recovery',
    ['scenario', 'target', 'median', 'p95', 'max', 'over target', 'without'],
    rows,
  );
}

function findingsPart({ runbookFindings }: ReportModel): string {
  if (runbookFindings.length === 0) return '';
  const rows = runbookFindings.map(({ scenario, title, source, property, meaning, runs, failed }) =>
    row([safe(scenario), safe(title), safe(source), `${safe(property)}: ${safe(meaning)}`, `${failed} of ${runs}`]),
  );
  return table('## Followed to the letter', ['scenario', 'procedure', 'where', 'what fails', 'failed'], rows);
}

function mutantsPart({ mutants }: ReportModel): string {
  if (mutants.length === 0) return '';
  const rows = mutants.map(({ id, property, status, medianSeeds, runs, killed }) =>
    row([
      code(id),
      safe(property),
      killed ? safe(status) : `**${safe(status)}**`,
      medianSeeds < 0 ? '-' : String(medianSeeds),
      String(runs),
    ]),
  );
  return table('## Planted bugs', ['mutant', 'must fail', 'status', 'median seeds', 'runs'], rows);
}

function marksPart({ marks }: ReportModel): string {
  const rows = marks.filter(({ rare }) => rare).map(({ mark, runs }) => row([code(mark), String(runs)]));
  return rows.length === 0 ? '' : table('## Rare marks', ['mark', 'runs'], rows);
}

function table(title: string, head: readonly string[], rows: readonly string[]): string {
  return [title, '', row(head), `|${head.map(() => '---').join('|')}|`, ...capped(rows, 'rows', true)].join('\n');
}

function capped(rows: readonly string[], what: string, isTable = false): string[] {
  if (rows.length <= ROWS_MAX) return [...rows];
  const left = `${rows.length - ROWS_MAX} more ${what} are left out`;
  return [...rows.slice(0, ROWS_MAX), isTable ? `\n_${left}_` : `- _${left}_`];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** Text that stays text: no markup, no HTML, no mention, one line. */
function safe(value: string): string {
  return clipped(value)
    .replace(/[&<>]/g, (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[letter]!)
    .replace(/[\\`*_{}[\]()#|~!@]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** Text in the font of code: as an HTML element, because a table cell cannot escape a bar inside backticks. */
function code(value: string): string {
  return `<code>${safe(value)}</code>`;
}

function clipped(value: string): string {
  const line = value.replace(/\s+/g, ' ').trim();
  return line.length <= CELL_CHARACTERS_MAX ? line : `${line.slice(0, CELL_CHARACTERS_MAX)}...`;
}
