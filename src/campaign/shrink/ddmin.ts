/**
 * Asks whether a part of the list still shows what the whole shows. The answer null: no. A list: yes, and it may hold
 * less than was asked for, when the test itself found parts that play no role.
 */
export type Test<T> = (part: readonly T[]) => Promise<readonly T[] | null>;

/**
 * Delta debugging (Zeller and Hildebrandt, TSE 2002): a part of `items` that still shows it and, unless `stop` cut the
 * search off, is 1-minimal: without any single element it does not. Asks for the empty list first, because that is the
 * answer surprisingly often. Each part is a sub-sequence, in the order of `items`. With `partsMax` the list is never cut
 * into more parts than that: a coarse result at a small price, which is not 1-minimal.
 */
export async function ddmin<T>(
  items: readonly T[],
  test: Test<T>,
  stop: () => boolean,
  partsMax = items.length,
): Promise<readonly T[]> {
  if (items.length === 0) return items;
  const none = await test([]);
  if (none !== null) return none;
  let rest = items;
  let parts = 2;
  while (rest.length >= 2 && !stop()) {
    const found = await smaller(rest, Math.min(parts, rest.length), test, stop);
    if (found !== null) {
      rest = found.rest;
      parts = Math.max(2, Math.min(found.parts, rest.length));
    } else if (parts >= Math.min(rest.length, partsMax)) break;
    else parts = Math.min(rest.length, parts * 2, Math.max(2, partsMax));
  }
  return rest;
}

/** One round: each part alone, then each complement. With two parts the complements are the parts. */
async function smaller<T>(
  items: readonly T[],
  parts: number,
  test: Test<T>,
  stop: () => boolean,
): Promise<{ readonly rest: readonly T[]; readonly parts: number } | null> {
  const bounds = Array.from({ length: parts + 1 }, (_, part) => Math.floor((items.length * part) / parts));
  // Of large lists the last part first: what leads to a failure mostly stands close before it.
  for (let part = parts - 1; part >= 0 && !stop(); part--) {
    const rest = await test(items.slice(bounds[part], bounds[part + 1]));
    if (rest !== null) return { rest, parts: 2 };
  }
  if (parts === 2) return null;
  for (let part = 0; part < parts && !stop(); part++) {
    const rest = await test([...items.slice(0, bounds[part]), ...items.slice(bounds[part + 1])]);
    if (rest !== null) return { rest, parts: parts - 1 };
  }
  return null;
}
