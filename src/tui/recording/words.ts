/**
 * Kinds of rows: those of a trace under their names there, then those that only a recording knows. `operator` is the
 * begin or end of a runbook step, `command` what the operator's terminal shows, `finding` a property that failed.
 */
export const ROW_KINDS = [
  'draw',
  'deliver',
  'timer',
  'disk',
  'start',
  'send',
  'drop',
  'crash',
  'fault',
  'operator',
  'log',
  'mark',
  'write',
  'note',
  'alert',
  'command',
  'finding',
] as const;

export type RowKind = (typeof ROW_KINDS)[number];

/** Number of a kind: what {@link ROW_KINDS} has it at. */
export function kindNumber(kind: RowKind): number {
  return ROW_KINDS.indexOf(kind);
}

/** What a host's process does: the value of its cell is the index. */
export const PROCESS_WORDS = ['down', 'up', 'paused', 'no power'] as const;
export const ROLE_WORDS = ['-', 'primary', 'backup', 'standby', 'removed'] as const;
export const STATUS_WORDS = [
  '-',
  'starting',
  'normal',
  'view-change',
  'recovering',
  'isolated',
  'standby',
  'removed',
] as const;

/** States of a directed link. `held`: what is sent waits until the link opens again. */
export const LINK_WORDS = ['open', 'slow', 'lossy', 'held', 'cut'] as const;

/** States of a planned fault. An instant goes from `waiting` to `struck`, a lasting one through `active`. */
export const FAULT_WORDS = ['waiting', 'active', 'over', 'struck', 'refused'] as const;

/** Bits of a row's flags, set on the first row of its event. */
export const FLAG = {
  /** First row of an event: what caused the rows up to the next one. */
  event: 1,
  /** The highest commit number of all replicas rose. */
  commit: 2,
} as const;
