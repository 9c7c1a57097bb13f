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
 * Whose quorums every decision needs: old and new voters while a change is joint, and until the entry that ends it is
 * known to be committed (catalogue, model.reconfig_rule). `former` is the membership before `latest`.
 */
export function electoratesOf(
  former: Membership,
  latest: Membership,
  isSettled: boolean,
  rules: Pick<Rules, 'jointElectorates'>,
): readonly Electorate[] {
  const joint = latest.phase === 'joint' ? latest : former.phase === 'joint' && !isSettled ? former : null;
  if (joint === null) return [electorate(latest.voters)];
  return rules.jointElectorates([electorate(joint.voters), electorate(joint.next)]);
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
