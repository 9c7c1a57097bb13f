import type { Us } from './time.ts';

/** What a disk is: geometry and speed. Latencies are per request, before the queue. */
export interface DiskOptions {
  /** 4096, or 512 (a multiple of 512 in general). */
  readonly sectorBytes: number;
  readonly capacityBytes: number;
  readonly writeLatencyUsMin: Us;
  /** Mean of the whole latency, the minimum included. */
  readonly writeLatencyUsMean: Us;
  readonly readLatencyUsMin: Us;
  readonly readLatencyUsMean: Us;
  readonly fsyncLatencyUsMin: Us;
  readonly fsyncLatencyUsMean: Us;
  /** Bandwidth of the device, shared by all requests. */
  readonly bytesPerMs: number;
  /** Requests in service at one time; further ones wait. */
  readonly queueDepth: number;
}

/** A datacentre NVMe drive with power-loss protection off: round figures of our own, to be scaled by scenarios. */
export const DISK_DEFAULT: DiskOptions = {
  sectorBytes: 4096,
  capacityBytes: 64 * 1024 * 1024 * 1024,
  writeLatencyUsMin: 8,
  writeLatencyUsMean: 20,
  readLatencyUsMin: 60,
  readLatencyUsMean: 100,
  fsyncLatencyUsMin: 200,
  fsyncLatencyUsMean: 500,
  bytesPerMs: 1_000_000,
  queueDepth: 32,
};
