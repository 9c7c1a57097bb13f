import { Disk } from '../../src/sim/disk.ts';
import { DISK_DEFAULT, type DiskOptions } from '../../src/sim/disk-options.ts';
import { drain, TestCore } from './core.ts';

/** A disk alone in the world, with what it told about faults. */
export interface DiskBench {
  readonly core: TestCore;
  readonly disk: Disk;
  /** Labels of the faults that hit, in order. */
  readonly fired: string[];
}

export function bench(seed = 1, options: Partial<DiskOptions> = {}): DiskBench {
  const core = new TestCore(seed);
  const disk = new Disk(core, 0, { ...DISK_DEFAULT, ...options });
  const fired: string[] = [];
  disk.onFault = (label) => fired.push(label);
  return { core, disk, fired };
}

/** A sector-sized buffer of one value. */
export function filled(lengthBytes: number, value: number): Uint8Array {
  return new Uint8Array(lengthBytes).fill(value);
}

/** Writes, waits, and returns the error. */
export function writeNow({ core, disk }: DiskBench, file: string, offsetBytes: number, bytes: Uint8Array): string {
  disk.write(1, file, offsetBytes, bytes, 0, 0);
  return drain(core, disk).at(-1)!.error;
}

export function syncNow({ core, disk }: DiskBench, file: string): string {
  disk.fsync(1, file, 0, 0);
  return drain(core, disk).at(-1)!.error;
}

/** What a process reads: the bytes, or the error. */
export function readNow(
  { core, disk }: DiskBench,
  file: string,
  offsetBytes: number,
  lengthBytes: number,
  direct = false,
): Uint8Array | string {
  if (direct) disk.readDirect(1, file, offsetBytes, lengthBytes, 0, 0);
  else disk.read(1, file, offsetBytes, lengthBytes, 0, 0);
  const op = drain(core, disk).at(-1)!;
  return op.error === '' ? op.bytes! : op.error;
}

/** A disk with one durable file of `sectors` sectors, each filled with its number + 1. */
export function prepared(sectors: number, seed = 1, options: Partial<DiskOptions> = {}): DiskBench {
  const made = bench(seed, options);
  const { sectorBytes } = made.disk.options;
  made.disk.createFile('zone', sectors * sectorBytes);
  for (let sector = 0; sector < sectors; sector++) {
    writeNow(made, 'zone', sector * sectorBytes, filled(sectorBytes, sector + 1));
  }
  syncNow(made, 'zone');
  return made;
}
