import type { Disk } from '../../sim/disk.ts';
import type { Machine } from '../../sim/machine.ts';
import type { Us } from '../../sim/time.ts';
import type { Wait } from './command.ts';
import type { HostFleet } from './host-fleet.ts';

/** Bytes per request of a tool that reads or writes whole files, and the most requests that one job is split into. */
const CHUNK_BYTES = 1_048_576;
const CHUNKS_MAX = 256;

/** What a tool does with the bytes that it moves: `rewrite` reads half of the requests and writes the other half. */
export type Moving = 'read' | 'write' | 'rewrite';

/** Enters a tool's request into what iostat and smartctl show of the disk. */
export function countRequest(disk: Disk, kind: 'read' | 'write', bytes: number, awaitUs: Us): void {
  const { counters } = disk;
  if (kind === 'read') {
    counters.reads++;
    counters.bytesRead += bytes;
  } else {
    counters.writes++;
    counters.bytesWritten += bytes;
  }
  counters.awaitUs += awaitUs;
}

/**
 * Reads or writes that many bytes on a host's disk as a tool does: one request at a time through the device's own queue,
 * so that the server on the host feels it and a slow or stalled device slows the tool.
 */
export function* moveBytes(
  fleet: HostFleet,
  machine: Machine,
  bytes: number,
  moving: Moving = 'read',
): Generator<Wait, void, boolean> {
  const { disk } = machine;
  const chunkBytes = Math.max(CHUNK_BYTES, Math.ceil(bytes / CHUNKS_MAX));
  for (let left = bytes, turn = 0; left > 0; left -= chunkBytes, turn++) {
    const { nowUs } = fleet.world;
    const size = Math.min(left, chunkBytes);
    const endUs: Us = disk.queue.admit(nowUs, disk.options.readLatencyUsMean, size);
    countRequest(disk, moving === 'rewrite' ? (turn % 2 === 0 ? 'read' : 'write') : moving, size, endUs - nowUs);
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
