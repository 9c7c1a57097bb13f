import { instantText } from '../../report/duration.ts';
import { cell, cellText, fitLine, type Line, shortNames, type Tone } from '../line.ts';
import type { RowMatch } from '../match.ts';
import type { Recording } from '../recording/recording.ts';
import { FLAG, ROW_KINDS, type RowKind } from '../recording/words.ts';

const TONES: Partial<Readonly<Record<RowKind, Tone>>> = {
  fault: 'bad',
  crash: 'bad',
  finding: 'bad',
  alert: 'warn',
  drop: 'warn',
  operator: 'title',
  command: 'title',
  timer: 'quiet',
  disk: 'quiet',
};

/** Part of the lines that stands above the present one. */
const ABOVE = 0.6;

/** The log around a row: what caused an event first, what it did indented below it. `>` marks the row itself. */
export function logLines(run: Recording, row: number, filter: RowMatch | null, height: number, width: number): Line[] {
  const above = Math.floor((height - 1) * ABOVE);
  const before = near(run, row, -1, filter, height - 1);
  const after = near(run, row, 1, filter, height - 1 - Math.min(above, before.length));
  const kept = before.slice(0, height - 1 - after.length);
  return [...kept.reverse(), row, ...after].map((at) => logLine(run, at, at === row, width));
}

function near(run: Recording, row: number, direction: 1 | -1, filter: RowMatch | null, count: number): number[] {
  const found: number[] = [];
  const accepts = filter?.accepts ?? (() => true);
  for (let at = row; found.length < count; ) {
    at = run.find(at, direction, accepts);
    if (at < 0) break;
    found.push(at);
  }
  return found;
}

function logLine(run: Recording, row: number, here: boolean, width: number): Line {
  const { atUs, host, kind, text, flags } = run.row(row);
  const word = ROW_KINDS[kind] ?? 'note';
  const cause = (flags & FLAG.event) !== 0;
  const wide = width >= 60;
  const name = host < 0 ? '-' : (run.layout.parts.hosts[host]?.name ?? '');
  const time = wide ? cell(instantText(atUs), 11, 'right') : cell(instantText(atUs), 10, 'right');
  const where = wide ? cell(name, 10) : cell(shortNames(name), 5);
  const tone = TONES[word] ?? 'plain';
  const parts: Line = [
    {
      text: `${here ? '>' : ' '}${time} ${where} ${cell(word, 8)} ${cause ? '' : '  '}${cellText(wide ? text : shortNames(text))}`,
      tone: here ? 'cursor' : tone,
    },
  ];
  return fitLine(parts, width);
}
