import type { Us } from '../../sim/time.ts';
import type { VsrKind, VsrMessage } from './message.ts';
import type { Replica } from './replica.ts';

/** What a standby may say to a member: that it is there, and what it lacks. Nothing of it counts towards a quorum. */
const FROM_STANDBY: readonly VsrKind[] = ['heartbeatAck', 'getView', 'getPrepare', 'getCheckpoint'];

/**
 * A standby is a replica that is no member: it follows prepares, commits and views through the messages of its primary,
 * keeps journal and checkpoints of its own, repairs what it misses, and never votes (catalogue, model.replica_status).
 */
export function isStandby(r: Replica, host: number): boolean {
  if (r.isMember(host)) return false;
  return (r.config.standbys?.includes(host) ?? false) || (((r.machine.standbyMask ?? 0) >>> host) & 1) === 1;
}

/** Whether a message of a host that is no member is one that a standby may send. */
export function isFromStandby(r: Replica, from: number, kind: VsrKind): boolean {
  return isStandby(r, from) && (FROM_STANDBY.includes(kind) || (kind === 'prepareOk' && r.config.rules.standbyVotes()));
}

/** The primary passes on to the standbys what its backups get. */
export function tellStandbys(r: Replica, message: VsrMessage): void {
  const mask = r.machine.standbyMask ?? 0;
  if (r.config.standbys === undefined && mask === 0) return;
  for (const host of r.config.standbys ?? []) if (!r.isMember(host)) r.host.send(host, message);
  for (let host = 0; host < 31; host++) {
    if (((mask >>> host) & 1) === 1 && !r.isMember(host) && r.config.standbys?.includes(host) !== true) {
      r.host.send(host, message);
    }
  }
}

/** Heartbeats to standbys say when they left, so that a standby knows how old its newest news is. */
export function heartbeatStandbys(r: Replica, heartbeat: VsrMessage): void {
  if (r.config.standbys === undefined && (r.machine.standbyMask ?? 0) === 0) return;
  tellStandbys(r, { ...heartbeat, timeUs: r.host.wallUs() });
}

/** The primary's books on a standby: only for its lag, never for a quorum. */
export function hearStandby(r: Replica, from: number, message: VsrMessage): void {
  r.peerHeardUs[from] = r.host.monotonicUs();
  r.peerCommits[from] = message.commit;
  if (message.op > (r.ackedOps[from] as number)) r.ackedOps[from] = message.op;
}

/** How far a standby is behind, by what it has heard itself and by how long it has heard nothing. */
export interface StandbyLag {
  readonly ops: number;
  /** Age of the oldest entry that it lacks, or the primary's silence if that is longer, plus the transit of its newest heartbeat. */
  readonly us: Us;
}

/** More than a standby is ever behind: beyond it the lag shown is too small. */
const HEARD_OPS = 16_384;

/** What a standby keeps in memory of how well it follows. */
export class Following {
  /** Own monotonic time at which an op was first heard of, for the newest {@link HEARD_OPS}. */
  private readonly heardUs: Float64Array;
  private heardOp: number;
  /** The view of the primary that was heard last. */
  private heardView: number;
  private lastUs: Us;
  /** How long the newest heartbeat was under way, by the wall clocks of both ends. */
  private transitUs: Us;
  /** A prepare came before its predecessor: as the checkout has it, that is never taken back (AMB-STANDBY-FRESH). */
  gapSeen: boolean;
  /** The initial copy was complete once in this life: everything that was heard of was durable and applied. */
  copied: boolean;

  constructor() {
    this.heardUs = new Float64Array(HEARD_OPS);
    this.heardOp = 0;
    this.heardView = 0;
    this.lastUs = -1;
    this.transitUs = 0;
    this.gapSeen = false;
    this.copied = false;
  }

  /** Something of the primary came: `op` is its head. */
  hear(r: Replica, message: VsrMessage): void {
    const nowUs = r.host.monotonicUs();
    this.lastUs = nowUs;
    // A later view may have cut what the former primary told of.
    if (message.view > this.heardView) this.heardOp = Math.min(this.heardOp, message.op);
    this.heardView = Math.max(this.heardView, message.view);
    const from = Math.max(this.heardOp + 1, message.op - this.heardUs.length + 1);
    for (let op = from; op <= message.op; op++) this.heardUs[op % this.heardUs.length] = nowUs;
    if (message.kind === 'prepare' && message.op > r.op + 1) this.gapSeen = true;
    if (message.op > this.heardOp) this.heardOp = message.op;
    // Those that members get, too, do not say when they left.
    const isDated = message.kind === 'heartbeat' && message.timeUs > 0;
    if (isDated) this.transitUs = Math.max(0, r.host.wallUs() - message.timeUs);
    if (r.status === 'normal' && !r.dirty && r.durableOp >= this.heardOp) this.copied = true;
  }

  /** Op of the primary's head as last heard, 0 before the first word. */
  get head(): number {
    return this.heardOp;
  }

  /** Time since the primary was heard; -1 when it never was. */
  silentUs(r: Replica): Us {
    return this.lastUs < 0 ? -1 : r.host.monotonicUs() - this.lastUs;
  }

  /**
   * Lag at present. A primary that is silent may go on committing: once it is silent for longer than heartbeats take, what
   * this standby lacks is as old as the silence.
   */
  lag(r: Replica): StandbyLag {
    const nowUs = r.host.monotonicUs();
    const ops = Math.max(0, this.heardOp - r.durableOp);
    const sinceUs = ops === 0 ? nowUs : (this.heardUs[(r.durableOp + 1) % this.heardUs.length] as number);
    const silentUs = this.silentUs(r);
    const unheardUs = silentUs > 3 * r.heartbeatUs() ? silentUs : 0;
    return { ops, us: this.transitUs + Math.max(0, nowUs - sinceUs, unheardUs) };
  }
}

/** Why a standby may not be promoted, or '': contiguous log, complete copy, lag below the limit, recomputed each time. */
export function promotionProblem(r: Replica, maxLagUs: Us): string {
  const { following } = r;
  if (following === null || following.head === 0 || !following.copied) return 'initial copy is not complete';
  const lag = following.lag(r);
  if (lag.us > maxLagUs) return `lag ${Math.floor(lag.us / 1_000)} ms, ${lag.ops} ops: above ${maxLagUs / 1_000} ms`;
  return '';
}

/** As the checkout decides: eligible from the first moment, until a gap is seen, and then never again (AMB-STANDBY-FRESH). */
export function flaggedEligible(r: Replica): boolean {
  return r.following === null || !r.following.gapSeen;
}
