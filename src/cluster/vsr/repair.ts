import { type Sum, ZERO_SUM } from '../storage/prepare.ts';
import { requestTransfer } from './checkpoint.ts';
import { TIMER } from './config.ts';
import type { VsrMessage } from './message.ts';
import { isKnown } from './reconfiguration.ts';
import type { Replica } from './replica.ts';
import { isStandby } from './standby.ts';

/** Repair requests that one round sends at most. */
const ROUND_MAX = 8;

/** Begins to look for what is missing; a round follows at once and then every `repairUs` until nothing is. */
export function startRepair(r: Replica): void {
  r.dirty = true;
  if (!r.host.isArmed(TIMER.repair)) r.host.setTimer(TIMER.repair, 0, 1_000, 0);
}

/**
 * One round: asks for entries whose header is known, for those that the primary has beyond the own head, and for a
 * checkpoint where even the headers are gone. Each round asks another peer, so that one silent peer delays a repair and
 * never prevents it. Returns whether anything is missing still.
 */
export function repairRound(r: Replica): boolean {
  r.repairAttempt++;
  let asked = 0;
  let missing = false;
  for (let op = r.checkpointOp + 1; op <= r.op; op++) {
    if (r.journal.entry(op) !== null && !r.journal.isFaulty(op)) continue;
    const header = r.journal.header(op);
    if (r.journal.entry(op) !== null) {
      // Intact in memory, damaged on disk: written again from memory.
      if (r.journal.states[r.journal.slotOf(op)] === 0) r.journal.append(r.journal.entry(op) as never);
      missing = true;
      continue;
    }
    missing = true;
    if (header === null) {
      if (op > r.commit) {
        requestTransfer(r, transferSource(r));
        if (r.status === 'view-change' && r.chosen) askByParent(r, op);
        break;
      }
      continue;
    }
    if (asked++ < ROUND_MAX) ask(r, op, header.sum);
  }
  if (r.status === 'normal' && !r.isLeader() && r.primaryOp > r.op) {
    missing = true;
    const last = Math.min(r.primaryOp, r.op + ROUND_MAX);
    for (let op = r.op + 1; op <= last; op++) if (!r.pending.has(op)) askPrimary(r, op);
  }
  if (r.commit < Math.min(r.commitMax, r.op) && r.journal.header(r.commit + 1) === null) missing = true;
  if (r.commit < r.checkpointOp) {
    // The checkpoint that the superblock names could not be read: its state must come from a peer.
    missing = true;
    requestTransfer(r, transferSource(r));
  }
  r.dirty = missing;
  if (missing) r.host.setTimer(TIMER.repair, Math.floor(r.config.repairUs / 2), r.config.repairUs, 0);
  return missing;
}

/** Whom to ask for a checkpoint, or for ops beyond the own head: the primary, every other time another peer. */
function transferSource(r: Replica): number {
  if (r.status === 'view-change' && r.isLeader()) return r.transferFrom;
  const attempt = r.config.rules.repairTurn(r.repairAttempt);
  if (attempt % 2 === 0) return r.leaderOf(r.view);
  const others = r.members.filter((member) => member !== r.replica);
  return others[(attempt >> 1) % others.length] ?? -1;
}

function ask(r: Replica, op: number, sum: Sum): void {
  const sources = r.status === 'view-change' ? (r.chosenSources.get(op) ?? []) : [];
  const peers = sources.filter((peer) => peer !== r.replica);
  const others = peers.length > 0 ? peers : r.members.filter((member) => member !== r.replica);
  if (others.length === 0) return;
  const attempt = r.config.rules.repairTurn(r.repairAttempt);
  const first = r.status === 'normal' && attempt % 2 === 1 && !r.isLeader();
  // Every other round asks the primary: the rounds between them are counted alone, lest an op meet one peer for ever.
  const to = first ? r.leaderOf(r.view) : (others[((attempt >> 1) + op) % others.length] as number);
  const message = r.message('getPrepare');
  message.op = op;
  message.sum = sum;
  r.send(to, r.sealed(message, r.view, op));
  r.host.reached('repair-asked');
}

/**
 * From `gap` on even the headers are gone. A checkpoint would cover them, but the only one in reach may be damaged while
 * its owner still holds the entries: so the primary of a new view also asks for the last of them, by the sum that the
 * entry after it names as its parent. With it comes the sum of the one before, until the gap is closed.
 */
function askByParent(r: Replica, gap: number): void {
  let op = gap;
  while (op < r.op && r.journal.header(op + 1) === null) op++;
  const sum = r.journal.sumNamedAfter(op, r.op);
  if (sum !== null) ask(r, op, sum);
}

function askPrimary(r: Replica, op: number): void {
  const message = r.message('getPrepare');
  message.op = op;
  r.send(transferSource(r), r.sealed(message, r.view, op));
}

/**
 * A peer misses an entry. With a sum any replica answers that holds exactly that entry; without one the primary of the
 * view does, and a backup of it where the op is committed. Who cannot says so, with its checkpoint: the asker then knows that it needs a state transfer.
 */
export function onGetPrepare(r: Replica, from: number, message: VsrMessage): void {
  if (!(isKnown(r, from) || isStandby(r, from)) || r.mustRecover) return;
  const entry = r.journal.entry(message.op) ?? r.journal.covered.get(message.op) ?? null;
  const any =
    message.sum.a === ZERO_SUM.a && message.sum.b === ZERO_SUM.b && message.sum.c === 0 && message.sum.d === 0;
  // A backup vouches for what is committed; only the primary knows what comes after.
  const known = r.isPrimary ? r.op : Math.min(r.op, r.commitMax);
  const mine = any ? r.status === 'normal' && message.view === r.view && message.op <= known : true;
  if (entry !== null && mine && (any || r.config.rules.repairAccepts(message.sum, entry))) {
    const answer = r.message('repairPrepare');
    answer.op = entry.op;
    answer.prepare = entry;
    answer.sum = entry.sum;
    r.send(from, r.sealed(answer, r.view, entry.op));
    return;
  }
  if (!r.config.rules.answersMissing()) return;
  const answer = r.message('repairMissing');
  answer.op = message.op;
  r.send(from, r.sealed(answer, r.view, message.op));
}

/** A peer does not have the entry: when its checkpoint is past it, only a state transfer helps. */
export function onRepairMissing(r: Replica, from: number, message: VsrMessage): void {
  if (message.checkpointOp < message.op || message.op <= r.commit || message.op <= r.checkpointOp) return;
  if (r.status === 'view-change' && r.isLeader()) r.transferFrom = from;
  requestTransfer(r, transferSource(r));
}
