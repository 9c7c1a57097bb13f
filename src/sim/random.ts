import seedrandom from 'seedrandom';

/**
 * A named random stream, used only to expand a seed into a plan (R20). Streams are derived, never drawn from one
 * another: `stream(seed, label)` depends on the two strings alone, so a new consumer shifts nobody else's draws.
 */
export interface Stream {
  /** An integer in [min, max], both inclusive. */
  int(min: number, max: number): number;
  /** True in `numerator` of `denominator` draws. */
  chance(numerator: number, denominator: number): boolean;
  /** One element of a non-empty array. */
  pick<T>(items: readonly T[]): T;
  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
}

/**
 * The stream of (seed, label). seedrandom's `tychei` over the string `seed/label`: R20 gives the measurements that
 * rule its other generators out.
 */
export function stream(seed: number, label: string): Stream {
  const next = seedrandom.tychei(`${seed}/${label}`);
  const int = (min: number, max: number): number =>
    min + Math.floor((next.int32() >>> 0) / (4_294_967_296 / (max - min + 1)));
  return {
    int,
    chance: (numerator, denominator) => int(0, denominator - 1) < numerator,
    pick: (items) => {
      const item = items[int(0, items.length - 1)];
      if (item === undefined) throw new Error('stream.pick needs a non-empty array');
      return item;
    },
    shuffle: (items) => {
      const copy = [...items];
      for (let index = copy.length - 1; index > 0; index--) {
        const other = int(0, index);
        const held = copy[index] as never;
        copy[index] = copy[other] as never;
        copy[other] = held;
      }
      return copy;
    },
  };
}
