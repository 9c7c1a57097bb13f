import { z } from 'zod';
import { PATTERNS, type Range, readValue, readWords, type Unit, unitOfName, type Words, WRITTEN } from './units.ts';

/** Text of a unit, read into base units; `what` is said in the JSON Schema. */
function measured(unit: Unit, pattern: RegExp, what: string) {
  return z
    .string({ error: `is not ${WRITTEN[unit]}` })
    .regex(pattern, `is not ${WRITTEN[unit]}`)
    .describe(what)
    .transform((text, ctx): Range => {
      const value = readValue(text, unit);
      if (value !== null) return value;
      ctx.addIssue({
        code: 'custom',
        message: `is not ${WRITTEN[unit]} of whole base units, or its range runs backwards`,
      });
      return z.NEVER;
    });
}

const fixed = ({ min }: Range): number => min;

/** Microseconds. */
export const duration = measured('duration', PATTERNS.duration, WRITTEN.duration).transform(fixed);
/** Microseconds, or a range of them that is drawn per seed. */
export const drawnDuration = measured(
  'duration',
  PATTERNS.drawnDuration,
  `${WRITTEN.duration}; drawn per seed as {5..10 s}`,
);
export const size = measured('size', PATTERNS.size, WRITTEN.size).transform(fixed);
/** Parts of 65536. */
export const share = measured('share', PATTERNS.share, WRITTEN.share).transform(fixed);

export type ParamValue = Range | Words | string;

/**
 * Parameters of a fault. The unit stands last in a name and says how its value is written (`delayUs: 150ms`,
 * `sizeBytes: 4KiB`, `lossPer65536: 5%`); a bare number is in base units; `{1..8}` and `{50..150 ms}` are drawn per seed;
 * any other text is a word of a closed set, `{expired | wrong-ca}` one of several that is drawn per seed.
 */
export const params = z
  .record(
    z.string().regex(/^[a-z][A-Za-z0-9]*$/, 'is no name of a parameter: write it as lossPer65536'),
    z.union([z.number(), z.string()], { error: 'is neither a number nor text' }),
  )
  .describe('parameters of the fault; the unit stands last in a name: delayUs: 150ms')
  .transform((record, ctx): Readonly<Record<string, ParamValue>> => {
    const read = Object.entries(record).map(([name, value]): [string, ParamValue] => {
      const unit = unitOfName(name);
      if (typeof value === 'number') return [name, { min: value, max: value }];
      const range = readValue(value, unit);
      if (range !== null) return [name, range];
      if (unit === 'number' && !value.startsWith('{')) return [name, value];
      const words = unit === 'number' ? readWords(value) : null;
      if (words !== null) return [name, words];
      ctx.addIssue({
        code: 'custom',
        path: [name],
        message: `is not ${WRITTEN[unit]}, nor a range of them such as {1..8}${unit === 'number' ? ', nor words such as {one | other}' : ''}`,
      });
      return [name, value];
    });
    return Object.fromEntries(read);
  });

/** A JavaScript regular expression. */
export const pattern = z.string().refine(
  (text) => {
    try {
      new RegExp(text);
      return true;
    } catch {
      return false;
    }
  },
  { error: 'is no regular expression' },
);

const ROLES = ['primary', 'backup', 'any-replica', 'all-replicas'] as const;

const NO_TARGET =
  'is neither a role (primary, backup, backup 1, any-replica, all-replicas) nor a list of host numbers such as [0, 2]';

export type TargetValue =
  | { readonly kind: 'hosts'; readonly hosts: readonly number[] }
  | { readonly kind: 'role'; readonly role: (typeof ROLES)[number]; readonly index: number };

/** `primary`, `backup`, `backup 1`, `any-replica`, `all-replicas`, or host numbers: `[0, 2]` (replicas first, then clients). */
export const target = z
  .union(
    [
      z.string().regex(/^(primary|any-replica|all-replicas|backup( \d)?)$/, NO_TARGET),
      z.array(z.int().min(0)).min(1).max(64),
    ],
    { error: NO_TARGET },
  )
  .describe('primary, backup, backup 1, any-replica, all-replicas, or host numbers such as [0, 2]')
  .transform((value): TargetValue => {
    if (typeof value !== 'string') return { kind: 'hosts', hosts: value };
    const [role, index] = value.split(' ');
    return { kind: 'role', role: ROLES.find((each) => each === role) ?? 'any-replica', index: Number(index ?? 0) };
  });
