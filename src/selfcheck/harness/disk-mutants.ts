import type { DiskOp } from '../../sim/api.ts';
import type { WorldCore } from '../../sim/core.ts';
import { Disk, type DiskOptions } from '../../sim/disk.ts';
import { Ledger, type LedgerEntry } from '../../sim/ledger.ts';
import {
  CRASH_CACHE,
  type DiskMaker,
  FSYNC_COVERS,
  FSYNC_FAULT,
  LEDGER,
  type LedgerMaker,
  POWER_LOSS,
  TEARS,
} from './disk-checks.ts';
import { type Check, type HarnessMutant, plant } from './row.ts';

class SyncAlwaysWorks extends Disk {
  override complete(op: DiskOp): boolean {
    if (op.kind === 'fsync') this.faults.disarm();
    return super.complete(op);
  }
}

class FailedSyncKeepsAll extends Disk {
  override complete(op: DiskOp): boolean {
    if (op.kind === 'fsync') this.syncAll();
    return super.complete(op);
  }
}

class SyncDoesNothing extends Disk {
  override complete(op: DiskOp): boolean {
    return op.kind === 'fsync' || super.complete(op);
  }
}

class PowerLossKeepsAll extends Disk {
  override powerLoss(...args: Parameters<Disk['powerLoss']>): void {
    this.syncAll();
    super.powerLoss(...args);
  }
}

class PowerLossDropsAll extends Disk {
  override powerLoss(label: string, mode: 'mix' | 'unreadable' = 'mix'): void {
    super.powerLoss(label, mode, 0, 0);
  }
}

class CrashDropsCache extends Disk {
  override processCrash(): void {
    this.powerLoss('crash', 'mix', 0, 0);
  }
}

class CrashSyncs extends Disk {
  override processCrash(): void {
    this.syncAll();
  }
}

class PrefixTears extends Disk {
  constructor(core: WorldCore, host: number, options: DiskOptions) {
    super(core, host, options);
    let ended = false;
    this.context.unitIsNew = (draw, unit) => {
      ended = (ended && unit > 0) || draw >>> 31 === 1;
      return !ended;
    };
  }
}

/** Damage stays open for ever; also what an excuse must not rest on. */
export class LedgerNeverCleared extends Ledger {
  override clear(): void {}
}

class LedgerForgets extends Ledger {
  override find(): LedgerEntry | null {
    return null;
  }
}

class LedgerClearsFile extends Ledger {
  override clear(host: number, file: string, _sector: number, atUs: number): void {
    for (const { sector } of this.openOf(host)) super.clear(host, file, sector, atUs);
  }
}

const honest: DiskMaker = (core, host, options) => new Disk(core, host, options);
const honestLedger: LedgerMaker = () => new Ledger();

type DiskClass = new (core: WorldCore, host: number, options: DiskOptions) => Disk;

function row(id: string, what: string, source: string, check: Check<DiskMaker>, Planted: DiskClass): HarnessMutant {
  const planted: DiskMaker = (core, host, options) => new Planted(core, host, options);
  return plant({ id, what, source, part: 'simulator' }, check, honest, planted);
}

function ledgerRow(id: string, what: string, source: string, planted: LedgerMaker): HarnessMutant {
  const parts = (ledger: LedgerMaker) => ({ disk: honest, ledger });
  return plant({ id, what, source, part: 'simulator' }, LEDGER, parts(honestLedger), parts(planted));
}

/** Bugs planted in the disk and in the ledger of its damage. */
export const DISK_MUTANTS: readonly HarnessMutant[] = [
  row('sync-always-works', 'fsync faults are ignored', 'issue 3; R4', FSYNC_FAULT, SyncAlwaysWorks),
  row(
    'failed-sync-keeps-all',
    'a failing fsync makes everything durable all the same',
    'R4',
    FSYNC_FAULT,
    FailedSyncKeepsAll,
  ),
  row('sync-covers-later', 'an fsync covers writes that were issued after it', 'R2', FSYNC_COVERS, FailedSyncKeepsAll),
  row('sync-does-nothing', 'an fsync succeeds and makes nothing durable', 'R2', FSYNC_COVERS, SyncDoesNothing),
  row('crash-keeps-everything', 'a power loss keeps un-synced sectors', 'issue 3; R2', POWER_LOSS, PowerLossKeepsAll),
  row('power-loss-drops-all', 'a power loss takes every un-synced sector', 'R2', POWER_LOSS, PowerLossDropsAll),
  row('crash-drops-cache', 'a process crash drops the page cache', 'R2', CRASH_CACHE, CrashDropsCache),
  row('crash-syncs', 'a process crash writes the page cache back at once', 'R2', CRASH_CACHE, CrashSyncs),
  row('tears-only-prefixes', 'a torn sector is new up to a point and old behind it', 'R27; R3', TEARS, PrefixTears),
  ledgerRow(
    'ledger-never-cleared',
    'damage stays open when it is rewritten',
    'R27; R11',
    () => new LedgerNeverCleared(),
  ),
  ledgerRow('ledger-forgets', 'damage is not found in the ledger', 'R11', () => new LedgerForgets()),
  ledgerRow('ledger-clears-file', 'one rewritten sector closes the damage of all', 'R11', () => new LedgerClearsFile()),
];
