import { instantText } from '../report/duration.ts';
import { beside, clip, fitLine, type Line, line, ruled } from './line.ts';
import { headerLines, timelineLine, titleLines } from './panes/header.ts';
import { helpFooter, helpLines } from './panes/help.ts';
import { alertLines, clientLines, faultLines, faultTitle } from './panes/incident.ts';
import { linkLines, linkWidth } from './panes/links.ts';
import { logLines } from './panes/log.ts';
import { lowerLines, terminalLines } from './panes/lower.ts';
import { replicaLines } from './panes/replicas.ts';
import type { Recording } from './recording/recording.ts';
import { type Asking, rowsOf, type Session, type View } from './view.ts';

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** What the panes need; a smaller terminal is told so. */
export const SIZE_MIN: ScreenSize = { columns: 60, rows: 16 };

/** From this height on the terminal has a place of its own below the log. */
const TALL = 34;
const GAP = 2;

const ASKED: Readonly<Record<Asking, string>> = {
  time: 'time (12.5s, 300ms, 2m)',
  host: 'host (r2, c0, replica-2)',
  op: 'op number',
  filter: 'filter (words, kind:fault,crash host:r2 op:118)',
  breakpoint: 'breakpoint (property INV-..., mark NAME, or a kind of event)',
};

/** The screen: at most `rows` lines of at most `columns` cells. Equal arguments give equal screens. */
export function screenLines(session: Session, view: View, size: ScreenSize): readonly Line[] {
  const { columns, rows } = size;
  if (columns < SIZE_MIN.columns || rows < SIZE_MIN.rows) {
    return clip(
      [line(`${columns}x${rows} is too small: ${SIZE_MIN.columns}x${SIZE_MIN.rows} at least. q quits.`)],
      rows,
    ).map((each) => fitLine(each, columns));
  }
  const body =
    view.help >= 0
      ? helpLines(view.help, rows - 1, columns)
      : session.comparison === null
        ? oneRun(session.runs[0], view, { columns, rows: rows - 1 })
        : twoRuns(session, view, { columns, rows: rows - 1 });
  const shown = clip(body, rows - 1);
  const empty = Array.from({ length: rows - 1 - shown.length }, () => line(''));
  return [...shown, ...empty, footer(session, view, rows - 1)].map((each) => fitLine(each, columns));
}

function oneRun(run: Recording, view: View, { columns, rows }: ScreenSize): Line[] {
  const { row } = view;
  const state = run.stateAt(row);
  const upper = [
    ...headerLines(run, row, view, columns),
    ...replicaLines(run, state, run.row(row).host, columns),
    ...middle(run, state, columns, Math.max(6, run.layout.parts.serverCount + 4), rows >= TALL),
  ];
  const left = rows - upper.length;
  if (rows < TALL || view.pane === 'terminal') return [...upper, ...lowerLines(run, row, view, left, columns)];
  const below = Math.floor(left * 0.35);
  return [
    ...upper,
    ...lowerLines(run, row, view, left - below, columns),
    ruled("operator's terminal", columns),
    ...terminalLines(run, row, below - 1),
  ];
}

/** Links, faults with alerts, and clients next to each other. */
function middle(run: Recording, state: Float64Array, columns: number, height: number, tall: boolean): Line[] {
  const links = [ruled('links', linkWidth(run)), ...linkLines(run, state)];
  const clientWidth = 26;
  const incidentWidth = columns - linkWidth(run) - clientWidth - 2 * GAP;
  const alerts = alertLines(run, state);
  const most = tall ? height + 2 : height;
  const alertHeight = Math.min(alerts.length + 1, Math.ceil(most / 2));
  const incident = [
    ...clip([ruled(faultTitle(run, state), incidentWidth), ...faultLines(run, state)], most - alertHeight),
    ...clip([ruled('alerts', incidentWidth), ...alerts], alertHeight),
  ];
  return beside(
    [
      { lines: clip(links, most), width: linkWidth(run) },
      { lines: incident, width: incidentWidth },
      { lines: clip([ruled('clients', clientWidth), ...clientLines(run, state)], most), width: clientWidth },
    ],
    GAP,
  );
}

/** Lines that the faults of each of two runs get. */
const FAULTS_OF_TWO = 3;

function twoRuns(session: Session, view: View, { columns, rows }: ScreenSize): Line[] {
  const width = Math.floor((columns - GAP) / 2);
  const at = rowsOf(session, view);
  const first = session.comparison?.firstDifference ?? 0;
  const base = session.runs[0].facts.title;
  // Equally many for both, so that the logs stand at one height.
  const most = Math.max(...session.runs.map((run, index) => faultLines(run, run.stateAt(at[index] ?? 0)).length));
  const blocks = session.runs.map((run, index) => {
    const row = at[index] ?? run.firstRow;
    const state = run.stateAt(row);
    const lead = index === view.lead;
    const moved = lead
      ? `> keys move this run, t ${instantText(run.timeAt(row))} s`
      : `  follows, t ${instantText(run.timeAt(row))} s`;
    const faults = clip(faultLines(run, state), FAULTS_OF_TWO);
    const upper: Line[] = [
      ...titleLines(run, row, base, width),
      line(moved, lead ? 'title' : 'quiet'),
      timelineLine(run, row, width),
      ...replicaLines(run, state, run.row(row).host, width),
      ruled(faultTitle(run, state), width),
      ...faults,
      ...Array.from({ length: Math.min(most, FAULTS_OF_TWO) - faults.length }, () => line('')),
      ruled(row < first ? 'log: equal so far' : 'log: they differ', width),
    ];
    return { width, lines: [...upper, ...logLines(run, row, view.filter, rows - upper.length, width)] };
  });
  return beside(blocks, GAP);
}

/** What helps and what ends come first: a narrow terminal cuts the rest. */
const HINTS = '? keys  q quit  ! failure  arrows step  m c f o a next of each  / filter';
const HINTS_OF_TWO = '? keys  q quit  s other run  d first difference  ! failure  arrows step';

function footer({ comparison }: Session, view: View, height: number): Line {
  if (view.help >= 0) return helpFooter(view.help, height);
  if (view.prompt !== null) return line(`${ASKED[view.prompt.asking]}: ${view.prompt.text}_`, 'title');
  if (view.message !== '') return line(view.message, 'warn');
  return line(comparison === null ? HINTS : HINTS_OF_TWO, 'quiet');
}
