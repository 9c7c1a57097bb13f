import { type Comparison, counterpart } from './compare.ts';
import type { RowMatch } from './match.ts';
import type { Recording } from './recording/recording.ts';

/** Panes of the lower part, in the order of their keys 1 to 4. */
export const PANES = ['log', 'terminal', 'failure', 'incident'] as const;
export type Pane = (typeof PANES)[number];

/** Events per second of the speeds that `+` and `-` go through. */
export const SPEEDS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000] as const;

/** What a typed text is for. */
export type Asking = 'time' | 'host' | 'op' | 'filter' | 'breakpoint';

/** What is looked at: one recording, or two with how they lie to each other. */
export interface Session {
  readonly runs: readonly [Recording] | readonly [Recording, Recording];
  readonly comparison: Comparison | null;
}

/** All that the screen shows besides the recordings: the screen is a function of the session, the view and its size. */
export interface View {
  /** Which run the keys move; the other follows. */
  readonly lead: 0 | 1;
  readonly row: number;
  readonly playing: boolean;
  /** Index into {@link SPEEDS}. */
  readonly speed: number;
  /** Part of an event that playing still owes. */
  readonly owed: number;
  readonly pane: Pane;
  /** The log's filter: its words, and how each run of the session reads them (hosts have other numbers there). */
  readonly filter: { readonly text: string; readonly matches: readonly RowMatch[] } | null;
  /** Lines by which the lower pane is scrolled: from its top, in the terminal up from its end. */
  readonly scroll: number;
  readonly breakpoints: readonly RowMatch[];
  readonly prompt: { readonly asking: Asking; readonly text: string } | null;
  readonly message: string;
  /** First line of the key list that is shown; -1 while it is not shown. */
  readonly help: number;
  readonly quit: boolean;
}

/** The view with which a session opens: at the beginning, or where its runs first differ. */
export function firstView({ runs, comparison }: Session): View {
  const row = comparison === null ? runs[0].firstRow : Math.min(comparison.firstDifference, runs[0].endRow - 1);
  return {
    lead: 0,
    row,
    playing: false,
    speed: SPEEDS.indexOf(10),
    owed: 0,
    pane: 'log',
    filter: null,
    scroll: 0,
    breakpoints: [],
    prompt: null,
    message: '',
    help: -1,
    quit: false,
  };
}

/** The run that the keys move. */
export function leadRun({ runs }: Session, { lead }: View): Recording {
  return runs[lead] ?? runs[0];
}

/** The row at which each run of the session stands. */
export function rowsOf({ runs, comparison }: Session, { lead, row }: View): readonly number[] {
  if (comparison === null) return [row];
  const other = counterpart(comparison, lead, row);
  return runs.map((_, index) => (index === lead ? row : other));
}
