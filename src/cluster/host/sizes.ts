const UNITS = ['', 'K', 'M', 'G', 'T', 'P'] as const;

/** Bytes as `df -h` and `du -h` print them: powers of 1024, rounded up, one decimal below 10. */
export function humanBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  if (unit === 0) return String(bytes);
  const tenths = Math.ceil(value * 10);
  if (tenths < 100) return `${Math.floor(tenths / 10)}.${tenths % 10}${UNITS[unit]}`;
  return `${Math.ceil(value)}${UNITS[unit]}`;
}

/** A count of µs as ms with `digits` decimals (0 to 3), rounded to nearest. */
export function msText(us: number, digits: number): string {
  const scale = digits === 0 ? 1_000 : digits === 1 ? 100 : digits === 2 ? 10 : 1;
  const parts = Math.floor(Math.abs(us) / scale + 0.5);
  const per = 1_000 / scale;
  const sign = us < 0 && parts > 0 ? '-' : '';
  if (digits === 0) return `${sign}${parts}`;
  return `${sign}${Math.floor(parts / per)}.${String(parts % per).padStart(digits, '0')}`;
}

/** `part` of `whole` in percent, rounded up to a whole number as `df` does; 0 of 0 is 0. */
export function percentUp(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.ceil((part * 100) / whole);
}

/** A ratio with one decimal, rounded to nearest. */
export function tenthsText(value: number): string {
  const tenths = Math.floor(value * 10 + 0.5);
  return `${Math.floor(tenths / 10)}.${tenths % 10}`;
}
