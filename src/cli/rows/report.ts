import { UserError } from '../../plan/user-error.ts';
import { readInteger } from '../argument-values.ts';
import type { ReportFormat, ReportOptions } from '../commands/report.ts';
import { type Row, text, value } from '../row.ts';

/** Formats of a report; those that draw a single run need a bundle. */
export const REPORT_FORMATS = [
  'html',
  'junit',
  'markdown',
  'github',
  'json',
  'perfetto',
  'shiviz',
] as const satisfies readonly ReportFormat[];

export const REPORT: Row<{ readonly name: 'report'; readonly options: ReportOptions }> = {
  name: 'report',
  usage: 'report <what>',
  summary: 'show a run document, a bundle or a campaign as a page, for CI, or for a trace viewer',
  positionals: [
    ['what', 'JSON of firedrill run, a bundle, a report kept as JSON, or a campaign database (its newest campaign)'],
  ],
  options: [
    value('format', 'how it is written (default: html)', REPORT_FORMATS),
    value('out', 'write it to this file instead of to stdout'),
    value('campaign', 'of a database: this campaign'),
    value('reports', 'folder whose folder runs has the bundles (default: reports)'),
    value('mutants', 'JSON of firedrill mutants, for the kill table'),
  ],
  examples: [
    ['$0 report reports/campaigns.db --out report.html', 'the newest campaign as one page'],
    ['$0 report runs.json --format junit --out junit.xml', 'for a CI system'],
    ['$0 report reports/runs/b.json --format perfetto --out trace.json', 'for ui.perfetto.dev'],
  ],
  notes:
    'perfetto and shiviz draw one run and need a bundle. The exit code is 0 for a report that was written, whatever it says.',
  read: (values) => ({ name: 'report', options: readOptions(values) }),
};

function readOptions(values: Record<string, unknown>): ReportOptions {
  const format = (text(values, 'format') ?? 'html') as ReportFormat;
  const out = text(values, 'out') ?? null;
  if (out === '') throw new UserError('--out names no file', 'write such as --out report.html');
  const campaign = text(values, 'campaign');
  return {
    what: text(values, 'what')!,
    format,
    out,
    campaign: campaign === undefined ? null : readInteger('--campaign', campaign, 1, 1e9),
    mutants: text(values, 'mutants') ?? null,
    reports: text(values, 'reports') ?? 'reports',
  };
}
