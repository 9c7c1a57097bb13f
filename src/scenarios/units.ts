/** A whole number that is fixed (`min` = `max`) or drawn per seed. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Words of a closed set, one of which is drawn per seed. */
export interface Words {
  readonly words: readonly string[];
}

export type Unit = 'duration' | 'size' | 'share' | 'number';

const FACTORS: Readonly<Record<Unit, ReadonlyMap<string, number>>> = {
  duration: new Map([['us', 1], ['ms', 1e3], ['s', 1e6], ['m', 60e6], ['h', 3600e6], ['d', 86_400e6]]),
  size: new Map([['B', 1], ['KiB', 1024], ['MiB', 1024 ** 2], ['GiB', 1024 ** 3], ['TiB', 1024 ** 4]]),
  share: new Map([['%', 655.36]]),
  number: new Map([['', 1]]),
}; // biome-ignore format: one unit a line

/** How each kind is written, for messages. */
export const WRITTEN: Readonly<Record<Unit, string>> = {
  duration: 'a duration such as 150ms, 2s or 1h30m',
  size: 'a size such as 512B, 4KiB or 2GiB',
  share: 'a share such as 5% or 0.1%',
  number: 'a whole number',
};

/** Patterns for the JSON Schema; what they accept, `readValue` reads. */
export const PATTERNS = {
  duration: /^(\d+(\.\d+)?(us|ms|s|m|h|d))+$/,
  drawnDuration: /^(\d+(\.\d+)?(us|ms|s|m|h|d))+$|^\{\d+(\.\d+)?\.\.\d+(\.\d+)? ?(us|ms|s|m|h|d)\}$/,
  size: /^\d+(\.\d+)?(B|KiB|MiB|GiB|TiB)$/,
  share: /^\d+(\.\d+)?%$/,
} as const;

/**
 * A value in base units (µs, bytes, 65536ths, or itself): `2s`, `1h30m`, `4KiB`, `5%`, `17`, or a range of them that is
 * drawn per seed, `{1..4 s}`. Null when it is none, is fractional in base units, or when the range runs backwards.
 */
export function readValue(text: string, unit: Unit): Range | null {
  const range = /^\{(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?) ?([a-zA-Z%]*)\}$/.exec(text);
  if (range !== null) {
    const min = scaled(range[1], range[3], unit);
    const max = scaled(range[2], range[3], unit);
    return min === null || max === null || min > max ? null : { min, max };
  }
  if (!/^(\d+(\.\d+)?[a-zA-Z%]*)+$/.test(text)) return null;
  let sum = 0;
  const parts = text.match(/\d+(\.\d+)?[a-zA-Z%]*/g) ?? [];
  if (parts.length > 1 && unit !== 'duration') return null;
  for (const part of parts) {
    const [, digits, name] = /^([\d.]+)([a-zA-Z%]*)$/.exec(part) ?? [];
    const value = scaled(digits, name, unit);
    if (value === null) return null;
    sum += value;
  }
  return Number.isSafeInteger(sum) ? { min: sum, max: sum } : null;
}

/** Words to draw from, `{wrong-san | expired}`, or null when it is none, names one only, or one twice. */
export function readWords(text: string): Words | null {
  const inner = /^\{([a-z0-9-]+(?: ?\| ?[a-z0-9-]+)+)\}$/.exec(text)?.[1];
  if (inner === undefined) return null;
  const words = inner.split(/ ?\| ?/);
  return new Set(words).size === words.length ? { words } : null;
}

function scaled(digits: string | undefined, name: string | undefined, unit: Unit): number | null {
  const factor = FACTORS[unit].get(name ?? '');
  if (factor === undefined || digits === undefined) return null;
  const value = unit === 'share' ? Math.round(Number(digits) * factor) : Number(digits) * factor;
  const whole = Math.round(value);
  if (Math.abs(value - whole) > 1e-6 || !Number.isSafeInteger(whole)) return null;
  return unit === 'share' && whole > 65_536 ? null : whole;
}

/** The unit that a parameter's name ends in: `delayUsMax` is a duration, `sizeBytes` a size, `lossPer65536` a share. */
export function unitOfName(name: string): Unit {
  if (/Us(Min|Max|Mean)?$/.test(name)) return 'duration';
  if (/Bytes(Min|Max)?$/.test(name)) return 'size';
  return /Per65536$/.test(name) ? 'share' : 'number';
}
