import type { Directory } from '../../src/sim/disk-directory.ts';
import type { DiskVolume } from '../../src/sim/disk-volume.ts';

/** A planted bug of the storage: durable sectors become zeroes, and no fault is to blame. */
export function clearSectors(disk: DiskVolume, file: string, first: number, count: number): void {
  const { directory } = disk as unknown as { directory: Directory };
  for (let sector = first; sector < first + count; sector++) {
    directory.durable.get(file)?.sectorAt(sector).durable?.fill(0);
  }
}
