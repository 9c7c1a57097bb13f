import type { Chunk } from './chunk.ts';
import { kindNumber } from './words.ts';

/** Something that the timeline shows, and its sign. */
export interface Landmark {
  readonly atUs: number;
  readonly sign: 'o' | 'a' | 'f' | '!';
}

const SIGNS: ReadonlyMap<number, Landmark['sign']> = new Map([
  [kindNumber('operator'), 'o'],
  [kindNumber('alert'), 'a'],
  [kindNumber('fault'), 'f'],
  [kindNumber('finding'), '!'],
]);
const ORDER = 'oaf!';

/** Everything of a run that its timeline shows, in the order in which it is drawn: later signs cover earlier ones. */
export function landmarksIn(chunks: readonly Chunk[]): readonly Landmark[] {
  const found: Landmark[] = [];
  for (const chunk of chunks) {
    for (let row = chunk.firstRow; row < chunk.firstRow + chunk.rowCount; row++) {
      const sign = SIGNS.get(chunk.kindAt(row));
      if (sign !== undefined) found.push({ atUs: chunk.timeAt(row), sign });
    }
  }
  return found.sort((left, right) => ORDER.indexOf(left.sign) - ORDER.indexOf(right.sign));
}
