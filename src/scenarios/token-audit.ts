import type { TokenRecord } from '../cluster/kimberlite/support-tokens.ts';
import { SECOND, type Us } from '../sim/time.ts';

/** The log's time may lie this far behind true time (the tolerance of the cluster clock, rounded up). */
const TOLERANCE_US: Us = SECOND;

/**
 * What is wrong with the support tokens of a run (INV-AUDIT-NO-GAP with AMB-TOKEN): a token is accepted once, not after its
 * life by true time, not after it was revoked; and each issue and use is an entry of the log.
 */
export function tokenProblems(records: readonly TokenRecord[]): string[] {
  const problems: string[] = [];
  const issued = new Map<string, TokenRecord>();
  const accepted = new Set<string>();
  const revoked = new Set<string>();
  for (const entry of records) {
    const { token, act, atUs, op } = entry;
    if (act === 'issued') issued.set(token, entry);
    if (act === 'revoked') revoked.add(token);
    if (act === 'accepted') {
      const first = issued.get(token);
      if (accepted.has(token)) problems.push(`${token} accepted twice`);
      if (revoked.has(token)) problems.push(`${token} accepted after it was revoked`);
      if (first === undefined) problems.push(`${token} accepted, never issued`);
      else if (atUs > first.atUs + first.lifeUs + TOLERANCE_US) problems.push(`${token} accepted after its life`);
      accepted.add(token);
    }
    if (op < 0 && act !== 'refused') problems.push(`${token} ${act}: not in the log`);
  }
  return problems;
}
