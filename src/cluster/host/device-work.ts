import type { Machine } from '../../sim/machine.ts';
import type { Us } from '../../sim/time.ts';
import type { Wait } from './command.ts';
import type { HostFleet } from './host-fleet.ts';

/** Bytes per request of a tool that reads or writes whole files, and the most requests that one job is split into. */
const CHUNK_BYTES = 1_048_576;
const CHUNKS_MAX = 256;

/**
 * Reads or writes that many bytes on a host's disk as a tool does: one request at a time through the device's own queue,
 * so that the server on the host feels it and a slow or stalled device slows the tool.
 */
export function* moveBytes(fleet: HostFleet, machine: Machine, bytes: number): Generator<Wait, void, boolean> {
  const { disk } = machine;
  const chunkBytes = Math.max(CHUNK_BYTES, Math.ceil(bytes / CHUNKS_MAX));
  for (let left = bytes; left > 0; left -= chunkBytes) {
    const { nowUs } = fleet.world;
    const size = Math.min(left, chunkBytes);
    const endUs: Us = disk.queue.admit(nowUs, disk.options.readLatencyUsMean, size);
    yield { kind: 'sleep', us: endUs - nowUs };
  }
}

/** `sync`: what is in the page cache of a host becomes durable, once its disk has taken a sync. */
export function* syncDisk(fleet: HostFleet, machine: Machine): Generator<Wait, void, boolean> {
  const { disk } = machine;
  const { nowUs } = fleet.world;
  yield { kind: 'sleep', us: disk.queue.admit(nowUs, disk.options.fsyncLatencyUsMean, 0) - nowUs };
  disk.syncAll();
}
