import { encodeReserved } from '../storage/record.ts';
import { FILE, HEADER_SECTOR_BYTES, TOKEN } from './config.ts';
import type { Replica } from './replica.ts';

/** An empty journal: every slot says of itself that it never held an entry. */
export function createJournal(r: Replica): void {
  for (const [file, unitBytes] of [
    [FILE.headers, HEADER_SECTOR_BYTES],
    [FILE.prepares, r.config.slotBytes],
  ] as const) {
    r.host.removeFile(file);
    const bytes = emptyZone(r.config.journalSlots, unitBytes, r.config.cluster);
    r.host.createFile(file, bytes.length);
    r.host.write(file, 0, bytes, TOKEN.create, 0);
    r.host.fsync(file, TOKEN.create, 1);
  }
}

/** The zones of the last two shapes, one for each file: every replica of a cluster is formatted with the same bytes. */
const formatted: { readonly shape: string; readonly bytes: Uint8Array }[] = [];

/** The bytes of a journal file whose slots are all reserved; not to be changed. */
export function emptyZone(slots: number, unitBytes: number, cluster: number): Uint8Array {
  const shape = `${slots} ${unitBytes} ${cluster}`;
  const known = formatted.find((zone) => zone.shape === shape);
  if (known !== undefined) return known.bytes;
  const bytes = new Uint8Array(slots * unitBytes);
  for (let slot = 0; slot < slots; slot++) bytes.set(encodeReserved(slot, cluster), slot * unitBytes);
  if (formatted.length > 1) formatted.shift();
  formatted.push({ shape, bytes });
  return bytes;
}
