/**
 * Operations drawn over time, one row a client: bars from call to return, wide enough for their texts, in as few columns
 * as the order of events allows. Columns stand for the order of calls and returns, not for durations.
 */

export interface TimelineBar {
  /** Label of the row; bars of one label share rows as far as they do not overlap. */
  readonly client: string;
  readonly text: string;
  readonly callSeq: number;
  /** Null for an operation that has not returned: its bar goes on to the right edge. */
  readonly returnSeq: number | null;
  /** Draws the bar with `!` and `=`, for the one that the reader looks for. */
  readonly marked: boolean;
}

export interface Timeline {
  readonly lines: readonly string[];
  /** Bars that ended before the shown part, or were open since before it. */
  readonly hidden: number;
}

interface Placed {
  readonly bar: TimelineBar;
  /** First and last column; a bar that began before the shown part starts at 0. */
  readonly from: number;
  readonly to: number;
  readonly cut: boolean;
}

const COLUMNS_MAX = 100;
const TEXT_LENGTH_MAX = 30;
/** Columns of a label's gap to its row. */
const GAP = 2;

/** Draws the last part of `bars` that fits into `columnsMax` columns: what ends the history is what it is about. */
export function timeline(bars: readonly TimelineBar[], columnsMax: number = COLUMNS_MAX): Timeline {
  const labelColumns = bars.reduce((most, { client }) => Math.max(most, client.length), 0) + GAP;
  const room = columnsMax - labelColumns;
  const events = new Set(
    bars.flatMap(({ callSeq, returnSeq }) => (returnSeq === null ? [callSeq] : [callSeq, returnSeq])),
  );
  const seqs = [...events].sort((a, b) => a - b);
  let first = seqs.length - 1;
  let shown = layout(bars, seqs, first);
  while (first > 0) {
    const wider = layout(bars, seqs, first - 1);
    if (widthOf(wider) > room) break;
    shown = wider;
    first -= 1;
  }
  return { lines: draw(shown, labelColumns), hidden: bars.length - shown.length };
}

/** Puts the bars that matter from the event `first` on into columns, each event as far left as the texts let it. */
function layout(bars: readonly TimelineBar[], seqs: readonly number[], first: number): Placed[] {
  const fromSeq = seqs[first]!;
  const visible = bars.filter(({ callSeq, returnSeq, marked }) =>
    returnSeq === null ? marked || callSeq >= fromSeq : returnSeq >= fromSeq,
  );
  const columnOf = new Map<number, number>();
  let last = -1;
  for (const seq of seqs.slice(first)) {
    let column = last + 1;
    for (const { text, callSeq, returnSeq } of visible) {
      if (returnSeq === seq) column = Math.max(column, (columnOf.get(callSeq) ?? 0) + lengthOf(text) + 1);
    }
    columnOf.set(seq, column);
    last = column;
  }
  for (const { text, callSeq, returnSeq } of visible) {
    if (returnSeq === null) last = Math.max(last, (columnOf.get(callSeq) ?? 0) + lengthOf(text) + 1);
  }
  return visible.map((bar) => ({
    bar,
    from: columnOf.get(bar.callSeq) ?? 0,
    to: bar.returnSeq === null ? last : columnOf.get(bar.returnSeq)!,
    cut: bar.callSeq < fromSeq,
  }));
}

function widthOf(placed: readonly Placed[]): number {
  return placed.reduce((most, { to }) => Math.max(most, to + 1), 0);
}

function draw(placed: readonly Placed[], labelColumns: number): string[] {
  const rows: { readonly client: string; text: string }[] = [];
  const ordered = [...placed].sort((a, b) => a.from - b.from || a.bar.callSeq - b.bar.callSeq || a.to - b.to);
  for (const { bar, from, to, cut } of ordered) {
    let row = rows.find(({ client, text }) => client === bar.client && text.length <= from);
    if (row === undefined) {
      row = { client: bar.client, text: '' };
      rows.push(row);
    }
    const fill = bar.marked ? '=' : '-';
    const inner = shortened(bar.text).padEnd(to - from - 1, fill);
    const edge = bar.marked ? '!' : '|';
    row.text = `${row.text.padEnd(from)}${cut ? '<' : edge}${inner}${bar.returnSeq === null ? '>' : edge}`;
  }
  const collator = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
  return rows
    .sort((a, b) => collator(a.client, b.client))
    .map(({ client, text }) => client.padEnd(labelColumns) + text);
}

function lengthOf(text: string): number {
  return Math.min(text.length, TEXT_LENGTH_MAX);
}

/** Keeps both ends: values that were appended to differ at their end. */
function shortened(text: string): string {
  if (text.length <= TEXT_LENGTH_MAX) return text;
  const head = Math.floor(TEXT_LENGTH_MAX / 2);
  return `${text.slice(0, head)}..${text.slice(text.length - (TEXT_LENGTH_MAX - head - 2))}`;
}
