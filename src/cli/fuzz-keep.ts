import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { systemReason, UserError } from '../plan/user-error.ts';
import { painter } from '../report/paint.ts';
import type { FuzzReport } from './fuzz-report.ts';
import { fuzzText, percent } from './fuzz-text.ts';
import { makeFolder, writeWhole } from './write-file.ts';

/** Which sources a report is about: the commit, and whether files differed from it. */
export interface Commit {
  readonly commit: string;
  readonly dirty: boolean;
}

/** In the place of a commit where there is none to name. */
export const UNKNOWN_COMMIT = 'unknown';

/** The commit of the working directory; unknown where git or its repository is missing. */
export function ownCommit(): Commit {
  try {
    const git = (...words: string[]): string =>
      execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return { commit: git('rev-parse', 'HEAD'), dirty: git('status', '--porcelain', '--untracked-files=no') !== '' };
  } catch {
    return { commit: UNKNOWN_COMMIT, dirty: false };
  }
}

/**
 * Writes the final report of a campaign as JSON and as Markdown, with the command that made it. Returns the paths.
 * Throws a `UserError` that names the folder when it cannot be written.
 */
export function keepReport(
  report: FuzzReport,
  reports: string,
  name: string,
  command: string,
  commit: Commit,
): string[] {
  const base = join(reports, 'kept', name);
  const kept = { ...commit, command, ...report };
  const files: [string, string][] = [
    [`${base}.json`, `${JSON.stringify(kept, null, 2)}\n`],
    [`${base}.md`, markdown(report, command, commit)],
  ];
  try {
    makeFolder(dirname(base));
    for (const [path, text] of files) writeWhole(path, text);
  } catch (error) {
    throw new UserError(
      `cannot write the report ${base}.json: ${systemReason(error)}`,
      'free or unlock the folder, or name another one with --reports FOLDER; the campaign itself is stored',
    );
  }
  return files.map(([path]) => path);
}

function markdown(report: FuzzReport, command: string, { commit, dirty }: Commit): string {
  const { summary, bound, campaign, session } = report;
  const rows: [string, string][] = [
    ['commit', `${commit}${dirty ? ' with changed files' : ''}`],
    ['command', `\`${command}\``],
    ['state', campaign.state],
    ['runs', String(summary.runs)],
    ['passed / failed / inconclusive', `${summary.passed} / ${summary.failed} / ${summary.inconclusive}`],
    ...summary.bars.map(({ reason, runs, share, barShare }): [string, string] => [
      reason,
      `${runs} (${percent(share)}, at most ${percent(barShare)})`,
    ]),
    ['bound', bound === null ? 'none: there were failures, or no run' : bound.text],
    ...summary.sizes.map(({ name, median }): [string, string] => [`median ${name}`, String(median)]),
    ['throughput', `${session.runsPerSecond.toFixed(1)} runs/s, ${Math.round(session.eventsPerSecond)} events/s`],
  ];
  return [
    `# Campaign ${campaign.seedFrom}..${campaign.seedTo < 0 ? '' : campaign.seedTo} of ${campaign.scenarios.join(', ')}`,
    '',
    `Subject: ${report.subject}`,
    '',
    '| | |',
    '|---|---|',
    ...rows.map(([what, value]) => `| ${what} | ${value} |`),
    '',
    '## Report',
    '',
    '```text',
    fuzzText(report, painter(false)).trimEnd(),
    '```',
    '',
    '## Marks',
    '',
    '| mark | runs |',
    '|---|---|',
    ...summary.marks.map(([mark, runs]) => `| ${mark} | ${runs} |`),
    '',
  ].join('\n');
}
