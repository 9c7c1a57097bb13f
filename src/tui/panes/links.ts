import { cell, type Line, line, type Segment, shortNames, type Tone } from '../line.ts';
import type { Recording } from '../recording/recording.ts';
import { LINK_WORDS } from '../recording/words.ts';

/** Signs of the states of a link. A cut whose way back is open is a `>`: nothing goes from the row to the column. */
export const LINK_SIGNS = { open: '.', slow: '~', lossy: '%', held: 'H', cut: 'X', 'one-way': '>' } as const;

type LinkSign = (typeof LINK_SIGNS)[keyof typeof LINK_SIGNS];

const TONES: ReadonlyMap<LinkSign, Tone> = new Map([
  ['.', 'quiet'],
  ['~', 'warn'],
  ['%', 'warn'],
  ['H', 'warn'],
  ['X', 'bad'],
  ['>', 'bad'],
]);

/** Hosts that share a row and a column of the matrix: clients are one. */
interface Group {
  readonly label: string;
  readonly hosts: readonly number[];
}

/** The matrix: a message from the row's host to the column's. */
export function linkLines(run: Recording, state: Float64Array): Line[] {
  const groups = groupsOf(run);
  const first = nameWidth(groups);
  const blank = ' '.repeat(first);
  const lines: Line[] = [
    line(blank + groups.map((each) => cell(each.label, columnWidth(each), 'right')).join(''), 'quiet'),
  ];
  for (const from of groups) {
    const parts: Segment[] = [{ text: cell(from.label, first, 'right'), tone: 'quiet' }];
    for (const to of groups) {
      const sign = from === to && from.hosts.length === 1 ? ' ' : groupSign(run, state, from, to);
      parts.push({
        text: cell(sign, columnWidth(to), 'right'),
        tone: sign === ' ' ? 'plain' : (TONES.get(sign) ?? 'plain'),
      });
    }
    lines.push(parts);
  }
  return lines;
}

/** Width of the matrix. */
export function linkWidth(run: Recording): number {
  const groups = groupsOf(run);
  return nameWidth(groups) + groups.reduce((sum, each) => sum + columnWidth(each), 0);
}

/** Characters of a host's name in the matrix; what is longer is cut. */
const LABEL_MAX = 4;

/** A blank, and the name. */
function columnWidth({ label }: Group): number {
  return 1 + label.length;
}

function nameWidth(groups: readonly Group[]): number {
  return Math.max(...groups.map(columnWidth));
}

function groupsOf({ layout: { parts } }: Recording): Group[] {
  const groups: Group[] = [];
  const clients: number[] = [];
  for (const [host, { kind, name }] of parts.hosts.entries()) {
    if (kind === 'client') clients.push(host);
    else if (kind === 'replica' || kind === 'standby')
      groups.push({ label: cell(shortNames(name), LABEL_MAX).trimEnd(), hosts: [host] });
  }
  groups.push({ label: 'cl', hosts: clients });
  for (const [host, { kind }] of parts.hosts.entries()) {
    if (kind === 'monitor') groups.push({ label: 'mo', hosts: [host] });
  }
  return groups;
}

/** The worst link between two groups. */
function groupSign(run: Recording, state: Float64Array, from: Group, to: Group): LinkSign {
  let worst = 0;
  let back = 0;
  for (const one of from.hosts) {
    for (const other of to.hosts) {
      if (one === other) continue;
      worst = Math.max(worst, state[run.layout.link(one, other)] as number);
      back = Math.max(back, state[run.layout.link(other, one)] as number);
    }
  }
  const word = LINK_WORDS[worst] ?? 'open';
  return word === 'cut' && LINK_WORDS[back] !== 'cut' ? LINK_SIGNS['one-way'] : LINK_SIGNS[word];
}
