import { SimulatorBug } from './api.ts';
import { Attempts } from './attempts.ts';
import type { Us } from './time.ts';

/** A pair of host numbers: messages from the first to the second. */
export interface DirectedLink {
  readonly from: number;
  readonly to: number;
}

/** How a directed link treats its messages. Rates are in 1/65536; every number is a non-negative integer. */
export interface LinkOptions {
  /** Latency is the minimum plus an exponential excess (see `latencyUs`); constant unless the mean is above it. */
  readonly latencyUsMin: Us;
  readonly latencyUsMean: Us;
  readonly lossPer65536: number;
  readonly duplicatePer65536: number;
  /** Reordering is an extra delay of 1 to `reorderUsMax` for some messages, so that later ones overtake them. */
  readonly reorderPer65536: number;
  readonly reorderUsMax: Us;
  readonly corruptPer65536: number;
  /** Bandwidth; 0 = unlimited. */
  readonly bytesPerMs: number;
  /** Bound of messages in flight, beyond which the new one is dropped; 0 = unlimited. */
  readonly queueMax: number;
}

const RATES = ['lossPer65536', 'duplicatePer65536', 'reorderPer65536', 'corruptPer65536'] as const;
const NUMBERS = ['latencyUsMin', 'latencyUsMean', 'reorderUsMax', 'bytesPerMs', 'queueMax'] as const;
/** Four minutes, or that many messages or bytes: products with the quantile table then stay exact in a double. */
export const LINK_OPTION_MAX = 240_000_000;

/** Throws an error that names the first option out of range; `place` says whose options they are. */
export function checkLinkOptions(place: string, options: Partial<LinkOptions>): void {
  for (const name of RATES) {
    const rate = options[name] ?? 0;
    if (!Number.isInteger(rate) || rate < 0 || rate > 65536) {
      throw new Error(`${place}: ${name} is ${rate}; give an integer from 0 (never) to 65536 (always)`);
    }
  }
  for (const name of NUMBERS) {
    const value = options[name] ?? 0;
    if (!Number.isInteger(value) || value < 0 || value > LINK_OPTION_MAX) {
      throw new Error(`${place}: ${name} is ${value}; give an integer from 0 to ${LINK_OPTION_MAX}`);
    }
  }
  const { latencyUsMin, latencyUsMean } = options;
  if (latencyUsMin !== undefined && latencyUsMean !== undefined && latencyUsMean < latencyUsMin) {
    throw new Error(`${place}: latencyUsMean ${latencyUsMean} is below latencyUsMin ${latencyUsMin}; raise it`);
  }
}

/**
 * One directed link: its options (current values), its state and its counters. The options may be assigned directly by
 * a test; faults go through `Network.degrade`, which recomputes them.
 */
export class Link {
  readonly from: number;
  readonly to: number;
  readonly attempts: Attempts;
  latencyUsMin: Us;
  latencyUsMean: Us;
  lossPer65536: number;
  duplicatePer65536: number;
  reorderPer65536: number;
  reorderUsMax: Us;
  corruptPer65536: number;
  bytesPerMs: number;
  queueMax: number;

  /** How many cut labels hold this link; it is open at 0. */
  cutCount: number;
  /** Messages are held until this time. */
  clogUntilUs: Us;
  /** When the transmitter is free again (bandwidth). */
  busyUntilUs: Us;
  inFlight: number;

  /** Messages handed to the link, whatever became of them. */
  sent: number;
  /** Arrived: duplicates count too. */
  delivered: number;
  /** Sum of the five kinds of drops below. */
  dropped: number;
  lost: number;
  cutDrops: number;
  queueDrops: number;
  ruleDrops: number;
  corruptDrops: number;
  /** Bytes of messages, and of other processes' traffic, that were handed to the transmitter. */
  sentBytes: number;
  otherBytes: number;
  /** Messages damaged on the way, dropped by checksum or delivered altered. */
  corrupted: number;
  altered: number;
  duplicated: number;
  reordered: number;

  constructor(from: number, to: number, options: LinkOptions) {
    this.from = from;
    this.to = to;
    this.attempts = new Attempts();
    this.latencyUsMin = options.latencyUsMin;
    this.latencyUsMean = options.latencyUsMean;
    this.lossPer65536 = options.lossPer65536;
    this.duplicatePer65536 = options.duplicatePer65536;
    this.reorderPer65536 = options.reorderPer65536;
    this.reorderUsMax = options.reorderUsMax;
    this.corruptPer65536 = options.corruptPer65536;
    this.bytesPerMs = options.bytesPerMs;
    this.queueMax = options.queueMax;
    this.cutCount = 0;
    this.clogUntilUs = 0;
    this.busyUntilUs = 0;
    this.inFlight = 0;
    this.sent = 0;
    this.delivered = 0;
    this.dropped = 0;
    this.lost = 0;
    this.cutDrops = 0;
    this.queueDrops = 0;
    this.ruleDrops = 0;
    this.corruptDrops = 0;
    this.sentBytes = 0;
    this.otherBytes = 0;
    this.corrupted = 0;
    this.altered = 0;
    this.duplicated = 0;
    this.reordered = 0;
  }

  /** Replaces all options; what is in flight keeps the fate it has. */
  setOptions(options: LinkOptions): void {
    this.latencyUsMin = options.latencyUsMin;
    this.latencyUsMean = options.latencyUsMean;
    this.lossPer65536 = options.lossPer65536;
    this.duplicatePer65536 = options.duplicatePer65536;
    this.reorderPer65536 = options.reorderPer65536;
    this.reorderUsMax = options.reorderUsMax;
    this.corruptPer65536 = options.corruptPer65536;
    this.bytesPerMs = options.bytesPerMs;
    this.queueMax = options.queueMax;
  }

  /**
   * The moment at which a message of this size, ready at `readyUs`, has left the sender: it waits for those before it
   * and for its own transmission time.
   */
  transmit(readyUs: Us, sizeBytes: number): Us {
    if (this.bytesPerMs === 0) return readyUs;
    const startUs = Math.max(readyUs, this.busyUntilUs);
    this.busyUntilUs = startUs + Math.ceil((sizeBytes * 1000) / this.bytesPerMs);
    return this.busyUntilUs;
  }

  /** Takes an arrived or vanished message out of the flight count. */
  landed(): void {
    if (--this.inFlight < 0) throw new SimulatorBug(`link ${this.from}->${this.to}: more arrivals than departures`);
  }
}
