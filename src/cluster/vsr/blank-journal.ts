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

/** The bytes of a journal file whose slots are all reserved. */
export function emptyZone(slots: number, unitBytes: number, cluster: number): Uint8Array {
  const bytes = new Uint8Array(slots * unitBytes);
  for (let slot = 0; slot < slots; slot++) bytes.set(encodeReserved(slot, cluster), slot * unitBytes);
  return bytes;
}
