import { instantText } from '../report/duration.ts';
import { beside, clip, fitLine, type Line, line, ruled } from './line.ts';
import { headerLines, paceOf, spread, timelineLine, titleLines } from './panes/header.ts';
import { helpFooter, helpHeight, helpLines } from './panes/help.ts';
import { alertLines, clientLines, faultLines, faultTitle } from './panes/incident.ts';
import { linkLines, linkWidth } from './panes/links.ts';
import { lowerLines, PANE_NAMES, paneLines, scrollMax, terminalLines } from './panes/lower.ts';
import { replicaLines } from './panes/replicas.ts';
import type { Recording } from './recording/recording.ts';
import { type Asking, leadRun, rowsOf, type Session, type View } from './view.ts';

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
  host: 'host (r2, n2, c0, or its name)',
  op: 'op number',
  filter: 'filter (words, kind:fault,crash host:r2 op:118)',
  breakpoint: 'breakpoint (property INV-..., mark NAME, or a kind of event)',
};

/** The screen: at most `rows` lines of at most `columns` cells. Equal arguments give equal screens. */
export function screenLines(session: Session, view: View, size: ScreenSize): readonly Line[] {
  const { columns, rows } = size;
  if (columns < SIZE_MIN.columns || rows < SIZE_MIN.rows) {
    return clip(
      // The terminal has one row more than is drawn on.
      [line(`${columns}x${rows + 1} is too small: ${SIZE_MIN.columns}x${SIZE_MIN.rows + 1} at least. q quits.`)],
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

/** The view with what is scrolled kept within its text, which depends on the size of the screen. */
export function withinScreen(session: Session, view: View, size: ScreenSize): View {
  const rows = size.rows - 1;
  const help = Math.min(view.help, Math.max(0, helpHeight() - rows));
  if (view.scroll === 0 || rows < SIZE_MIN.rows - 1) return help === view.help ? view : { ...view, help };
  const run = leadRun(session, view);
  const { columns } = size;
  const [width, height] =
    session.comparison === null
      ? [columns, partsOfOne(run, view, { columns, rows }).lower - 1]
      : [halfOf(columns), rows - upperOfTwo(session, view, view.lead, halfOf(columns)).length];
  const scroll = Math.min(view.scroll, scrollMax(run, view.row, view, height, width));
  return { ...view, help, scroll };
}

/** Lines that the lower pane needs to be of use; what tells the failure in words, or repeats the middle, needs more. */
const LOWER_MIN = 8;
const LOWER_OF_TEXT = 14;
/** A lower middle block than this says nothing. */
const MIDDLE_MIN = 4;

interface Parts {
  readonly upper: readonly Line[];
  /** Heights of the lower pane and, on a tall screen, of the terminal below it. */
  readonly lower: number;
  readonly below: number;
}

function partsOfOne(run: Recording, view: View, { columns, rows }: ScreenSize): Parts {
  const { row, pane } = view;
  const state = run.stateAt(row);
  const tall = rows >= TALL;
  const head = [...headerLines(run, row, view, columns), ...replicaLines(run, state, run.row(row).host, columns)];
  const whole = middle(run, state, columns, Math.max(6, run.layout.parts.serverCount + 4), tall);
  const room = rows - head.length - (pane === 'failure' || pane === 'incident' ? LOWER_OF_TEXT : LOWER_MIN);
  const kept = room >= whole.length ? whole : pane === 'log' && room >= MIDDLE_MIN ? clip(whole, room) : [];
  const left = rows - head.length - kept.length;
  const below = tall && pane !== 'terminal' ? Math.floor(left * 0.35) : 0;
  return { upper: [...head, ...kept], lower: left - below, below };
}

function oneRun(run: Recording, view: View, size: ScreenSize): Line[] {
  const { columns } = size;
  const { upper, lower, below } = partsOfOne(run, view, size);
  const lines = [...upper, ...lowerLines(run, view.row, view, lower, columns)];
  if (below === 0) return lines;
  return [...lines, ruled("operator's terminal", columns), ...terminalLines(run, view.row, below - 1, 0)];
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

function halfOf(columns: number): number {
  return Math.floor((columns - GAP) / 2);
}

function twoRuns(session: Session, view: View, { columns, rows }: ScreenSize): Line[] {
  const width = halfOf(columns);
  const at = rowsOf(session, view);
  const blocks = session.runs.map((run, index) => {
    const half = index as 0 | 1;
    const upper = upperOfTwo(session, view, half, width);
    const row = at[index] ?? run.firstRow;
    return { width, lines: [...upper, ...paneLines(run, row, view, rows - upper.length, width, half)] };
  });
  return beside(blocks, GAP);
}

/** What stands above the lower pane of one of two runs: equally many lines for both. */
function upperOfTwo(session: Session, view: View, index: 0 | 1, width: number): Line[] {
  const at = rowsOf(session, view);
  const run = session.runs[index] ?? session.runs[0];
  const row = at[index] ?? run.firstRow;
  const state = run.stateAt(row);
  const most = Math.max(...session.runs.map(({ facts }) => Math.max(1, facts.faults.length)));
  const faults = clip(faultLines(run, state), FAULTS_OF_TWO);
  const told = row < (session.comparison?.firstDifference ?? 0) ? 'equal so far' : 'they differ';
  const pane = view.pane === 'log' ? 'log' : PANE_NAMES[view.pane];
  const filter = view.pane === 'log' && view.filter !== null ? ` (filter: ${view.filter.text})` : '';
  return [
    ...titleLines(run, row, session.runs[0].facts.title, width),
    index === view.lead
      ? leadLine(run, view, row, width)
      : line(`  follows, t ${instantText(run.timeAt(row))} s`, 'quiet'),
    timelineLine(run, row, width),
    ...replicaLines(run, state, run.row(row).host, width),
    ruled(faultTitle(run, state), width),
    ...faults,
    ...Array.from({ length: Math.min(most, FAULTS_OF_TWO) - faults.length }, () => line('')),
    ruled(`${pane}: ${told}${filter}`, width),
  ];
}

/** Which run the keys move, where it stands, and how fast it plays. */
function leadLine(run: Recording, view: View, row: number, width: number): Line {
  const time = `t ${instantText(run.timeAt(row))} s`;
  const pace = paceOf(view);
  const forms = [`> keys move this run, ${time}`, `> keys: ${time}`, `> ${time}`];
  const text = forms.find(({ length }) => length + 1 + pace.length <= width) ?? `> ${time}`;
  return spread(line(text, 'title'), line(pace, view.playing ? 'good' : 'quiet'), width);
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
