import type { DiskOp } from '../../sim/api.ts';
import type { WorldCore } from '../../sim/core.ts';
import type { Disk } from '../../sim/disk.ts';
import { DISK_DEFAULT, type DiskOptions } from '../../sim/disk-options.ts';
import type { Ledger } from '../../sim/ledger.ts';
import type { Stream } from '../../sim/random.ts';
import { QueueCore } from './queue-core.ts';
import type { Check } from './row.ts';

export type DiskMaker = (core: WorldCore, host: number, options: DiskOptions) => Disk;
export type LedgerMaker = () => Ledger;

const FILE = 'zone';
const SECTOR = DISK_DEFAULT.sectorBytes;
const UNIT = 512;
const OLD = 1;
const NEW = 2;
/** So many un-synced sectors that each of the three fates of R2 meets one of them. */
const SECTORS = 48;

/** What became of a sector that held {@link OLD} and was written {@link NEW}. */
type Left = 'old' | 'new' | 'torn' | 'other';

/** One disk with one file whose sectors hold {@link OLD}, synced. */
class DiskBench {
  readonly core: QueueCore;
  readonly disk: Disk;
  private readonly sectors: number;

  constructor(make: DiskMaker, draw: Stream, sectors: number, ledger?: Ledger) {
    this.core = new QueueCore(draw.int(1, 1_000_000), ledger);
    this.disk = make(this.core, 0, DISK_DEFAULT);
    this.sectors = sectors;
    this.disk.createFile(FILE, sectors * SECTOR);
    this.disk.poke(FILE, 0, new Uint8Array(sectors * SECTOR).fill(OLD), true);
    this.disk.syncAll();
  }

  write(sector: number, value: number = NEW): void {
    this.disk.write(1, FILE, sector * SECTOR, new Uint8Array(SECTOR).fill(value), sector, 0);
  }

  writeAll(): void {
    for (let sector = 0; sector < this.sectors; sector++) this.write(sector);
  }

  fsync(): void {
    this.disk.fsync(1, FILE, -1, 0);
  }

  finish(): DiskOp[] {
    return this.core.completions(this.disk);
  }

  /** What a power loss at this moment would leave of each sector. */
  left(): Left[] {
    return Array.from({ length: this.sectors }, (_, sector) => this.leftOf(sector));
  }

  leftOf(sector: number): Left {
    const bytes = this.disk.peekDurable(FILE, sector * SECTOR, SECTOR);
    if (bytes === null || bytes.some((byte) => byte !== OLD && byte !== NEW)) return 'other';
    if (bytes.every((byte) => byte === OLD)) return 'old';
    return bytes.every((byte) => byte === NEW) ? 'new' : 'torn';
  }
}

/** A failing fsync says so once, and leaves some sectors old and some new (R4). */
export const FSYNC_FAULT: Check<DiskMaker> = {
  name: 'fsync-fault',
  judge(make, draw) {
    const bench = new DiskBench(make, draw, SECTORS);
    bench.disk.faults.failNextFsync(`fault ${draw.int(1, 1_000)}`, '', draw.pick(['ext4', 'xfs', 'btrfs'] as const));
    bench.writeAll();
    bench.fsync();
    bench.fsync();
    const errors = bench
      .finish()
      .filter(({ kind }) => kind === 'fsync')
      .map(({ error }) => error);
    if (errors.join() !== 'EIO,')
      return `two fsyncs with one fault in between say ${errors.join(' and ') || 'nothing'}`;
    const left = bench.left();
    if (!left.includes('old')) return 'a failed fsync made every sector durable';
    return left.includes('new') ? null : 'a failed fsync made no sector durable';
  },
};

