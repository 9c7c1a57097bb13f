import { type Header, sameSum } from '../storage/prepare.ts';
import type { LogSuffix } from './message.ts';

/** What one replica says of its log when it votes for a view. */
export interface Vote {
  readonly replica: number;
  /** Last view in which the replica was in normal operation. */
  readonly logView: number;
  readonly commit: number;
  readonly checkpointOp: number;
  readonly headOp: number;
  readonly suffix: LogSuffix;
}

export interface SelectionConfig {
  readonly replicaCount: number;
  readonly quorumView: number;
  readonly nackQuorum: number;
}

export type Selection =
  | { readonly kind: 'awaiting-quorum' }
  /** Not decidable yet: whether `op` may have been committed depends on replicas that have not voted. */
  | { readonly kind: 'awaiting-votes'; readonly op: number }
  /** All replicas have voted and `op` can neither be shown nor denied. */
  | { readonly kind: 'stuck'; readonly op: number }
  | {
      readonly kind: 'chosen';
      readonly logView: number;
      readonly headOp: number;
      readonly commit: number;
      /** Op of `headers[0]`. */
      readonly first: number;
      /** null only at or below `commit`, where a repair finds what is missing. */
      readonly headers: readonly (Header | null)[];
      /** Replicas with an intact copy, by op. */
      readonly sources: Map<number, number[]>;
    };

function headerOf(vote: Vote, op: number): Header | null {
  const index = op - vote.suffix.first;
  return index >= 0 && index < vote.suffix.headers.length ? (vote.suffix.headers[index] ?? null) : null;
}

function bit(bits: Uint8Array, vote: Vote, op: number): boolean {
  const index = op - vote.suffix.first;
  return index >= 0 && index < bits.length && bits[index] === 1;
}

/** Whether the vote proves that its replica never acknowledged `wanted` (an op above every known commit). */
function denies(vote: Vote, op: number, wanted: Header | null): boolean {
  if (op < vote.suffix.first) return false;
  if (bit(vote.suffix.nack, vote, op)) return true;
  const index = op - vote.suffix.first;
  if (index >= vote.suffix.headers.length) return true;
  const own = vote.suffix.headers[index] ?? null;
  return own !== null && wanted !== null && !sameSum(own.sum, wanted.sum);
}

/**
 * The log with which a view starts (R8), a pure function of the votes.
 *
 * Only logs of the highest log view among a quorum of votes count as canonical: whatever committed before that view was
 * carried into it, and whatever committed in it was acknowledged by a quorum that meets this one. An op above every
 * known commit is dropped only if so many replicas deny it (n - Qr + 1) that no quorum can ever have acknowledged it,
 * and kept only if an intact copy is at hand. A faulty slot says neither; then more votes must come.
 */
export function selectLog(votes: readonly Vote[], config: SelectionConfig): Selection {
  if (votes.length < config.quorumView) return { kind: 'awaiting-quorum' };
  let logView = 0;
  let commit = 0;
  let checkpointOp = 0;
  for (const vote of votes) {
    logView = Math.max(logView, vote.logView);
    commit = Math.max(commit, vote.commit, vote.checkpointOp);
    checkpointOp = Math.max(checkpointOp, vote.checkpointOp);
  }
  const canonical = votes.filter((vote) => vote.logView === logView);
  let last = commit;
  let first = Number.MAX_SAFE_INTEGER;
  for (const vote of canonical) {
    last = Math.max(last, vote.headOp, vote.suffix.first + vote.suffix.headers.length - 1);
    first = Math.min(first, vote.suffix.first);
  }
  let headOp = last;
  for (let op = commit + 1; op <= last; op++) {
    const wanted = canonicalHeader(canonical, op);
    let nacks = 0;
    for (const vote of votes) if (denies(vote, op, wanted)) nacks++;
    if (nacks >= config.nackQuorum) {
      headOp = op - 1;
      break;
    }
    const intact = wanted !== null && sourcesOf(votes, op, wanted).length > 0;
    if (!intact) return { kind: votes.length >= config.replicaCount ? 'stuck' : 'awaiting-votes', op };
  }
  const headers: (Header | null)[] = [];
  const sources = new Map<number, number[]>();
  for (let op = first; op <= headOp; op++) {
    const header = canonicalHeader(canonical, op);
    headers.push(header);
    if (header !== null) sources.set(op, sourcesOf(votes, op, header));
  }
  return { kind: 'chosen', logView, headOp, commit, first, headers, sources };
}

function canonicalHeader(canonical: readonly Vote[], op: number): Header | null {
  for (const vote of canonical) {
    const header = headerOf(vote, op);
    if (header !== null) return header;
  }
  return null;
}

function sourcesOf(votes: readonly Vote[], op: number, header: Header): number[] {
  const sources: number[] = [];
  for (const vote of votes) {
    const own = headerOf(vote, op);
    if (own !== null && sameSum(own.sum, header.sum) && bit(vote.suffix.present, vote, op)) sources.push(vote.replica);
  }
  return sources;
}
