import { fired, later, type Outcome, refused, type Strike } from './strike.ts';
import { disarm } from './strike-disk.ts';
import { endProcess } from './strike-host.ts';
import type { ZoneName } from './surface.ts';

/** A place that may be damaged: a sector of a unit, with the bytes that the device holds there. */
interface Place {
  readonly file: string;
  readonly sector: number;
  readonly bytes: Uint8Array;
}

/**
 * Bit rot, latent errors and zeroed sectors: damages `units` units of a zone, the one that the plan names or those that
 * a draw by label chooses among the units that hold something and that the budget allows.
 */
export function damageUnits(strike: Strike): Outcome {
  const name = strike.choice('zone') as ZoneName;
  const slot = strike.number('slot');
  const wanted = strike.number('units');
  let total = 0;
  let reason = '';
  for (const host of strike.hosts) {
    let done = 0;
    for (const place of places(strike, host, name, slot)) {
      if (done >= wanted) break;
      const verdict = strike.budget.admitsHit({
        label: strike.fault.label,
        faultClass: 'B',
        host,
        file: place.file,
        sector: place.sector,
      });
      if (!verdict.ok) reason = verdict.reason;
      else if (damagePlace(strike, host, place)) done++;
    }
    total += done;
  }
  if (total > 0) return fired();
  return reason === '' ? later(`nothing is written in ${name}`) : refused(reason);
}

function damagePlace(strike: Strike, host: number, place: Place): boolean {
  const { faults } = strike.disk(host);
  const { label, kind } = strike.fault;
  if (kind === 'disk.latent-error') return faults.latentError(label, place.file, place.sector);
  if (kind === 'disk.zeroed') return faults.zeroSector(label, place.file, place.sector);
  const { low, high } = hull(place.bytes);
  const bit = low * 8 + (strike.draw(2, host) % ((high - low) * 8));
  return faults.rot(label, place.file, place.sector, bit);
}

/** Places with content, one for each unit, in an order that starts at a keyed unit. */
function places(strike: Strike, host: number, name: ZoneName, slot: number): Place[] {
  const disk = strike.disk(host);
  const { zone, prefix } = strike.zoneFiles(name);
  const { sectorBytes } = disk.options;
  const found: Place[] = [];
  for (const file of disk.files().filter((known) => known.startsWith(prefix))) {
    const unitBytes = name === 'checkpoint' ? disk.fileSizeBytes(file) : zone.unitBytes;
    const units = name === 'checkpoint' ? 1 : zone.units;
    const perUnit = Math.max(1, Math.ceil(unitBytes / sectorBytes));
    const first = strike.draw(3, host) % units;
    for (let step = 0; step < units; step++) {
      const unit = (first + step) % units;
      if (slot >= 0 && unit !== slot) continue;
      const place = placeIn(strike, host, file, unit * perUnit, perUnit);
      if (place !== null) found.push(place);
    }
  }
  // Of two checkpoint files either may be hit; of the other zones there is one file.
  return found.length === 2 && name === 'checkpoint' && strike.draw(4, host) % 2 === 1 ? found.reverse() : found;
}

/** A keyed sector of a unit among those that hold something; null when none does. */
function placeIn(strike: Strike, host: number, file: string, firstSector: number, count: number): Place | null {
  const disk = strike.disk(host);
  const { sectorBytes } = disk.options;
  const sizeBytes = disk.durableSizeBytes(file);
  const start = strike.draw(5, host) % count;
  for (let step = 0; step < count; step++) {
    const sector = firstSector + ((start + step) % count);
    const offsetBytes = sector * sectorBytes;
    const lengthBytes = Math.min(sectorBytes, sizeBytes - offsetBytes);
    if (lengthBytes <= 0) continue;
    const bytes = disk.peekDurable(file, offsetBytes, lengthBytes);
    if (bytes?.some((byte) => byte !== 0)) return { file, sector, bytes };
  }
  return null;
}

/** The hull of the bytes other than zero, so that a flipped bit hits something that is stored there. */
function hull(bytes: Uint8Array): { readonly low: number; readonly high: number } {
  let low = 0;
  while (low < bytes.length - 1 && bytes[low] === 0) low++;
  let high = bytes.length;
  while (high > low + 1 && bytes[high - 1] === 0) high--;
  return { low, high };
}

/** The next device read of a sector that was rewritten returns what stood there before. */
export function staleRead(strike: Strike): Outcome {
  const slot = strike.number('slot');
  const name = strike.choice('zone') as ZoneName;
  for (const host of strike.hosts) {
    for (const place of places(strike, host, name, slot)) {
      if (strike.disk(host).faults.staleRead(strike.fault.label, place.file, place.sector)) {
        return { kind: 'armed', end: () => disarm(strike) };
      }
    }
  }
  return later(`nothing in ${name} was written twice`);
}

/** A whole disk is gone: files vanish under the running process, which learns of it from its next request. */
export function loseDisk(strike: Strike): Outcome {
  let struck = 0;
  for (const host of strike.hosts) {
    if (strike.disk(host).files().length === 0) continue;
    strike.budget.happened(strike.fault, host);
    if (strike.disk(host).faults.loseDisk(strike.fault.label)) struck++;
  }
  return struck > 0 ? fired() : later('the disk is empty');
}

const LOST_ZONES: Readonly<Record<string, readonly ZoneName[]>> = {
  journal: ['journal-headers', 'journal-prepares'],
  superblock: ['superblock'],
  checkpoint: ['checkpoint'],
};

/**
 * The files of a zone are gone. The process ends first: a request in flight to a file that vanishes would else be lost
 * without any entry in the ledger. Its supervisor restarts it.
 */
export function loseFiles(strike: Strike): Outcome {
  const zones = LOST_ZONES[strike.choice('zone')] ?? [];
  let struck = 0;
  for (const host of strike.hosts) {
    const disk = strike.disk(host);
    const prefixes = zones.map((name) => strike.zoneFiles(name).prefix);
    const files = disk.files().filter((file) => prefixes.some((prefix) => file.startsWith(prefix)));
    if (files.length === 0) continue;
    strike.budget.happened(strike.fault, host);
    if (strike.machine(host).isUp) endProcess(strike.machine(host), 'crash');
    for (const file of files) {
      disk.faults.truncateDamage(strike.fault.label, file, 0);
      disk.removeFile(file);
    }
    struck++;
  }
  return struck > 0 ? fired() : later('there is no such file');
}
