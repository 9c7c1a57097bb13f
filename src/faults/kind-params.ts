/** A parameter of a fault: an integer whose unit stands last in its name, or a string of a closed set. */
export type ParamSpec =
  | {
      readonly kind: 'number';
      readonly name: string;
      readonly min: number;
      readonly max: number;
      readonly default: number;
    }
  | { readonly kind: 'choice'; readonly name: string; readonly choices: readonly string[]; readonly default: string };

export const HOUR_US = 3_600_000_000;
export const WEEK_MS = 604_800_000;

export function number(name: string, min: number, max: number, byDefault: number): ParamSpec {
  return { kind: 'number', name, min, max, default: byDefault };
}

export function choice(name: string, choices: readonly string[], byDefault: string): ParamSpec {
  return { kind: 'choice', name, choices, default: byDefault };
}

export const ANY_ZONE = choice(
  'zone',
  ['any', 'superblock', 'journal-headers', 'journal-prepares', 'checkpoint'],
  'any',
);
/** Zones with redundant witnesses or copies: class C may strike there within the budget. */
export const WITNESS_ZONE = choice('zone', ['superblock', 'journal-headers', 'journal-prepares'], 'journal-prepares');
/** A misdirected request would hit two superblock copies, which R5 never allows. */
export const JOURNAL_ZONE = choice('zone', ['journal-headers', 'journal-prepares'], 'journal-prepares');
export const ROT_ZONE = choice(
  'zone',
  ['superblock', 'journal-headers', 'journal-prepares', 'checkpoint'],
  'journal-prepares',
);
/** -1: any unit that holds something, chosen by key. */
export const SLOT = number('slot', -1, 1_048_575, -1);
export const UNITS = number('units', 1, 4096, 1);
export const COUNT = number('count', 1, 1000, 1);
export const OFFSET = number('offsetSectors', 1, 1_048_575, 1);
export const DIRECTION = choice('direction', ['both', 'in', 'out'], 'both');
export const CLIENTS = choice('clients', ['reach-all', 'reach-rest'], 'reach-all');
export const OFFSET_MS = number('ms', -WEEK_MS, WEEK_MS, 1_000);
