/** A 128-bit digest as four 32-bit signed integers. Compare with {@link sameSum}; never by identity alone. */
export interface Sum {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

export const ZERO_SUM: Sum = { a: 0, b: 0, c: 0, d: 0 };

export function sameSum(left: Sum, right: Sum): boolean {
  return left === right || (left.a === right.a && left.b === right.b && left.c === right.c && left.d === right.d);
}

/** A sum as 32 hexadecimal digits, for texts. */
export function sumText(sum: Sum): string {
  const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
  return hex(sum.a) + hex(sum.b) + hex(sum.c) + hex(sum.d);
}

/**
 * One entry of the log, immutable. `sum` is the hash over the header's fields, `parent` and the body, so that the
 * entries form a chain; it stays what it was in the view in which the entry was first prepared (`view`), however often
 * later views replicate the entry again (R7). `record` is the encoded form as written to the journal: header and body.
 */
export interface Prepare {
  readonly epoch: number;
  /** View in which the op was first prepared. */
  readonly view: number;
  readonly op: number;
  readonly parent: Sum;
  readonly sum: Sum;
  /** What to do: the protocol's own operations are below 16, the state machine's from 16. */
  readonly operation: number;
  /** Client id, 0 for the protocol's own entries. */
  readonly client: number;
  readonly request: number;
  /** Synchronised wall time in µs given by the primary, never below its predecessor's. */
  readonly timestampUs: number;
  readonly body: Uint8Array;
  /** Header and body, little-endian, with its checksums: what is written to a journal slot. */
  readonly record: Uint8Array;
}

/** What is known of an entry without its body. */
export interface Header {
  readonly op: number;
  readonly view: number;
  readonly sum: Sum;
  readonly parent: Sum;
}

/** Operations of the protocol itself; a state machine's begin at 16. */
export const OPERATION = { root: 0, register: 1, noop: 2, config: 3, reconfigure: 4, release: 8 } as const;
export const OPERATION_USER_MIN = 16;
