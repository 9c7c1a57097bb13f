import { type Header, type Sum, sameSum } from '../storage/prepare.ts';
import type { LogSuffix } from './message.ts';

/** What one replica says of its log when it votes for a view. */
export interface Vote {
  readonly replica: number;
  /** Last view in which the replica was in normal operation. */
  readonly logView: number;
  /** Highest op that the replica knows to be committed. */
  readonly commit: number;
  readonly checkpointOp: number;
  readonly headOp: number;
  /** Sum of the entry at `headOp` where `checkpointOp` is the same op; elsewhere the suffix tells it. */
  readonly headSum: Sum;
  /**
   * The log above the checkpoint. Headers of the log with which `logView` began are always known here, as the
   * superblock holds them, but for those at or below `commit`. It reaches beyond the head as far as a faulty slot may
   * stand for an op there.
   */
  readonly suffix: LogSuffix;
}

/** One electorate: whose votes count, and how many of what are enough. */
export interface SelectionConfig {
  /** Absent: every vote counts. */
  readonly voters?: readonly number[];
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

/**
 * The log with which a view starts (R8): a pure function of the votes (one per replica, in any order). The votes with
 * the highest log view are called canonical, that view L.
 *
 * Why no committed op is lost. Let op X with header H be committed in view w, so that Qr replicas acknowledged it in w.
 * 1. Votes and acknowledgements are quorums, so an acknowledger is among the votes; its log view is at least w, so
 *    L >= w. If L > w, the log with which L began holds H, by induction over views, and a canonical vote shows H even if
 *    its slot is faulty. If L = w, that acknowledger is canonical and shows H or a faulty slot. So the ops to look at
 *    end where no canonical vote shows a header or a faulty slot.
 * 2. The canonical header at X is H: a view has one entry per op. Where canonical votes know only the entry after X,
 *    its parent link names the sum of H, and any vote may supply the header.
 * 3. X is dropped only if {@link SelectionConfig.nackQuorum} = n - Qr + 1 replicas did not acknowledge H in w, and Qr
 *    acknowledgers leave one too few for that. A vote tells that its replica did not:
 *    - by its nack bit;
 *    - when its log lacks H (ends before X, shows another header there, or shows none although H is of a view before its
 *      log view, whose first headers are all known): then w is not below its log view, as else H would have been
 *      carried into its log, and in its log view itself it did not acknowledge what it lacks;
 *    - when its log view is below every view that w can be: below the view of H, or below the log view of a vote that
 *      lacks H. An entry whose header no canonical vote shows is one of view L, for the same reason;
 *    - when it told so for X - 1, because an acknowledgement covers all ops before it.
 *    A faulty slot tells nothing by itself (R7): what denies is the superblock, or the op before.
 * 4. X is kept only with a known header and an intact copy in some vote, so the new primary can serve it.
 * Ops at or below the highest commit number of the votes are never dropped; there a hole stays a hole.
 *
 * While a membership change is joint there are two electorates (`joint` is the second). A quorum of each must have voted,
 * and X is dropped only where too few are left in each: it may have been committed before the change, during or after it.
 */
export function selectLog(
  votes: readonly Vote[],
  config: SelectionConfig,
  joint: SelectionConfig | null = null,
): Selection {
  if (!hasVoted(votes, config) || (joint !== null && !hasVoted(votes, joint))) return { kind: 'awaiting-quorum' };
  const bounds = boundsOf(votes);
  const { commit, first, last } = bounds;
  const chain = canonicalChain(votes, bounds);
  const denied = new Uint8Array(votes.length);
  let headOp = last;
  for (let op = commit + 1; op <= last; op++) {
    const link = chain[op - first]!;
    deny(votes, bounds, op, link, denied);
    if (isDenied(votes, denied, config) && (joint === null || isDenied(votes, denied, joint))) {
      headOp = op - 1;
      break;
    }
    if (link.header === null || !hasIntactCopy(votes, link.header)) return undecided(votes, config, joint, op);
  }
  // What follows the head needs its sum; a head that a checkpoint covers brings its own.
  if (headOp > bounds.checkpointOp && headOp >= first && chain[headOp - first]!.header === null) {
    return undecided(votes, config, joint, headOp);
  }
  const headers: (Header | null)[] = [];
  const sources = new Map<number, number[]>();
  for (let op = first; op <= headOp; op++) {
    const { header } = chain[op - first]!;
    headers.push(header);
    if (header !== null) sources.set(op, sourcesOf(votes, header));
  }
  return { kind: 'chosen', logView: bounds.logView, headOp, commit, first, headers, sources };
}

function counts(vote: Vote, { voters }: SelectionConfig): boolean {
  return voters === undefined || voters.includes(vote.replica);
}

function votesOf(votes: readonly Vote[], config: SelectionConfig): number {
  return votes.filter((vote) => counts(vote, config)).length;
}

function hasVoted(votes: readonly Vote[], config: SelectionConfig): boolean {
  return votesOf(votes, config) >= config.quorumView;
}

/** Whether those who did not acknowledge leave too few who may have. */
function isDenied(votes: readonly Vote[], denied: Uint8Array, config: SelectionConfig): boolean {
  let denials = 0;
  for (let index = 0; index < votes.length; index++) {
    if (denied[index] === 1 && counts(votes[index]!, config)) denials++;
  }
  return denials >= config.nackQuorum;
}

function undecided(
  votes: readonly Vote[],
  config: SelectionConfig,
  joint: SelectionConfig | null,
  op: number,
): Selection {
  const all = [config, joint].every((each) => each === null || votesOf(votes, each) >= each.replicaCount);
  return { kind: all ? 'stuck' : 'awaiting-votes', op };
}

interface Bounds {
  readonly logView: number;
  readonly commit: number;
  readonly checkpointOp: number;
  /** Lowest op of which a vote may tell. */
  readonly first: number;
  /** Highest op that may have to be kept. */
  readonly last: number;
}

function boundsOf(votes: readonly Vote[]): Bounds {
  let logView = 0;
  let commit = 0;
  let checkpointOp = 0;
  let first = Number.MAX_SAFE_INTEGER;
  for (const vote of votes) {
    logView = Math.max(logView, vote.logView);
    commit = Math.max(commit, vote.commit, vote.checkpointOp);
    checkpointOp = Math.max(checkpointOp, vote.checkpointOp);
    first = Math.min(first, vote.suffix.first);
  }
  let last = commit;
  for (const vote of votes) {
    if (vote.logView !== logView) continue;
    last = Math.max(last, vote.headOp);
    for (let op = vote.suffix.first + vote.suffix.headers.length - 1; op > last; op--) {
      if (headerAt(vote, op) !== null || !nacks(vote, op)) last = op;
    }
  }
  return { logView, commit, checkpointOp, first: Math.min(first, commit + 1), last };
}

/** What is known of the canonical entry at an op: its header, at least its sum, or nothing. */
interface Link {
  readonly header: Header | null;
  readonly sum: Sum | null;
}

/** The canonical log from `first` to `last`, followed from its head backwards along the parent links. */
function canonicalChain(votes: readonly Vote[], bounds: Bounds): Link[] {
  const chain: Link[] = [];
  let wanted: Sum | null = null;
  for (let op = bounds.last; op >= bounds.first; op--) {
    const header: Header | null = wanted === null ? canonicalHeader(votes, bounds, op) : headerOfSum(votes, op, wanted);
    chain.push({ header, sum: header === null ? wanted : header.sum });
    wanted = header === null ? null : header.parent;
  }
  return chain.reverse();
}

/** The header that canonical votes show at `op`. Should they differ, which no correct run brings about, the newest. */
function canonicalHeader(votes: readonly Vote[], bounds: Bounds, op: number): Header | null {
  let best: Header | null = null;
  let from = -1;
  for (const vote of votes) {
    if (vote.logView !== bounds.logView) continue;
    const header = headerAt(vote, op);
    if (header === null) continue;
    if (best === null || header.view > best.view || (header.view === best.view && vote.replica < from)) {
      best = header;
      from = vote.replica;
    }
  }
  return best;
}

function headerOfSum(votes: readonly Vote[], op: number, sum: Sum): Header | null {
  for (const vote of votes) {
    const header = headerAt(vote, op);
    if (header !== null && sameSum(header.sum, sum)) return header;
  }
  return null;
}

/** Marks the votes whose replica did not acknowledge the canonical entry at `op`; `denied` remembers them upwards. */
function deny(votes: readonly Vote[], bounds: Bounds, op: number, link: Link, denied: Uint8Array): void {
  // Lowest view in which the entry can have been committed.
  let viewMin = link.header === null ? bounds.logView : link.header.view;
  for (const vote of votes) if (lacks(vote, bounds, op, link)) viewMin = Math.max(viewMin, vote.logView);
  for (let index = 0; index < votes.length; index++) {
    const vote = votes[index]!;
    if (vote.logView < viewMin || nacks(vote, op) || lacks(vote, bounds, op, link)) denied[index] = 1;
  }
}

/** True when the log of the vote's log view is known not to hold the canonical entry at `op`. */
function lacks(vote: Vote, bounds: Bounds, op: number, link: Link): boolean {
  if (op < vote.suffix.first) return false;
  if (op >= vote.suffix.first + vote.suffix.headers.length) return true;
  const own = headerAt(vote, op);
  if (own !== null) return link.sum !== null && !sameSum(own.sum, link.sum);
  if (nacks(vote, op)) return true;
  return link.header !== null && link.header.view < vote.logView && vote.logView < bounds.logView;
}

function headerAt(vote: Vote, op: number): Header | null {
  const index = op - vote.suffix.first;
  return index >= 0 && index < vote.suffix.headers.length ? (vote.suffix.headers[index] ?? null) : null;
}

function nacks(vote: Vote, op: number): boolean {
  const index = op - vote.suffix.first;
  return index >= 0 && vote.suffix.nack[index] === 1;
}

function holds(vote: Vote, header: Header): boolean {
  const own = headerAt(vote, header.op);
  return own !== null && sameSum(own.sum, header.sum) && vote.suffix.present[header.op - vote.suffix.first] === 1;
}

function hasIntactCopy(votes: readonly Vote[], header: Header): boolean {
  for (const vote of votes) if (holds(vote, header)) return true;
  return false;
}

function sourcesOf(votes: readonly Vote[], header: Header): number[] {
  const sources: number[] = [];
  for (const vote of votes) if (holds(vote, header)) sources.push(vote.replica);
  return sources.sort((left, right) => left - right);
}
