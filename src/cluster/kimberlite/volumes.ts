import type { DiskBurst } from '../../sim/disk-burst.ts';
import type { Machine } from '../../sim/machine.ts';
import { HOUR, MINUTE, type Us } from '../../sim/time.ts';
import type { KimberliteCluster } from './cluster.ts';

const GIB = 1_073_741_824;
/** After a change a volume takes no other for this long (general knowledge of the provider; AMB-MODIFY-COOLDOWN). */
const COOLDOWN_US: Us = 6 * HOUR;

/** How long the provider moves a volume before new IOPS are there (our own round figure; hours for large ones). */
const OPTIMIZE_US: Us = 2 * MINUTE;

export interface Volume {
  readonly id: string;
  readonly host: number;
  sizeBytes: number;
  /** -1: never. */
  modifiedUs: Us;
}

/**
 * The cloud volumes behind the data disks: `vol-121` of the first replica's host, `vol-122`, and so on, so that the
 * runbook's `vol-123` is replica 2's. A volume may be larger than the file system on it.
 */
export class Volumes {
  readonly all: readonly Volume[];
  private readonly machines: readonly Machine[];

  constructor(cluster: KimberliteCluster) {
    this.machines = cluster.world.machines;
    this.all = cluster.replicaHosts.map((host) => {
      const sizeBytes = cluster.plan.disk.capacityBytes;
      return { id: `vol-${121 + host}`, host, sizeBytes, modifiedUs: -1 };
    });
  }

  find(id: string): Volume | null {
    return this.all.find((volume) => volume.id === id) ?? null;
  }

  ofHost(host: number): Volume | null {
    return this.all.find((volume) => volume.host === host) ?? null;
  }

  /** The rate limit of a volume; null where the plan gives it none. */
  limitOf(volume: Volume): DiskBurst | null {
    return this.machines[volume.host]?.disk.queue.burst ?? null;
  }

  /** Enlarges a volume, or raises its IOPS once the provider has moved it; -1: not asked. Returns why not, or ''. */
  modify(volume: Volume, gibibytes: number, iops: number, nowUs: Us): string {
    const bytes = gibibytes < 0 ? volume.sizeBytes : gibibytes * GIB;
    if (bytes < volume.sizeBytes) return 'New size cannot be smaller than existing size';
    if (volume.modifiedUs >= 0 && nowUs - volume.modifiedUs < COOLDOWN_US) {
      return `You've reached the maximum modification rate per volume limit. Wait at least 6 hours`;
    }
    volume.sizeBytes = bytes;
    if (iops > 0) this.limitOf(volume)?.raiseAt(nowUs + OPTIMIZE_US, iops);
    volume.modifiedUs = nowUs;
    return '';
  }
}

export function gibibytesOf(volume: Volume): number {
  return Math.floor(volume.sizeBytes / GIB);
}
