import type { Directory } from './disk-directory.ts';

/** See {@link Disk.peekDurableInto}: what a power loss right now would leave, without any un-synced write surviving. */
export function readDurableInto(
  directory: Directory,
  sectorBytes: number,
  file: string,
  offsetBytes: number,
  into: Uint8Array,
): boolean {
  const target = directory.durable.get(file);
  if (target === undefined || offsetBytes + into.length > target.durableSizeBytes) return false;
  for (let at = 0; at < into.length; ) {
    const index = Math.floor((offsetBytes + at) / sectorBytes);
    const low = offsetBytes + at - index * sectorBytes;
    const high = Math.min(sectorBytes, low + into.length - at);
    const sector = directory.durableSector(target, index);
    if (sector?.unreadable === true) return false;
    const durable = sector?.durable ?? null;
    if (durable === null) into.fill(0, at, at + high - low);
    else into.set(low === 0 && high === sectorBytes ? durable : durable.subarray(low, high), at);
    at += high - low;
  }
  return true;
}
