import type { Us } from '../../sim/time.ts';

/** A wall-clock instant in UTC, split into its parts. */
export interface WallParts {
  readonly year: number;
  /** 1..12 */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly ms: number;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const DAY_MS = 86_400_000;

/** Splits ms since 1970 into UTC parts (proleptic Gregorian calendar, counted in 400-year cycles from 1 March). */
export function wallParts(unixMs: number): WallParts {
  const days = Math.floor(unixMs / DAY_MS);
  const rest = Math.floor(unixMs - days * DAY_MS);
  const shifted = days + 719_468;
  const cycle = Math.floor(shifted / 146_097);
  const dayOfCycle = shifted - cycle * 146_097;
  const yearOfCycle = Math.floor(
    (dayOfCycle - Math.floor(dayOfCycle / 1_460) + Math.floor(dayOfCycle / 36_524) - Math.floor(dayOfCycle / 146_096)) /
      365,
  );
  const dayOfYear = dayOfCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
    hour: Math.floor(rest / 3_600_000),
    minute: Math.floor(rest / 60_000) % 60,
    second: Math.floor(rest / 1_000) % 60,
    ms: rest % 1_000,
  };
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** `2026-02-06T10:00:00.123Z` */
export function isoText(unixMs: number): string {
  const p = wallParts(unixMs);
  const ms = String(p.ms).padStart(3, '0');
  return `${p.year}-${two(p.month)}-${two(p.day)}T${two(p.hour)}:${two(p.minute)}:${two(p.second)}.${ms}Z`;
}

/** `2026-02-06 10:00:00` */
export function plainText(unixMs: number): string {
  return isoText(unixMs).slice(0, 19).replace('T', ' ');
}

/** `Feb 06 10:00:00`, as journald prints it. */
export function journalStamp(unixMs: number): string {
  const p = wallParts(unixMs);
  return `${MONTHS[p.month - 1]} ${two(p.day)} ${two(p.hour)}:${two(p.minute)}:${two(p.second)}`;
}

/** ms since 1970 of a UTC date and time; the date must exist. */
function unixMsOf(year: number, month: number, day: number, secondOfDay: number): number {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const cycle = Math.floor(shiftedYear / 400);
  const yearOfCycle = shiftedYear - cycle * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfCycle = yearOfCycle * 365 + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100) + dayOfYear;
  return (cycle * 146_097 + dayOfCycle - 719_468) * DAY_MS + secondOfDay * 1_000;
}

/** Midnight of a day such as `2025-01-01` in ms since 1970; null when there is no such day. */
export function parseDayMs(text: string): number | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (match === null) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (month < 1 || month > 12) return null;
  const ms = unixMsOf(year, month, day, 0);
  const parts = wallParts(ms);
  return parts.month === month && parts.day === day ? ms : null;
}

const UNITS: readonly (readonly [RegExp, Us])[] = [
  [/^(us|usec)$/, 1],
  [/^(ms|msec)$/, 1_000],
  [/^(|s|sec|secs|second|seconds)$/, 1_000_000],
  [/^(m|min|mins|minute|minutes)$/, 60_000_000],
  [/^(h|hr|hour|hours)$/, 3_600_000_000],
  [/^(d|day|days)$/, 86_400_000_000],
];

/** `90s`, `10m`, `1h`, `2d`, `500ms`, `10 minutes`; null when it is no duration. A bare number counts seconds. */
export function parseDurationUs(text: string): Us | null {
  const match = /^(\d{1,9}) ?([a-z]*)$/.exec(text.trim());
  if (match === null) return null;
  const unit = UNITS.find(([pattern]) => pattern.test(match[2] as string));
  return unit === undefined ? null : Number(match[1]) * unit[1];
}

/** `--since` as journalctl reads it: `10 minutes ago`, `-10m`, `2026-02-06 10:00[:00]`, `today`. ms since 1970, or null. */
export function parseSinceMs(text: string, nowMs: number): number | null {
  const trimmed = text.trim();
  if (trimmed === 'today') return Math.floor(nowMs / DAY_MS) * DAY_MS;
  const relative = / ago$/.test(trimmed) ? trimmed.slice(0, -4) : trimmed.startsWith('-') ? trimmed.slice(1) : null;
  if (relative !== null) {
    const agoUs = parseDurationUs(relative);
    return agoUs === null ? null : nowMs - Math.floor(agoUs / 1_000);
  }
  const match = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d))?)?$/.exec(trimmed);
  const dayMs = parseDayMs(match?.[1] ?? '');
  if (match === null || dayMs === null) return null;
  const second = Number(match[2] ?? 0) * 3_600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
  return dayMs + second * 1_000;
}
