import type { Membership } from './membership.ts';
import { popcount, type Rules } from './rules.ts';

/** Voters of whom a quorum must agree, and their hosts as bits. */
export interface Electorate {
  readonly voters: readonly number[];
  readonly mask: number;
}

function electorate(voters: readonly number[]): Electorate {
  let mask = 0;
  for (const voter of voters) mask |= 1 << voter;
  return { voters, mask };
}

/**
 * Whose quorums every decision needs, by the newest membership of a log, committed or not: old and new voters while it is
 * joint (catalogue, model.reconfig_rule). The entry that ends a change is prepared only when the joint one is committed, so
 * that a quorum of the old voters shows the joint one to whoever asks them, and from then on the new ones suffice (Ongaro
 * 2014, section 4.3).
 */
export function electoratesOf(
  { phase, voters, next }: Membership,
  rules: Pick<Rules, 'jointElectorates'>,
): readonly Electorate[] {
  if (phase !== 'joint') return [electorate(voters)];
  return rules.jointElectorates([electorate(voters), electorate(next)]);
}

/** Whether the hosts in `mask` are a quorum of each electorate, whose size `quorumOf` says. */
export function isQuorum(
  electorates: readonly Electorate[],
  mask: number,
  quorumOf: (voterCount: number) => number,
): boolean {
  for (const { voters, mask: own } of electorates) if (popcount(mask & own) < quorumOf(voters.length)) return false;
  return true;
}

/** The highest value that a quorum of each electorate has reached. */
export function quorumValue(
  electorates: readonly Electorate[],
  reached: (host: number) => number,
  quorumOf: (voterCount: number) => number,
): number {
  let lowest = Number.MAX_SAFE_INTEGER;
  for (const { voters } of electorates) {
    const values = voters.map(reached).sort((left, right) => right - left);
    lowest = Math.min(lowest, values[quorumOf(voters.length) - 1] ?? 0);
  }
  return lowest;
}
