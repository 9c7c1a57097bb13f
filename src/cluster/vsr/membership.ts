import { type Sum, ZERO_SUM } from '../storage/prepare.ts';
import { read32, readSum, write32, writeSum } from '../storage/record.ts';

/**
 * How far a change of the membership has come (catalogue, model.reconfig_rule): newcomers follow the log without a vote
 * until they hold it, then old and new voters decide together, then the new ones alone.
 */
export type MembershipPhase = 'stable' | 'catching-up' | 'joint';

/** Who votes and who only follows, from the log entry at `op` on. Hosts, by number. */
export interface Membership {
  /** Op of the entry that made it, 0 as formatted, and that entry's sum. */
  readonly op: number;
  readonly sum: Sum;
  readonly phase: MembershipPhase;
  /** Those who vote; while `joint` the old ones. */
  readonly voters: readonly number[];
  /** Those who will vote when the change is through; empty while `stable`. */
  readonly next: readonly number[];
  /** Those who follow the log without a vote: standbys, and newcomers until they vote. */
  readonly standbys: readonly number[];
}

/** What a message or a superblock tells: the newest membership of the log, and the one before it (a cut may bring it back). */
export type Memberships = readonly [former: Membership, latest: Membership];

/** A membership that no entry has made. */
export function formattedMembership(voters: readonly number[], standbys: readonly number[] = []): Membership {
  return { op: 0, sum: ZERO_SUM, phase: 'stable', voters, next: [], standbys };
}

/** Old and new voters together, in the order of their numbers. */
export function votersOf({ voters, next }: Membership): number[] {
  return [...voters, ...next.filter((host) => !voters.includes(host))].sort((left, right) => left - right);
}

/** Whether a host has any part in it. */
export function takesPart({ voters, next, standbys }: Membership, host: number): boolean {
  return voters.includes(host) || next.includes(host) || standbys.includes(host);
}

const PHASES: readonly MembershipPhase[] = ['stable', 'catching-up', 'joint'];
const FIXED_WORDS = 4;

/** Body of a log entry that makes a membership: phase, three counts, then the hosts, in words. */
export function encodeMembership({ phase, voters, next, standbys }: Membership): Uint8Array {
  const words = [PHASES.indexOf(phase), voters.length, next.length, standbys.length, ...voters, ...next, ...standbys];
  const bytes = new Uint8Array(words.length * 4);
  for (const [index, word] of words.entries()) write32(bytes, index * 4, word);
  return bytes;
}

/** Reads {@link encodeMembership} at `from`; op and sum are those of its entry. */
export function decodeMembership(bytes: Uint8Array, from: number, op: number, sum: Sum): Membership {
  const word = (index: number): number => read32(bytes, from + index * 4);
  const list = (first: number, count: number): number[] =>
    Array.from({ length: count }, (_none, index) => word(FIXED_WORDS + first + index));
  const [voters, next, standbys] = [word(1), word(2), word(3)];
  return {
    op,
    sum,
    phase: PHASES[word(0)] ?? 'stable',
    voters: list(0, voters),
    next: list(voters, next),
    standbys: list(voters + next, standbys),
  };
}

/** A membership as the superblock keeps it: size in bytes, op, sum, then as in the log. */
export function packMembership(membership: Membership): Uint8Array {
  const body = encodeMembership(membership);
  const bytes = new Uint8Array(24 + body.length);
  write32(bytes, 0, bytes.length);
  write32(bytes, 4, membership.op);
  writeSum(bytes, 8, membership.sum);
  bytes.set(body, 24);
  return bytes;
}

/** Reads {@link packMembership} at `at`. */
export function unpackMembership(bytes: Uint8Array, at: number): { membership: Membership; sizeBytes: number } {
  const membership = decodeMembership(bytes, at + 24, read32(bytes, at + 4), readSum(bytes, at + 8));
  return { membership, sizeBytes: read32(bytes, at) };
}
