import type { Chunk } from './recording/chunk.ts';
import type { Recording } from './recording/recording.ts';
import { ROW_KINDS } from './recording/words.ts';
import { hostNamed } from './seek.ts';

/** Which rows are wanted, and the words that say so. */
export interface RowMatch {
  readonly text: string;
  readonly accepts: (chunk: Chunk, row: number) => boolean;
}

export type Reading =
  | { readonly ok: true; readonly match: RowMatch }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads a filter of the log: words of which all must hold. `kind:fault,crash`, `host:replica-2` (also `r2`, or the
 * number), `op:118`; any other word stands in the text of the row.
 */
export function readFilter(recording: Recording, text: string): Reading {
  const judges: RowMatch['accepts'][] = [];
  for (const word of text.trim().split(/\s+/)) {
    const [name, value = ''] = split(word);
    if (name === 'kind') {
      const kinds = value.split(',');
      const unknown = kinds.find((kind) => !(ROW_KINDS as readonly string[]).includes(kind));
      if (unknown !== undefined) return refuse(`no kind "${unknown}"; there are ${ROW_KINDS.join(' ')}`);
      const numbers = kinds.map((kind) => (ROW_KINDS as readonly string[]).indexOf(kind));
      judges.push((chunk, row) => numbers.includes(chunk.kindAt(row)));
    } else if (name === 'host') {
      const host = hostNamed(recording, value);
      if (host < 0) return refuse(`no host "${value}"`);
      judges.push((chunk, row) => chunk.hostAt(row) === host || chunk.peerAt(row) === host);
    } else if (name === 'op') {
      if (!/^\d+$/.test(value)) return refuse(`"${value}" is no op number`);
      judges.push((chunk, row) => chunk.opAt(row) === Number(value));
    } else {
      const wanted = word.toLowerCase();
      const holds = oncePerPlace((chunk, number) => chunk.wordsAt(number).toLowerCase().includes(wanted));
      judges.push((chunk, row) => holds(chunk, chunk.textNumberAt(row)));
    }
  }
  const all = oncePerPlace((chunk, place) => judges.every((judge) => judge(chunk, chunk.firstRow + place)));
  return { ok: true, match: { text: text.trim(), accepts: (chunk, row) => all(chunk, row - chunk.firstRow) } };
}

const UNKNOWN = 0;
const NO = 1;
const YES = 2;

/**
 * Judges each place of a chunk (a row, or a text) once. Every screen searches until it is full, so a filter that hardly
 * anything matches would read the whole run again with each key.
 */
function oncePerPlace(judge: (chunk: Chunk, place: number) => boolean): (chunk: Chunk, place: number) => boolean {
  const verdicts = new WeakMap<Chunk, Uint8Array>();
  let last: Chunk | null = null;
  let known: Uint8Array = new Uint8Array(0);
  return (chunk, place) => {
    if (chunk !== last) {
      known = verdicts.get(chunk) ?? new Uint8Array(chunk.rowCount);
      verdicts.set(chunk, known);
      last = chunk;
    }
    let verdict = known[place] ?? UNKNOWN;
    if (verdict === UNKNOWN) {
      verdict = judge(chunk, place) ? YES : NO;
      known[place] = verdict;
    }
    return verdict === YES;
  };
}

/** Reads a breakpoint: `property [INV-...]`, `mark NAME`, or a kind of event, alone or with words of its text. */
export function readBreakpoint(text: string): Reading {
  const [word = '', ...rest] = text.trim().split(/\s+/);
  const kind = word === 'property' ? 'finding' : word;
  const number = (ROW_KINDS as readonly string[]).indexOf(kind);
  if (number < 0) return refuse(`"${word}": property, or one of ${ROW_KINDS.join(' ')}`);
  const wanted = rest.join(' ').toLowerCase();
  const exact = kind === 'mark';
  const accepts = (chunk: Chunk, row: number): boolean => {
    if (chunk.kindAt(row) !== number) return false;
    const said = chunk.textAt(row).toLowerCase();
    return exact && wanted !== '' ? said === wanted : said.includes(wanted);
  };
  return { ok: true, match: { text: text.trim(), accepts } };
}

function split(word: string): [string, string | undefined] {
  const at = word.indexOf(':');
  return at < 0 ? ['', undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function refuse(problem: string): Reading {
  return { ok: false, problem };
}