/** At a power loss un-synced sectors survive, vanish or tear, each for itself (R2). */
export const POWER_LOSS: Check<DiskMaker> = {
  name: 'power-loss-fates',
  judge(make, draw) {
    const bench = new DiskBench(make, draw, SECTORS);
    bench.writeAll();
    bench.finish();
    bench.disk.powerLoss(`fault ${draw.int(1, 1_000)}`);
    const left = bench.left();
    for (const fate of ['old', 'new', 'torn'] as const) {
      if (!left.includes(fate)) return `none of ${SECTORS} un-synced sectors is ${fate} after a power loss`;
    }
    const survivors = left.lastIndexOf('new');
    return left.indexOf('old') < survivors ? null : 'the sectors that survive are a prefix of what was written';
  },
};

/** An fsync makes durable what was written before it, and nothing that came later (R2, R3). */
export const FSYNC_COVERS: Check<DiskMaker> = {
  name: 'fsync-covers',
  judge(make, draw) {
    const bench = new DiskBench(make, draw, 16);
    const before = draw.int(1, 15);
    for (let sector = 0; sector < before; sector++) bench.write(sector);
    bench.fsync();
    for (let sector = before; sector < 16; sector++) bench.write(sector);
    bench.finish();
    bench.disk.powerLoss('cut', 'mix', 0, 0);
    for (const [sector, left] of bench.left().entries()) {
      const expected = sector < before ? 'new' : 'old';
      if (left !== expected)
        return `sector ${sector} is ${left} after the power loss, fsync covers those below ${before}`;
    }
    return null;
  },
};

/** A process crash keeps the page cache (R2). */
export const CRASH_CACHE: Check<DiskMaker> = {
  name: 'crash-keeps-cache',
  judge(make, draw) {
    const bench = new DiskBench(make, draw, 4);
    const sector = draw.int(0, 3);
    bench.write(sector);
    bench.finish();
    bench.disk.processCrash();
    const [first] = bench.disk.peekCached(FILE, sector * SECTOR, 1) ?? [];
    if (first !== NEW) return 'a process crash lost a write from the page cache';
    return bench.leftOf(sector) === 'old' ? null : 'a process crash made an un-synced write durable';
  },
};

/** A torn sector may have an old unit before a new one (R3). */
export const TEARS: Check<DiskMaker> = {
  name: 'tear-shapes',
  judge(make, draw) {
    const bench = new DiskBench(make, draw, 12);
    bench.writeAll();
    bench.finish();
    bench.disk.powerLoss(`fault ${draw.int(1, 1_000)}`, 'mix', 0, 65_536);
    for (let sector = 0; sector < 12; sector++) {
      const bytes = bench.disk.peekDurable(FILE, sector * SECTOR, SECTOR);
      if (bytes === null) return `sector ${sector} is unreadable after a tear of mode mix`;
      for (let at = UNIT; at < SECTOR; at += UNIT) if (bytes[at - UNIT] === OLD && bytes[at] === NEW) return null;
    }
    return 'the new units of 12 torn sectors are prefixes';
  },
};

/** The ledger knows a damaged sector, no other one, and only until it has been rewritten and synced (R11). */
export const LEDGER: Check<{ readonly disk: DiskMaker; readonly ledger: LedgerMaker }> = {
  name: 'ledger-follows-damage',
  judge({ disk, ledger }, draw) {
    const known = ledger();
    const bench = new DiskBench(disk, draw, 8, known);
    const [first, second] = draw.shuffle([0, 1, 2, 3, 4, 5, 6, 7]) as [number, number];
    for (const sector of [first, second]) bench.disk.faults.rot(`rot ${sector}`, FILE, sector, draw.int(0, 4_095));
    for (let sector = 0; sector < 8; sector++) {
      const open = known.find(0, FILE, sector) !== null;
      const damaged = sector === first || sector === second;
      if (open !== damaged) return `sector ${sector} is ${damaged ? 'damaged' : 'sound'}, the ledger says otherwise`;
    }
    bench.write(first);
    bench.finish();
    if (known.find(0, FILE, first) === null) return 'the ledger lets go of a sector before the fsync';
    bench.fsync();
    bench.finish();
    if (known.find(0, FILE, first) !== null) return 'the ledger keeps a sector that was rewritten and synced';
    return known.find(0, FILE, second) === null ? 'the ledger lets go of a sector that nobody rewrote' : null;
  },
};
