/** A virtual duration for people: `850 us`, `12.5 ms`, `3.2 s`, `4 min 05 s`, `2 h 10 min`. Negative means: none. */
export function durationText(durationUs: number): string {
  if (durationUs < 0) return '-';
  if (durationUs < 1_000) return `${durationUs} us`;
  if (durationUs < 999_950) return `${trimmed(durationUs / 1_000)} ms`;
  if (durationUs < 59_950_000) return `${trimmed(durationUs / 1_000_000)} s`;
  const seconds = Math.round(durationUs / 1_000_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${twoDigits(seconds % 60)} s`;
  return `${Math.floor(seconds / 3_600)} h ${twoDigits(Math.floor((seconds % 3_600) / 60))} min`;
}

/** An instant of a trace: seconds since the start with all six digits, so that equal times are seen to be equal. */
export function instantText(atUs: number): string {
  return `${Math.floor(atUs / 1_000_000)}.${String(atUs % 1_000_000).padStart(6, '0')}`;
}

function trimmed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
