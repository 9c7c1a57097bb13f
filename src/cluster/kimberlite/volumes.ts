import { HOUR, type Us } from '../../sim/time.ts';
import type { KimberliteCluster } from './cluster.ts';

const GIB = 1_073_741_824;
/** After a change a volume takes no other for this long (general knowledge of the provider; AMB-MODIFY-COOLDOWN). */
const COOLDOWN_US: Us = 6 * HOUR;

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

  constructor(cluster: KimberliteCluster) {
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

  /** Enlarges a volume; returns why not, or ''. */
  modify(volume: Volume, gibibytes: number, nowUs: Us): string {
    const bytes = gibibytes * GIB;
    if (bytes < volume.sizeBytes) return 'New size cannot be smaller than existing size';
    if (volume.modifiedUs >= 0 && nowUs - volume.modifiedUs < COOLDOWN_US) {
      return `You've reached the maximum modification rate per volume limit. Wait at least 6 hours`;
    }
    volume.sizeBytes = bytes;
    volume.modifiedUs = nowUs;
    return '';
  }
}

export function gibibytesOf(volume: Volume): number {
  return Math.floor(volume.sizeBytes / GIB);
}
