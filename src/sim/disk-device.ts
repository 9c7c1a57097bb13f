import { type DiskContext, TEAR_UNIT_BYTES } from './disk-context.ts';
import type { DiskFile } from './disk-file.ts';
import { copyRange, type DeviceMark, type Sector } from './disk-sector.ts';
import type { FaultClass } from './ledger.ts';
import { DOMAIN, mix6, mixString } from './mix.ts';

/**
 * What the device itself does to the bytes of a sector: an honest write-back, a tear, a lost or misdirected write, and
 * the book-keeping of damage. Everything above (pages, fsync, directory) decides when these run.
 */

/** Makes room for a change of the device's bytes and counts it. */
export function openDurable(context: DiskContext, file: DiskFile, sector: Sector): Uint8Array {
  if (sector.durable === null) sector.durable = context.pool.takeZeroed();
  if (file.keepsHistory) {
    if (sector.previous === null) sector.previous = context.pool.take();
    sector.previous.set(sector.durable);
  }
  sector.durableVersion++;
  return sector.durable;
}

/** Honest write-back of [low, high): the bytes are on the device for good. */
export function commitBytes(
  context: DiskContext,
  file: DiskFile,
  sector: Sector,
  buffer: Uint8Array,
  low: number,
  high: number,
  exact: boolean,
): void {
  if (sector.durable !== null && !file.keepsHistory) {
    sector.durableVersion++;
    copyRange(sector.durable, buffer, low, high);
  } else copyRange(openDurable(context, file, sector), buffer, low, high);
  if (sector.unreadable || sector.damageHigh > sector.damageLow || sector.lie !== '') {
    settle(context, file, sector, low, high, exact);
  }
}

/** Takes rewritten bytes off the sector's damage; the ledger's entry closes when none is left (R11). */
function settle(context: DiskContext, file: DiskFile, sector: Sector, low: number, high: number, exact: boolean): void {
  sector.lie = '';
  // A device writes whole sectors: a page that was whole when the sector went bad makes it readable again.
  sector.unreadable = false;
  if (!exact || sector.damageHigh <= sector.damageLow || file.sectors[sector.index] !== sector) return;
  if (low <= sector.damageLow && high > sector.damageLow) sector.damageLow = Math.min(high, sector.damageHigh);
  else if (low < sector.damageHigh && high >= sector.damageHigh) sector.damageHigh = low;
  if (sector.damageLow >= sector.damageHigh) clearDamage(context, file, sector);
}

export function clearDamage(context: DiskContext, file: DiskFile, sector: Sector): void {
  sector.damageLow = 0;
  sector.damageHigh = 0;
  context.core.ledger.clear(context.host, file.name, sector.index, context.core.nowUs);
}

/** Enters damage of [low, high) into the ledger. A sector that left its file has no witness to lose. */
export function damageSector(
  context: DiskContext,
  file: DiskFile,
  sector: Sector,
  label: string,
  faultClass: FaultClass,
  low: number,
  high: number,
): void {
  if (file.sectors[sector.index] !== sector) return;
  if (sector.damageHigh > sector.damageLow) {
    sector.damageLow = Math.min(sector.damageLow, low);
    sector.damageHigh = Math.max(sector.damageHigh, high);
  } else {
    sector.damageLow = low;
    sector.damageHigh = high;
  }
  const { core, host } = context;
  core.ledger.damage(label, faultClass, host, file.name, sector.index, core.nowUs);
}

/** Whether writing [low, high) of `buffer` would change the device's bytes. */
export function differs(sector: Sector, buffer: Uint8Array, low: number, high: number): boolean {
  const durable = sector.durable;
  for (let at = low; at < high; at++) if ((durable === null ? 0 : durable[at]) !== buffer[at]) return true;
  return false;
}

/**
 * Writes [low, high) torn: each 512 B unit old or new by its own key. Returns whether any byte that should have changed
 * stayed old.
 */
