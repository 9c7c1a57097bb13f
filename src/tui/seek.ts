import { shortNames } from './line.ts';
import type { Chunk } from './recording/chunk.ts';
import type { Recording } from './recording/recording.ts';
import { FLAG, kindNumber } from './recording/words.ts';

/** What one step of time travel goes to. */
export type Stride = 'event' | 'message' | 'commit' | 'fault' | 'step' | 'alert' | 'failure' | 'row';

type Wanted = (chunk: Chunk, row: number) => boolean;

/** Looked up once: a search may go through a million rows. */
const DELIVER = kindNumber('deliver');
const DROP = kindNumber('drop');

const WANTED: Readonly<Record<Stride, Wanted>> = {
  event: (chunk, row) => (chunk.flagsAt(row) & FLAG.event) !== 0,
  message: (chunk, row) => chunk.kindAt(row) === DELIVER || chunk.kindAt(row) === DROP,
  commit: (chunk, row) => (chunk.flagsAt(row) & FLAG.commit) !== 0,
  fault: ofKind(kindNumber('fault')),
  step: ofKind(kindNumber('operator')),
  alert: ofKind(kindNumber('alert')),
  failure: ofKind(kindNumber('finding')),
  row: () => true,
};

function ofKind(kind: number): Wanted {
  return (chunk, row) => chunk.kindAt(row) === kind;
}

/** What a stride is called where there is no further one. */
export const STRIDE_WORDS: Readonly<Record<Stride, string>> = {
  event: 'event',
  message: 'message',
  commit: 'commit',
  fault: 'fault',
  step: 'operator step',
  alert: 'alert',
  failure: 'failed property',
  row: 'line',
};

/** The next row of a stride in a direction; -1 where there is none. */
export function stride(recording: Recording, row: number, by: Stride, direction: 1 | -1): number {
  // From the middle of an event the event before it is the one before its first row.
  const from = by === 'event' && direction === -1 ? recording.eventOf(row) : row;
  return recording.find(from, direction, WANTED[by]);
}

/** As many events further as there are, up to `count`. */
export function strideEvents(recording: Recording, row: number, count: number, direction: 1 | -1): number {
  let at = row;
  for (let step = 0; step < count; step++) {
    const next = stride(recording, at, 'event', direction);
    if (next < 0) break;
    at = next;
  }
  return at;
}

/** The event in which the property that the run reports failed; -1: none failed. */
export function failureRow(recording: Recording): number {
  const { findings, result } = recording.facts;
  const found = findings.find(({ property }) => property === result.property) ?? findings[0];
  return found === undefined || found.row < recording.firstRow ? -1 : recording.eventOf(found.row);
}

/** The first row after `from` (or of the run, with -1) that happens at a host, or that it sends or gets. */
export function mentionOfHost(recording: Recording, from: number, host: number): number {
  return recording.find(
    from < 0 ? recording.firstRow - 1 : from,
    1,
    (chunk, row) => chunk.hostAt(row) === host || chunk.peerAt(row) === host,
  );
}

/** The same for an op number. */
export function mentionOfOp(recording: Recording, from: number, op: number): number {
  return recording.find(from < 0 ? recording.firstRow - 1 : from, 1, (chunk, row) => chunk.opAt(row) === op);
}

/** The host of a name or number that somebody typed: `replica-2`, `r2`, `2` for the server with that number, `c0`; -1: none. */
export function hostNamed(recording: Recording, text: string): number {
  const { hosts, serverCount } = recording.layout.parts;
  const exact = hosts.findIndex(({ name }) => name === text);
  if (exact >= 0) return exact;
  const short = hosts.findIndex(({ name }) => shortNames(name) === text);
  if (short >= 0 || !/^\d+$/.test(text)) return short;
  return hosts.findIndex(({ name }, host) => host < serverCount && /\d+$/.exec(name)?.[0] === text);
}
