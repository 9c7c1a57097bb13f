/** Virtual microseconds as people read them; -1 is none. */
export function durationOf(us: number): string {
  if (us < 0) return '–';
  if (us < 1_000) return `${us} µs`;
  if (us < 1_000_000) return `${trimmed(us / 1_000)} ms`;
  if (us < 120_000_000) return `${trimmed(us / 1_000_000)} s`;
  if (us < 7_200_000_000) return `${trimmed(us / 60_000_000)} min`;
  return `${trimmed(us / 3_600_000_000)} h`;
}

/** A moment of a run: seconds with all six digits, so that two events of one millisecond differ. */
export function momentOf(us: number): string {
  return `${(us / 1_000_000).toFixed(6)} s`;
}

export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** 1,234,567 */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** True where every word of the search stands somewhere in the text, whatever the case. */
export function matches(search: string, text: string): boolean {
  const lower = text.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}

function trimmed(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1).replace(/\.?0+$/, '');
}
