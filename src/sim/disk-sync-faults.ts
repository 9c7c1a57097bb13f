import type { SectorFate } from './decisions.ts';
import type { DiskContext } from './disk-context.ts';
import { commitBytes, damageSector, tearBytes } from './disk-device.ts';
import type { DiskFile } from './disk-file.ts';
import { copyRange, type Sector } from './disk-sector.ts';
import { DOMAIN, mix5, mixString, scale } from './mix.ts';

/**
 * What a process reads after a failed fsync until eviction or reboot: the new bytes (`ext4`, `xfs`) or the old ones
 * (`btrfs`); Rebello et al., ATC 2020 (R4).
 */
export type FsyncFailure = 'ext4' | 'xfs' | 'btrfs';

/** By the draw 0, 1 or 2. */
const FATES: readonly SectorFate[] = ['written', 'lost', 'torn'];

/** An fsync that reports EIO: pages become clean; each sector on the device is old, new or torn by its own key (R4). */
export function failSync(
  context: DiskContext,
  file: DiskFile,
  sequence: number,
  label: string,
  failure: FsyncFailure,
): void {
  for (let set = file.takeSet(sequence); set !== null; set = file.takeSet(sequence)) {
    for (const page of set.frozen) {
      const { sector, buffer, low, high, version, exact } = page;
      failSector(context, file, sector, buffer, low, high, version, exact, label);
      context.pool.release(buffer);
    }
    for (const sector of set.sectors) {
      if (sector.set !== set) continue;
      const page = sector.overlay!;
      const { low, high, version, exact } = sector;
      sector.set = null;
      sector.mark = null;
      let former: Uint8Array | null = null;
      if (failure === 'btrfs') {
        former = context.pool.takeZeroed();
        if (sector.durable !== null) copyRange(former, sector.durable, low, high);
      }
      failSector(context, file, sector, page, low, high, version, exact, label);
      if (former === null) continue;
      context.pool.release(page);
      sector.overlay = former;
      sector.version++;
    }
    file.recycle(set);
  }
}

function failSector(
  context: DiskContext,
  file: DiskFile,
  sector: Sector,
  buffer: Uint8Array,
  low: number,
  high: number,
  version: number,
  exact: boolean,
  label: string,
): void {
  const { core, host } = context;
  const draw = mix5(core.seed, DOMAIN.fsyncFailFate, mixString(0, label), host, file.hash, sector.index, version);
  let fate = FATES[scale(context.drawn(draw), 0, 2)] as SectorFate;
  const { decisions = null } = core;
  if (decisions !== null) {
    fate = decisions.sector(core.nowUs, 'fsync-error', label, host, file.name, sector.index, version, fate);
  }
  if (fate === 'written') commitBytes(context, file, sector, buffer, low, high, exact);
  else if (fate === 'lost' || tearBytes(context, file, sector, buffer, low, high, version, label)) {
    damageSector(context, file, sector, label, 'A', low, high);
  }
}

/** An fsync that reports success and makes nothing durable: pages are taken for clean and are at risk from now on. */
export function lieSync(context: DiskContext, file: DiskFile, sequence: number, label: string): void {
  for (let set = file.takeSet(sequence); set !== null; set = file.takeSet(sequence)) {
    for (const page of set.frozen) {
      claim(page.sector, page.low, page.high, label);
      context.pool.release(page.buffer);
    }
    for (const sector of set.sectors) {
      if (sector.set !== set) continue;
      sector.set = null;
      sector.mark = null;
      claim(sector, sector.low, sector.high, label);
    }
    file.recycle(set);
  }
}

function claim(sector: Sector, low: number, high: number, label: string): void {
  if (sector.lie === '') {
    sector.lie = label;
    sector.lieLow = low;
    sector.lieHigh = high;
  } else {
    sector.lieLow = Math.min(sector.lieLow, low);
    sector.lieHigh = Math.max(sector.lieHigh, high);
  }
}
