import { failed, type OperatorCommand, ok } from '../../host/command.ts';
import { type CommandUsage, type Flag, parseFlags } from '../../host/flags.ts';
import { isoText } from '../../host/wall-time.ts';
import type { KimberliteFleet } from '../fleet.ts';
import type { IncidentFacts, IncidentReport } from '../incident.ts';

type Command = OperatorCommand<KimberliteFleet>;
type Section = readonly [field: string, text: string];

function flag(name: string, help: string): Flag {
  return { name, kind: 'text', help, required: true };
}

const REVIEW: CommandUsage = {
  command: 'incident-review',
  about:
    'Writes the post-incident review: date, duration, impact and timeline from the event log, the rest in the words given. Action items are PRIORITY:OWNER:TEXT.',
  flags: [
    flag('output', '/tmp/review.md'),
    flag('title', 'id and title of the incident'),
    flag('severity', 'P0 to P3'),
    flag('root-cause', 'why it happened'),
    flag('resolution', 'what ended it'),
    flag('lessons', 'what was learnt'),
    flag('compliance', 'data lost, audit gaps, violations; or none'),
  ],
  positionals: ['ACTION-ITEM'],
  positionalsMin: 1,
  rest: true,
};

const BUG: CommandUsage = {
  command: 'bug-report',
  about:
    'Writes a report for the makers: version, the run that shows it and how to run it again, the steps so far, a diagnostic bundle, what was expected and what was observed.',
  flags: [
    flag('output', '/tmp/bug-report.md'),
    flag('bundle', 'archive of kimberlite-admin diagnostics'),
    flag('expected', 'what should have been'),
    flag('observed', 'what was seen instead'),
  ],
  positionals: [],
  positionalsMin: 0,
};

function written(sections: readonly Section[], head: string): string {
  return `# ${head}\n\n${sections.map(([field, text]) => `## ${field}\n${text}\n`).join('\n')}`;
}

/** The span from the first to the last entry of the timeline, as the review states it. */
export function durationWords(facts: IncidentFacts): string {
  const first = facts.events[0]?.atMs ?? 0;
  const seconds = Math.floor(((facts.events.at(-1)?.atMs ?? first) - first) / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** One line of the timeline. */
export function timelineLine(event: IncidentFacts['events'][number]): string {
  return `- ${isoText(event.atMs)} ${event.what}`;
}

function keep(fleet: KimberliteFleet, report: IncidentReport): string {
  fleet.reports.push(report);
  return `wrote ${report.path} (${report.text.length} bytes)\n`;
}

const review: Command = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(REVIEW, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const said = (name: string): string => flags.text(name) as string;
  const items: string[] = [];
  for (const item of flags.positionals) {
    const [, priority, owner, text] = /^(P\d):([\w-]+):(.+)$/.exec(item) ?? [];
    if (text === undefined) return failed(2, `${REVIEW.command}: ${item} is not PRIORITY:OWNER:TEXT\n`);
    items.push(`- [ ] ${text} (${priority}, ${owner})`);
  }
  const facts = ctx.fleet.incident();
  if (facts.events.length === 0) return failed(1, `${REVIEW.command}: the event log is empty\n`);
  const text = written(
    [
      ['Incident', said('title')],
      ['Date', isoText(facts.events[0]?.atMs ?? 0).slice(0, 10)],
      ['Severity', said('severity')],
      ['Duration', durationWords(facts)],
      ['Impact', `alerts: ${facts.alerts.join(', ')}; ${facts.acknowledged} operations acknowledged so far`],
      ['Timeline', facts.events.map(timelineLine).join('\n')],
      ['Root Cause', said('root-cause')],
      ['Resolution', said('resolution')],
      ['Action Items', items.join('\n')],
      ['Lessons Learned', said('lessons')],
      ['Compliance Impact', said('compliance')],
    ],
    'Post-incident review',
  );
  const path = said('output');
  ctx.writeFile(path, text);
  return ok(keep(ctx.fleet, { kind: 'review', path, text, facts }));
};

const bug: Command = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(BUG, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const said = (name: string): string => flags.text(name) as string;
  const bundle = said('bundle');
  const packed = ctx.readFile(bundle);
  if (packed === null) return failed(1, `${BUG.command}: there is no ${bundle}\n`);
  const release = /^host \S+, release (\S+)$/m.exec(packed)?.[1];
  if (release === undefined)
    return failed(1, `${BUG.command}: ${bundle} is no bundle of kimberlite-admin diagnostics\n`);
  const facts = ctx.fleet.incident();
  const { scenario, variant, seed } = facts;
  const text = written(
    [
      ['Version', `kimberlite-server ${release}`],
      ['Run', `scenario ${scenario}, variant ${variant}, seed ${seed}`],
      ['Diagnostic Bundle', bundle],
      [
        'Steps to Reproduce',
        [`- npx firedrill run ${scenario} --variant ${variant} --seed ${seed}`, ...facts.events.map(timelineLine)].join(
          '\n',
        ),
      ],
      ['Expected', said('expected')],
      ['Observed', said('observed')],
    ],
    'Bug report',
  );
  const path = said('output');
  ctx.writeFile(path, text);
  return ok(keep(ctx.fleet, { kind: 'bug', path, text, facts }));
};

/** Documents that people write in and after an incident. */
export const INCIDENT_REPORTS: readonly (readonly [string, Command])[] = [
  ['bug-report', bug],
  ['incident-review', review],
];
