import type { Prepare } from '../cluster/storage/prepare.ts';

/**
 * A second reader of the log's membership entries, written from their description: operation 4; the body is words,
 * little-endian: phase (0 stable, 1 catching up, 2 joint), numbers of voters, of next voters and of standbys, then hosts.
 */
const OPERATION_MEMBERSHIP = 4;
const PHASES = ['stable', 'catching-up', 'joint'] as const;

/** A membership as an applied entry says it. */
export interface MembershipEntry {
  readonly op: number;
  readonly phase: (typeof PHASES)[number];
  readonly voters: readonly number[];
  readonly next: readonly number[];
}

/** The membership that an entry makes, or null when it is another kind of entry. */
export function membershipEntry({ operation, op, body }: Prepare): MembershipEntry | null {
  if (operation !== OPERATION_MEMBERSHIP || body.length < 16) return null;
  const data = new DataView(body.buffer, body.byteOffset, body.length);
  const word = (index: number): number => data.getUint32(index * 4, true);
  const hosts = (from: number, count: number): number[] =>
    Array.from({ length: count }, (_none, index) => word(4 + from + index));
  const voters = hosts(0, word(1));
  return { op, phase: PHASES[word(0)] ?? 'stable', voters, next: hosts(voters.length, word(2)) };
}
