import { UserError } from '../plan/user-error.ts';
import { SEED_MAX, type Seeds } from './select.ts';

/** Seeds that one `firedrill run` may ask for; more is a campaign. */
const SEED_COUNT_MAX = 100_000;
const JOBS_MAX = 256;
const HOST_MAX = 65_535;

/** `--seed N` or `--seeds A..B`, both included. */
export function readSeeds(
  seed: string | undefined,
  seeds: string | undefined,
  countMax: number = SEED_COUNT_MAX,
): Seeds {
  if (seed !== undefined && seeds !== undefined) {
    throw new UserError('--seed and --seeds exclude each other', 'give one of them');
  }
  if (seed !== undefined) {
    const only = readInteger('--seed', seed, 0, SEED_MAX);
    return { kind: 'range', from: only, to: only };
  }
  return seeds === undefined ? { kind: 'unset' } : readRange(seeds, countMax);
}

function readRange(text: string, countMax: number): Seeds {
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  if (first === undefined || last === undefined) {
    throw new UserError(`--seeds ${text} is no range`, 'write the first and the last seed, such as --seeds 1..200');
  }
  const from = readInteger('--seeds', first, 0, SEED_MAX);
  const to = readInteger('--seeds', last, 0, SEED_MAX);
  if (to < from)
    throw new UserError(`--seeds ${text} is empty`, `write the smaller seed first: --seeds ${to}..${from}`);
  if (to - from >= countMax) {
    throw new UserError(
      `--seeds ${text} are ${to - from + 1} seeds`,
      `ask for at most ${countMax}, or for several ranges one after the other`,
    );
  }
  return { kind: 'range', from, to };
}

export function readJobs(text: string | undefined): number | null {
  return text === undefined ? null : readInteger('--jobs', text, 1, JOBS_MAX);
}

/** A host of a trace by its number; null: every host. */
export function readNode(text: string | undefined): number | null {
  return text === undefined ? null : readInteger('--node', text, 0, HOST_MAX);
}

/** A whole number in decimal digits, within its bounds. */
export function readInteger(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UserError(
    `${option} ${JSON.stringify(text)} is no whole number from ${min} to ${max}`,
    `write ${option} N`,
  );
}

const UNIT_US: ReadonlyMap<string, number> = new Map([
  ['us', 1],
  ['ms', 1_000],
  ['s', 1_000_000],
  ['m', 60_000_000],
  ['h', 3_600_000_000],
]);

/** A virtual time such as `12.5s`, `300ms` or `2m`; a bare number counts seconds, as the trace's time column does. */
export function readTimeUs(option: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,6})?)(us|ms|s|m|h)?$/.exec(text) ?? [];
  if (number === undefined) {
    throw new UserError(`${option} ${JSON.stringify(text)} is no time`, `write such as ${option} 12.5s, 300ms or 2m`);
  }
  return Math.round(Number(number) * UNIT_US.get(unit ?? 's')!);
}

/** A wall time in seconds. */
export function readSeconds(option: string, text: string): number {
  const value = /^\d{1,9}(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0) return value;
  throw new UserError(
    `${option} ${JSON.stringify(text)} is no number of seconds above 0`,
    `write such as ${option} 10`,
  );
}
