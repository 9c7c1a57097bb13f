import { cell, cellText, type Line, shortNames, type Tone } from '../line.ts';
import type { Recording } from '../recording/recording.ts';
import { PROCESS_WORDS, ROLE_WORDS, STATUS_WORDS } from '../recording/words.ts';

/** Columns of the wide table; a narrow one leaves out what stands behind `op`, the narrowest shortens names, too. */
const WIDE = 80;
const NARROW = 56;

/** One line a server: what it is, where it stands, what it has in use. `>` marks the host of the present event. */
export function replicaLines(run: Recording, state: Float64Array, host: number, width: number): Line[] {
  const wide = width >= WIDE;
  const nameWidth = width < NARROW ? shortWidth(run) : 11;
  const head = wide
    ? ` ${cell('host', 11)} process  role    status      view    op commit  jrnl disk    clock`
    : ` ${cell(width < NARROW ? '' : 'host', nameWidth)} process  status     view op/commit`;
  const lines: Line[] = [[{ text: head, tone: 'quiet' }]];
  for (let server = 0; server < run.layout.parts.serverCount; server++) {
    lines.push(replicaLine(run, state, { server, here: server === host, wide, nameWidth }));
  }
  return lines;
}

/** As wide as the longest short name of a server, within reason. */
function shortWidth({ layout: { parts } }: Recording): number {
  const names = parts.hosts.slice(0, parts.serverCount).map(({ name }) => shortNames(cellText(name)));
  return Math.min(8, Math.max(3, ...names.map(({ length }) => length)));
}

interface Place {
  readonly server: number;
  readonly here: boolean;
  readonly wide: boolean;
  readonly nameWidth: number;
}

function replicaLine({ layout }: Recording, state: Float64Array, { server, here, wide, nameWidth }: Place): Line {
  const value = (name: Parameters<typeof layout.server>[1]): number => state[layout.server(server, name)] as number;
  const process = PROCESS_WORDS[value('process')] ?? '?';
  const role = ROLE_WORDS[value('role')] ?? '?';
  const status = STATUS_WORDS[value('status')] ?? '?';
  const full = cellText(layout.parts.hosts[server]?.name ?? '');
  const name = cell(nameWidth < 11 ? shortNames(full) : full, nameWidth);
  const first = { text: `${here ? '>' : ' '}${name} `, tone: here ? ('title' as const) : ('plain' as const) };
  const processTone: Tone = process === 'up' ? 'plain' : 'bad';
  const statusTone: Tone = status === 'normal' || status === 'standby' ? 'good' : status === '-' ? 'quiet' : 'warn';
  // What a dead process last was says nothing about what it would be now; its numbers are kept for comparison.
  const numbers: Tone = process === 'up' ? 'plain' : 'quiet';
  if (!wide) {
    const where = process !== 'up' ? '-' : role === 'primary' ? 'PRIMARY' : status;
    return [
      first,
      { text: cell(process, 9), tone: processTone },
      { text: cell(where, 11), tone: role === 'primary' ? 'title' : statusTone },
      { text: `${cell(String(value('view')), 4, 'right')} ${value('op')}/${value('commit')}`, tone: numbers },
    ];
  }
  return [
    first,
    { text: cell(process, 9), tone: processTone },
    { text: cell(role === 'primary' ? 'PRIMARY' : role, 8), tone: role === 'primary' ? 'title' : 'plain' },
    { text: cell(status, 12), tone: statusTone },
    { text: cell(String(value('view')), 4, 'right'), tone: numbers },
    { text: cell(String(value('op')), 6, 'right'), tone: numbers },
    { text: cell(String(value('commit')), 7, 'right'), tone: numbers },
    { text: cell(percentText(value('journal')), 6, 'right'), tone: value('journal') > 900 ? 'warn' : numbers },
    { text: cell(percentText(value('disk')), 5, 'right'), tone: value('disk') > 900 ? 'bad' : numbers },
    { text: cell(clockText(value('clock')), 9, 'right'), tone: Math.abs(value('clock')) > 5_000 ? 'warn' : numbers },
  ];
}

function percentText(perMille: number): string {
  return `${Math.floor(perMille / 10)}%`;
}

/** Tenths of a millisecond from true time. */
function clockText(tenths: number): string {
  const sign = tenths < 0 ? '-' : '+';
  const size = Math.abs(tenths);
  return size >= 10_000 ? `${sign}${(size / 10_000).toFixed(2)} s` : `${sign}${(size / 10).toFixed(1)} ms`;
}
