import { counterpart } from './compare.ts';
import { readBreakpoint, readFilter } from './match.ts';
import { readInstant } from './read-instant.ts';
import {
  failureRow,
  hostNamed,
  mentionOfHost,
  mentionOfOp,
  STRIDE_WORDS,
  type Stride,
  stride,
  strideEvents,
} from './seek.ts';
import { type Asking, leadRun, PANES, type Session, SPEEDS, type View } from './view.ts';

/** Events that the page keys go. */
export const PAGE_EVENTS = 100;

/** Keys that go to the next of something; in capitals (or with the other arrow) to the one before. */
const STRIDES: ReadonlyMap<string, readonly [Stride, 1 | -1]> = new Map([
  ['right', ['event', 1]],
  ['left', ['event', -1]],
  ['l', ['event', 1]],
  ['h', ['event', -1]],
  ['m', ['message', 1]],
  ['M', ['message', -1]],
  ['c', ['commit', 1]],
  ['C', ['commit', -1]],
  ['f', ['fault', 1]],
  ['F', ['fault', -1]],
  ['o', ['step', 1]],
  ['O', ['step', -1]],
  ['a', ['alert', 1]],
  ['A', ['alert', -1]],
  ['p', ['failure', 1]],
  ['P', ['failure', -1]],
]);

const ASKING: ReadonlyMap<string, Asking> = new Map([
  ['t', 'time'],
  ['r', 'host'],
  ['n', 'op'],
  ['/', 'filter'],
  ['b', 'breakpoint'],
]);

/** Lines that `{` and `}` scroll the lower pane. */
const SCROLL_LINES = 5;

/** What a key does. Keys are characters, or names: left, right, up, down, pageup, pagedown, home, end, return, escape, tab, backspace, space. */
export function press(session: Session, view: View, key: string): View {
  const after = keyed(session, view, key);
  const elsewhere =
    after.pane !== view.pane || after.lead !== view.lead || (after.pane === 'terminal' && after.row !== view.row);
  return elsewhere && after.scroll !== 0 ? { ...after, scroll: 0 } : after;
}

function keyed(session: Session, view: View, key: string): View {
  if (key === 'ctrl-c') return { ...view, quit: true };
  if (view.prompt !== null) return typed(session, view, view.prompt, key);
  const quiet = { ...view, message: '' };
  if (view.help >= 0) return helpKey(quiet, key);
  const wanted = STRIDES.get(key);
  if (wanted !== undefined) return strides(session, quiet, wanted[0], wanted[1]);
  const asking = ASKING.get(key);
  if (asking !== undefined) return { ...quiet, playing: false, prompt: { asking, text: '' } };
  return moves(session, quiet, key) ?? settings(session, quiet, key);
}

function helpKey(view: View, key: string): View {
  if (key === 'down' || key === 'j') return { ...view, help: view.help + 1 };
  if (key === 'up' || key === 'k') return { ...view, help: Math.max(0, view.help - 1) };
  if (key === 'pagedown' || key === 'space') return { ...view, help: view.help + 10 };
  if (key === 'pageup') return { ...view, help: Math.max(0, view.help - 10) };
  return { ...view, help: -1 };
}

function goes(view: View, row: number, missing: string): View {
  return row < 0 ? { ...view, playing: false, message: missing } : { ...view, playing: false, row };
}

function strides(session: Session, view: View, by: Stride, direction: 1 | -1): View {
  const row = stride(leadRun(session, view), view.row, by, direction);
  return goes(view, row, `no ${direction === 1 ? 'further' : 'earlier'} ${STRIDE_WORDS[by]}`);
}

/** Keys that move without asking; null for any other. */
function moves(session: Session, view: View, key: string): View | null {
  const run = leadRun(session, view);
  switch (key) {
    case 'pagedown':
      return goes(view, strideEvents(run, view.row, PAGE_EVENTS, 1), '');
    case 'pageup':
      return goes(view, strideEvents(run, view.row, PAGE_EVENTS, -1), '');
    case 'home':
    case 'g':
      return goes(view, run.firstRow, '');
    case 'end':
    case 'G':
      return goes(view, run.eventOf(run.endRow - 1), '');
    case '!':
      return goes(view, failureRow(run), 'no property failed in this run');
    case 'down':
    case 'j':
      return lines(session, view, 1);
    case 'up':
    case 'k':
      return lines(session, view, -1);
    case ']':
      return runsToBreakpoint(session, view, 1);
    case '[':
      return runsToBreakpoint(session, view, -1);
    case 'd':
      if (session.comparison === null) return { ...view, message: 'only one run is open (--compare opens two)' };
      return goes(view, Math.min(session.comparison.firstDifference, run.endRow - 1), '');
    default:
      return null;
  }
}

