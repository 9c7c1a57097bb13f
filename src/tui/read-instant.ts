const UNIT_US: ReadonlyMap<string, number> = new Map([
  ['us', 1],
  ['ms', 1_000],
  ['s', 1_000_000],
  ['m', 60_000_000],
  ['h', 3_600_000_000],
]);

/** A virtual time as somebody types it: `12.5s`, `300ms`, `2m`; a bare number means seconds. Null: none. */
export function readInstant(text: string): number | null {
  const found = /^(\d+(?:\.\d+)?)\s*(us|ms|s|m|h)?$/.exec(text);
  if (found === null) return null;
  return Math.round(Number(found[1]) * (UNIT_US.get(found[2] ?? 's') as number));
}
