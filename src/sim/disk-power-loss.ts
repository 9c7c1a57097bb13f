import type { SectorFate } from './decisions.ts';
import type { DiskContext } from './disk-context.ts';
import { commitBytes, damageSector, differs, evictPage, tearBytes } from './disk-device.ts';
import type { Directory } from './disk-directory.ts';
import type { DiskFile } from './disk-file.ts';
import type { Sector } from './disk-sector.ts';
import { DOMAIN, mix4, mix5, mixString, scale } from './mix.ts';

/** How a power loss treats what was never synced. Probabilities are per 65536; the rest vanishes. */
export interface PowerLossOptions {
  /** How a torn sector looks (R3). */
  readonly mode: 'mix' | 'unreadable';
  readonly survivePer65536: number;
  readonly tearPer65536: number;
}

/** A third: with equal chances for all three fates every subset of the un-synced sectors is possible. */
export const POWER_LOSS_THIRD = 21_845;

/** Key word that tells the fate of the directory from that of a file. */
const DIRECTORY_KEY = 0x64_69_72_00;

/**
 * Applies a power loss or reboot to all files (R2, R3): a prefix of the pending directory operations survives; each
 * un-synced write-back survives, vanishes or tears by a key of its own; pages are gone; fsyncs that lied become damage.
 */
export function losePower(context: DiskContext, directory: Directory, label: string, options: PowerLossOptions): void {
  const files = directory.all();
  const labelHash = mixString(0, label);
  if (directory.pendingCount > 0) {
    const { core, host } = context;
    const draw = mix4(core.seed, DOMAIN.powerLossFate, labelHash, host, DIRECTORY_KEY, directory.nextSequence);
    const pending = directory.pendingCount;
    const kept = scale(context.drawn(draw), 0, pending);
    const { decisions = null } = core;
    if (decisions === null) directory.lose(kept);
    else directory.lose(decisions.directory(core.nowUs, label, host, directory.nextSequence, kept, pending));
  } else directory.lose(0);
  for (const file of files) {
    if (directory.durable.get(file.name) === file) loseFile(context, file, label, labelHash, options);
  }
}

function loseFile(
  context: DiskContext,
  file: DiskFile,
  label: string,
  labelHash: number,
  options: PowerLossOptions,
): void {
  for (const set of [...file.inFlight, file.open]) {
    for (const page of set.frozen) {
      const { sector, buffer, low, high, version, exact } = page;
      decide(context, file, sector, buffer, low, high, version, exact, label, labelHash, options);
      context.pool.release(buffer);
    }
    for (const sector of set.sectors) {
      if (sector.set !== set) continue;
      const buffer = sector.overlay!;
      const { low, high, version, exact } = sector;
      sector.overlay = null;
      sector.set = null;
      sector.mark = null;
      decide(context, file, sector, buffer, low, high, version, exact, label, labelHash, options);
      context.pool.release(buffer);
    }
    set.sectors.length = 0;
    set.frozen.length = 0;
  }
  file.inFlight.length = 0;
  for (const sector of file.sectors) if (sector !== null) finish(context, file, sector);
}

/** The fate of one un-synced page, keyed by (label, host, file, sector, write version). */
function decide(
  context: DiskContext,
  file: DiskFile,
  sector: Sector,
  buffer: Uint8Array,
  low: number,
  high: number,
  version: number,
  exact: boolean,
  label: string,
  labelHash: number,
  options: PowerLossOptions,
): void {
  const { core, host } = context;
  sector.version++;
  const draw = mix5(core.seed, DOMAIN.powerLossFate, labelHash, host, file.hash, sector.index, version);
  const part = context.drawn(draw) >>> 16;
  let fate: SectorFate = 'lost';
  if (part < options.survivePer65536) fate = 'written';
  else if (part < options.survivePer65536 + options.tearPer65536) fate = 'torn';
  const { decisions = null } = core;
  if (decisions !== null) {
    fate = decisions.sector(core.nowUs, 'power-loss', label, host, file.name, sector.index, version, fate);
  }
  if (fate === 'written') commitBytes(context, file, sector, buffer, low, high, exact);
  else if (fate === 'torn') {
    if (options.mode === 'mix') tearBytes(context, file, sector, buffer, low, high, version, label);
    else if (context.admits(label, 'B', file.name, sector.index)) {
      sector.unreadable = true;
      sector.durableVersion++;
      damageSector(context, file, sector, label, 'B', 0, context.sectorBytes);
      context.fired(label);
    }
  }
  // A lie about these bytes or earlier ones stays until an honest write-back has carried them (settle).
  if (sector.lie !== '' && differs(sector, buffer, sector.lieLow, sector.lieHigh)) {
    damageSector(context, file, sector, sector.lie, 'C', sector.lieLow, sector.lieHigh);
    sector.lie = '';
  }
}

function finish(context: DiskContext, file: DiskFile, sector: Sector): void {
  evictPage(context, file, sector);
  sector.lie = '';
}
