import { cellText, type Line, line, ruled } from '../line.ts';
import type { Recording } from '../recording/recording.ts';
import { failureRow } from '../seek.ts';
import type { Pane, View } from '../view.ts';
import { alertLines, clientLines, faultLines } from './incident.ts';
import { logLines } from './log.ts';

/** What the panes are called, with their keys. */
export const PANE_NAMES: Readonly<Record<Pane, string>> = {
  log: '1 log',
  terminal: '2 terminal',
  failure: '3 failure',
  incident: '4 faults, alerts, clients',
};

/** The lower part of the screen: the names of its panes, and the one that is chosen. */
export function lowerLines(run: Recording, row: number, view: View, height: number, width: number): Line[] {
  if (height < 2) return [];
  const filter = view.filter === null ? '' : ` (filter: ${view.filter.text})`;
  const names = Object.entries(PANE_NAMES).map(([pane, name]) =>
    pane === view.pane
      ? { text: `[${name}${pane === 'log' ? filter : ''}] `, tone: 'title' as const }
      : { text: `${name}  `, tone: 'quiet' as const },
  );
  return [names, ...paneLines(run, row, view, height - 1, width)];
}

/** The lines of the chosen pane that fit, the log around the row. `index` is the run's place in the session. */
export function paneLines(
  run: Recording,
  row: number,
  view: View,
  height: number,
  width: number,
  index: 0 | 1 = 0,
): readonly Line[] {
  if (view.pane === 'log') return logLines(run, row, view.filter?.matches[index] ?? null, height, width);
  if (view.pane === 'terminal') return terminalLines(run, row, height, view.scroll);
  return scrolled(wholePane(run, row, view.pane, width), view.scroll, height);
}

/** By how many lines the chosen pane can be scrolled. */
export function scrollMax(run: Recording, row: number, view: View, height: number, width: number): number {
  if (view.pane === 'log') return 0;
  const lines = view.pane === 'terminal' ? typedBy(run, row) : wholePane(run, row, view.pane, width).length;
  return Math.max(0, lines - height);
}

function wholePane(run: Recording, row: number, pane: 'failure' | 'incident', width: number): Line[] {
  if (pane === 'failure') return failureLines(run, row, width);
  const state = run.stateAt(row);
  return [
    ruled('faults', width),
    ...faultLines(run, state),
    ruled('alerts', width),
    ...alertLines(run, state),
    ruled('clients', width),
    ...clientLines(run, state),
  ];
}

/** Lines from one on; the last one says how many follow, and how to get there. */
function scrolled(lines: readonly Line[], from: number, height: number): readonly Line[] {
  const first = Math.max(0, Math.min(from, lines.length - height));
  const left = lines.length - first - height;
  if (left <= 0) return lines.slice(first);
  return [...lines.slice(first, first + height - 1), line(`... and ${left + 1} more: } scrolls`, 'quiet')];
}

/** How many lines the operator's terminal has by now. */
function typedBy({ facts: { terminal } }: Recording, row: number): number {
  let low = 0;
  let high = terminal.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((terminal[middle]?.row ?? 0) <= row) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What the operator's terminal shows by now: its end, or what stands `scroll` lines above it. */
export function terminalLines(run: Recording, row: number, height: number, scroll: number): Line[] {
  const { terminal } = run.facts;
  const typed = typedBy(run, row);
  if (typed === 0)
    return [line(terminal.length === 0 ? 'this run has no operator' : 'the operator has typed nothing yet', 'quiet')];
  const tones = { prompt: 'title', note: 'quiet', output: 'plain' } as const;
  const end = Math.max(Math.min(height, typed), typed - scroll);
  const lines = terminal
    .slice(Math.max(0, end - height), end)
    .map(({ tone, text }) => line(cellText(text), tones[tone]));
  if (end < typed) lines[lines.length - 1] = line(`... and ${typed - end + 1} more: } scrolls`, 'quiet');
  return lines;
}

/** What the run came to: the property that failed, in words, wrapped; and whether that is still ahead. */
function failureLines(run: Recording, row: number, width: number): Line[] {
  const { result, explanation, findings } = run.facts;
  const at = failureRow(run);
  const head =
    result.verdict === 'failed' ? `failed by ${result.property}: ${explanation}` : `${result.verdict} ${explanation}`;
  const lines: Line[] = wrapped(head, width).map((text) => line(text, result.verdict === 'failed' ? 'bad' : 'good'));
  if (at >= 0) lines.push(line(row < at ? 'that is still ahead: ! goes there' : 'that has happened', 'quiet'));
  // What the run reports comes first; the others tell what else broke.
  const reported = findings.filter(({ property }) => property === result.property);
  for (const finding of [...reported, ...findings.filter((each) => !reported.includes(each))]) {
    lines.push(
      ...wrapped(cellText(finding.text), width - 2).map((text, index) => line(`${index === 0 ? '* ' : '  '}${text}`)),
    );
  }
  if (result.pending !== '' && result.pending !== explanation) {
    lines.push(...wrapped(`pending: ${result.pending}`, width).map((text) => line(text)));
  }
  return lines;
}

/** Words in lines of at most `width` cells; a longer word is cut up. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    let rest = word;
    if (current !== '' && current.length + 1 + rest.length > width) {
      lines.push(current);
      current = '';
    }
    while (rest.length > width) {
      lines.push(rest.slice(0, width));
      rest = rest.slice(width);
    }
    current = current === '' ? rest : `${current} ${rest}`;
  }
  return current === '' ? lines : [...lines, current];
}
