import { HOUR, MINUTE, MS, SECOND, type Us } from '../../sim/time.ts';

const DAY: Us = 24 * HOUR;
const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const DURATION_UNITS: readonly Us[] = [365 * DAY, 7 * DAY, DAY, HOUR, MINUTE, SECOND, MS];

/** Reads a Prometheus duration such as `1h30m` or `15s` (a year has 365 days); undefined if it is none. */
export function parseDuration(text: string): Us | undefined {
  const match = DURATION.exec(text);
  if (match === null || text === '') return undefined;
  let us = 0;
  for (let i = 0; i < DURATION_UNITS.length; i++) {
    const digits = match[i + 1];
    if (digits !== undefined) us += Number(digits) * DURATION_UNITS[i]!;
  }
  return us;
}

/** Reads a PromQL number: decimal, hexadecimal, `Inf`, `NaN`, or a duration, which stands for its seconds. */
export function parseNumber(text: string): number | undefined {
  const match = /^([+-]?)\s*(.+)$/s.exec(text.trim());
  if (match === null) return undefined;
  const sign = match[1] === '-' ? -1 : 1;
  const body = match[2]!.toLowerCase();
  if (body === 'inf') return sign * Number.POSITIVE_INFINITY;
  if (body === 'nan') return Number.NaN;
  const durationUs = parseDuration(body);
  if (durationUs !== undefined) return (sign * durationUs) / SECOND;
  const digits = body.replaceAll('_', '');
  // Go reads 010 as octal and JavaScript as decimal; nobody means either.
  if (/^0[0-9]/.test(digits) || !/^(?:0x[0-9a-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/.test(digits)) return undefined;
  return sign * Number(digits);
}

/** Reads a range or an offset: a duration, or a number of seconds as Prometheus 3 allows. */
export function parseRange(text: string): Us | undefined {
  const durationUs = parseDuration(text.trim());
  if (durationUs !== undefined) return durationUs;
  const seconds = parseNumber(text);
  if (seconds === undefined || !Number.isFinite(seconds)) return undefined;
  return Math.trunc(seconds * SECOND);
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['\\', '\\'],
  ['"', '"'],
  ["'", "'"],
]);

/** Reads a quoted PromQL string; undefined if it is not closed or holds an escape other than \n \t \r \\ \" \'. */
export function parseString(text: string): string | undefined {
  const quote = text[0];
  if (text.length < 2 || quote === undefined || text.at(-1) !== quote) return undefined;
  const body = text.slice(1, -1);
  if (quote === '`') return body;
  let out = '';
  for (let i = 0; i < body.length; i++) {
    const char = body[i]!;
    if (char !== '\\') {
      out += char;
      continue;
    }
    const escaped = ESCAPES.get(body[++i] ?? '');
    if (escaped === undefined) return undefined;
    out += escaped;
  }
  return out;
}