export function tearBytes(
  context: DiskContext,
  file: DiskFile,
  sector: Sector,
  buffer: Uint8Array,
  low: number,
  high: number,
  version: number,
  label: string,
): boolean {
  const labelHash = mixString(0, label);
  const durable = openDurable(context, file, sector);
  let anyOld = false;
  for (let unit = Math.floor(low / TEAR_UNIT_BYTES); unit * TEAR_UNIT_BYTES < high; unit++) {
    const from = Math.max(low, unit * TEAR_UNIT_BYTES);
    const to = Math.min(high, (unit + 1) * TEAR_UNIT_BYTES);
    const { core, host } = context;
    const draw = mix6(core.seed, DOMAIN.powerLossTear, labelHash, host, file.hash, sector.index, version, unit);
    if (context.unitIsNew(context.drawn(draw), unit)) copyRange(durable, buffer, from, to);
    else if (differs(sector, buffer, from, to)) anyOld = true;
  }
  return anyOld;
}

/** Gives up a page that was taken for clean; a claim of durability that rested on it becomes damage. */
export function evictPage(context: DiskContext, file: DiskFile, sector: Sector): void {
  const page = sector.overlay;
  if (page === null || sector.set !== null) return;
  if (sector.lie !== '') {
    if (differs(sector, page, sector.lieLow, sector.lieHigh)) {
      damageSector(context, file, sector, sector.lie, 'C', sector.lieLow, sector.lieHigh);
    }
    sector.lie = '';
  }
  context.pool.release(page);
  sector.overlay = null;
  sector.version++;
}

/**
 * Prepares a sector for damage below its page: a dirty page is in memory as a whole and its write-back will heal the
 * sector; a page taken for clean is dropped so that the damage is seen.
 */
export function detachPage(context: DiskContext, file: DiskFile, sector: Sector): void {
  if (sector.overlay === null) return;
  if (sector.set === null) evictPage(context, file, sector);
  else widenPage(context, sector, 0, context.sectorBytes);
}

/** Extends a page to cover [low, high) as well, taking the missing bytes from the device. */
export function widenPage(context: DiskContext, sector: Sector, low: number, high: number): void {
  const page = sector.overlay!;
  if (low < sector.low) {
    fillPage(page, sector, low, sector.low);
    sector.low = low;
  }
  if (high > sector.high) {
    fillPage(page, sector, sector.high, Math.min(high, context.sectorBytes));
    sector.high = high;
  }
}

function fillPage(page: Uint8Array, sector: Sector, from: number, to: number): void {
  if (sector.durable === null) page.fill(0, from, to);
  else copyRange(page, sector.durable, from, to);
  if (from < sector.damageHigh && to > sector.damageLow) sector.exact = false;
}

/** Write-back of a sector on which a fault was armed. Class C: the sector keeps a state that looks valid. */
export function writeBackMarked(
  context: DiskContext,
  file: DiskFile,
  sector: Sector,
  buffer: Uint8Array,
  low: number,
  high: number,
  version: number,
  exact: boolean,
  mark: DeviceMark,
): void {
  const effective = differs(sector, buffer, low, high);
  if (!effective || !context.admits(mark.label, 'C', file.name, sector.index)) {
    commitBytes(context, file, sector, buffer, low, high, exact);
    return;
  }
  if (mark.kind === 'tear') {
    if (!tearBytes(context, file, sector, buffer, low, high, version, mark.label)) return;
  } else if (mark.kind === 'misdirect' && !misdirect(context, file, sector, buffer, low, high, mark)) {
    commitBytes(context, file, sector, buffer, low, high, exact);
    return;
  }
  damageSector(context, file, sector, mark.label, 'C', low, high);
  context.fired(mark.label);
}

/** Lands the page in another sector of the file, where its address reveals it (class B). */
function misdirect(
  context: DiskContext,
  file: DiskFile,
  sector: Sector,
  buffer: Uint8Array,
  low: number,
  high: number,
  mark: DeviceMark,
): boolean {
  const count = Math.ceil(file.sizeBytes / context.sectorBytes);
  const index = (((sector.index + mark.offsetSectors) % count) + count) % count;
  if (index === sector.index) return false;
  const target = file.sectorAt(index);
  detachPage(context, file, target);
  const bytes = openDurable(context, file, target);
  if (sector.durable === null) bytes.fill(0);
  else bytes.set(sector.durable);
  copyRange(bytes, buffer, low, high);
  target.unreadable = false;
  damageSector(context, file, target, mark.label, 'B', 0, context.sectorBytes);
  return true;
}