function lines(session: Session, view: View, direction: 1 | -1): View {
  const accepts = view.filter?.matches[view.lead]?.accepts ?? (() => true);
  const row = leadRun(session, view).find(view.row, direction, accepts);
  return goes(
    view,
    row,
    `no ${direction === 1 ? 'further' : 'earlier'} line${view.filter === null ? '' : ' of this filter'}`,
  );
}

function runsToBreakpoint(session: Session, view: View, direction: 1 | -1): View {
  const { breakpoints } = view;
  if (breakpoints.length === 0) return { ...view, message: 'no breakpoint is set: b sets one' };
  const row = leadRun(session, view).find(view.row, direction, (chunk, at) =>
    breakpoints.some((each) => each.accepts(chunk, at)),
  );
  return goes(view, row, `no breakpoint ${direction === 1 ? 'after' : 'before'} this`);
}

function settings(session: Session, view: View, key: string): View {
  switch (key) {
    case 'q':
      return { ...view, quit: true };
    case '?':
      return { ...view, playing: false, help: 0 };
    case 'space':
      return { ...view, playing: !view.playing, owed: 0 };
    case '+':
    case '=':
      return { ...view, speed: Math.min(view.speed + 1, SPEEDS.length - 1) };
    case '-':
      return { ...view, speed: Math.max(view.speed - 1, 0) };
    case 'tab':
      return { ...view, pane: PANES[(PANES.indexOf(view.pane) + 1) % PANES.length]! };
    case '1':
    case '2':
    case '3':
    case '4':
      return { ...view, pane: PANES[Number(key) - 1]! };
    case '{':
      return scrolls(view, -SCROLL_LINES);
    case '}':
      return scrolls(view, SCROLL_LINES);
    case 'B':
      return { ...view, breakpoints: [], message: 'no breakpoints are left' };
    case 'escape':
      return { ...view, filter: null, playing: false };
    case 's':
      return swapped(session, view);
    default:
      return { ...view, message: key.length === 1 ? `${key} does nothing; ? lists the keys` : '' };
  }
}

function scrolls(view: View, lines: number): View {
  if (view.pane === 'log') return { ...view, message: 'up and down move in the log' };
  return { ...view, scroll: Math.max(0, view.scroll + (view.pane === 'terminal' ? -lines : lines)) };
}

function swapped({ comparison }: Session, view: View): View {
  if (comparison === null) return { ...view, message: 'only one run is open (--compare opens two)' };
  const lead = view.lead === 0 ? 1 : 0;
  return { ...view, lead, playing: false, row: counterpart(comparison, view.lead, view.row) };
}

function typed(session: Session, view: View, { asking, text }: NonNullable<View['prompt']>, key: string): View {
  if (key === 'escape') return { ...view, prompt: null };
  if (key === 'backspace') return { ...view, prompt: { asking, text: text.slice(0, -1) } };
  if (key === 'return') return answered(session, { ...view, prompt: null, message: '' }, asking, text.trim());
  const character = key === 'space' ? ' ' : key;
  return character.length === 1 ? { ...view, prompt: { asking, text: text + character } } : view;
}

function answered(session: Session, view: View, asking: Asking, text: string): View {
  const run = leadRun(session, view);
  if (asking === 'filter' && text === '') return { ...view, filter: null };
  if (text === '') return view;
  switch (asking) {
    case 'time': {
      const atUs = readInstant(text);
      if (atUs === null) return { ...view, message: `"${text}" is no time: 12.5s, 300ms, 2m, or seconds` };
      return goes(view, run.eventOf(run.rowAtTime(atUs)), '');
    }
    case 'host': {
      const host = hostNamed(run, text);
      if (host < 0) return { ...view, message: `there is no host "${text}"` };
      return goes(view, mentionOfHost(run, -1, host), `nothing mentions ${text}`);
    }
    case 'op':
      if (!/^\d+$/.test(text)) return { ...view, message: `"${text}" is no op number` };
      return goes(view, mentionOfOp(run, -1, Number(text)), `nothing mentions op ${text}`);
    case 'filter': {
      const readings = session.runs.map((each) => readFilter(each, text));
      const reading = readings[view.lead];
      if (reading?.ok !== true) return { ...view, message: reading?.problem ?? '' };
      // A host that only one of the runs has: nothing of the other one is meant.
      const matches = readings.map((each) => (each.ok ? each.match : { text, accepts: () => false }));
      return { ...view, filter: { text: reading.match.text, matches }, pane: 'log' };
    }
    case 'breakpoint': {
      const reading = readBreakpoint(text);
      if (!reading.ok) return { ...view, message: reading.problem };
      return {
        ...view,
        breakpoints: [...view.breakpoints, reading.match],
        message: `breakpoint: ${text}; ] runs to it`,
      };
    }
  }
}
