import { cellText, clip, type Line, line, ruled } from '../line.ts';
import type { Recording } from '../recording/recording.ts';
import { failureRow } from '../seek.ts';
import type { Pane, View } from '../view.ts';
import { alertLines, clientLines, faultLines } from './incident.ts';
import { logLines } from './log.ts';

const NAMES: Readonly<Record<Pane, string>> = {
  log: '1 log',
  terminal: '2 terminal',
  failure: '3 failure',
  incident: '4 faults, alerts, clients',
};

/** The lower part of the screen: the names of its panes, and the one that is chosen. */
export function lowerLines(run: Recording, row: number, view: View, height: number, width: number): Line[] {
  if (height < 2) return [];
  const filter = view.filter === null ? '' : ` (filter: ${view.filter.text})`;
  const names = Object.entries(NAMES).map(([pane, name]) =>
    pane === view.pane
      ? { text: `[${name}${pane === 'log' ? filter : ''}] `, tone: 'title' as const }
      : { text: `${name}  `, tone: 'quiet' as const },
  );
  const body = paneLines(run, row, view, view.pane, height - 1, width);
  return [names, ...clip(body, height - 1)];
}

/** The lines of one pane. */
export function paneLines(
  run: Recording,
  row: number,
  view: View,
  pane: Pane,
  height: number,
  width: number,
): readonly Line[] {
  switch (pane) {
    case 'log':
      return logLines(run, row, view.filter, height, width);
    case 'terminal':
      return terminalLines(run, row, height);
    case 'failure':
      return failureLines(run, row, width);
    case 'incident': {
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
  }
}

/** The end of what the operator's terminal shows by now. */
export function terminalLines({ facts: { terminal } }: Recording, row: number, height: number): Line[] {
  let low = 0;
  let high = terminal.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((terminal[middle]?.row ?? 0) <= row) low = middle + 1;
    else high = middle;
  }
  if (low === 0)
    return [line(terminal.length === 0 ? 'this run has no operator' : 'the operator has typed nothing yet', 'quiet')];
  const tones = { prompt: 'title', note: 'quiet', output: 'plain' } as const;
  return terminal.slice(Math.max(0, low - height), low).map(({ tone, text }) => line(cellText(text), tones[tone]));
}

/** What the run came to: the property that failed, in words, wrapped; and whether that is still ahead. */
function failureLines(run: Recording, row: number, width: number): Line[] {
  const { result, explanation, findings } = run.facts;
  const at = failureRow(run);
  const head =
    result.verdict === 'failed' ? `failed by ${result.property}: ${explanation}` : `${result.verdict} ${explanation}`;
  const lines: Line[] = wrapped(head, width).map((text) => line(text, result.verdict === 'failed' ? 'bad' : 'good'));
  if (at >= 0) lines.push(line(row < at ? 'that is still ahead: ! goes there' : 'that has happened', 'quiet'));
  for (const finding of findings) {
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
