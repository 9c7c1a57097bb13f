import type { Machine } from '../../sim/machine.ts';
import { BUCKET, type Snapshot } from './backups.ts';
import type { KimberliteFleet } from './fleet.ts';

const DAY_MS = 86_400_000;
/** Snapshots that stay on a replica's own disk when nobody deletes them. */
const KEPT = 6;
const FOLDER = 'backup';

/** A snapshot in /var/lib/kimberlite/backup: its bytes are accounted on the disk, what a restore would need is real. */
export interface LocalBackup {
  readonly name: string;
  /** Modification time of the file, by the wall clock of the host that wrote it. */
  readonly modifiedWallMs: number;
  readonly snapshot: Snapshot;
}

/**
 * The nightly backup job of a replica: a snapshot on the own disk, and a copy of it in the bucket. A job that fails writes
 * neither; the bucket drops its objects after a week, and the files on the disk stay until somebody deletes them.
 */
export class LocalBackups {
  private readonly fleet: KimberliteFleet;
  private readonly byHost: Map<number, LocalBackup[]>;
  private readonly failing: Set<number>;

  constructor(fleet: KimberliteFleet) {
    this.fleet = fleet;
    this.byHost = new Map();
    this.failing = new Set();
  }

  /** Files on a host, oldest first. */
  of(host: number): readonly LocalBackup[] {
    return this.byHost.get(host) ?? [];
  }

  /** Bytes of one of the files on a host: they share what is accounted there as backups. */
  sizeBytes(machine: Machine): number {
    const files = this.of(machine.id).length;
    return files === 0 || this.fleet.fillName(machine) !== 'backup' ? 0 : Math.floor(machine.disk.fillBytes / files);
  }

  /** The files of a host as they lie on its disk, with their sizes. */
  filesOf(machine: Machine): Map<string, number> {
    const sizeBytes = this.sizeBytes(machine);
    return new Map(this.of(machine.id).map(({ name }) => [`${FOLDER}/${name}`, sizeBytes]));
  }

  /** The last nights' work: as many files as stay, the newest `ageDays` old, and objects for those of the last week. */
  lay(host: number, ageDays: number): void {
    const files: LocalBackup[] = [];
    for (let index = KEPT - 1; index >= 0; index--) files.push(this.write(host, ageDays + index));
    this.byHost.set(host, files);
    for (const { name } of files) this.fleet.backups.remove(name);
    if (ageDays < 7) for (const { name } of files) this.fleet.takeBackup(name, host);
  }

  /** Fault: the job has failed for so many days. What it wrote before is all that there is. */
  fail(host: number, days: number): void {
    this.failing.add(host);
    this.lay(host, days);
  }

  /** The cause is gone; the next job works again. */
  works(host: number): void {
    this.failing.delete(host);
  }

  fails(host: number): boolean {
    return this.failing.has(host);
  }

  /** Removes files of a host, and the bytes that they took. */
  remove(machine: Machine, names: ReadonlySet<string>): void {
    const each = this.sizeBytes(machine);
    const files = this.of(machine.id);
    const left = files.filter((file) => !names.has(file.name));
    this.byHost.set(machine.id, left);
    if (this.fleet.fillName(machine) === 'backup') {
      machine.disk.setFill(left.length === 0 ? 0 : machine.disk.fillBytes - each * (files.length - left.length));
    }
    this.fleet.onBackupsRemoved(machine.id);
  }

  private write(host: number, ageDays: number): LocalBackup {
    const modifiedWallMs = this.fleet.wallMs(this.fleet.machineOfReplica(host)) - ageDays * DAY_MS - DAY_MS / 2;
    const day = Math.floor(modifiedWallMs / DAY_MS);
    const name = `snapshot-${host}-day-${day}.tar.gz`;
    return { name, modifiedWallMs, snapshot: this.fleet.takeBackup(name, host) };
  }
}

/** Where an object of the bucket is found. */
export function sourceOf(name: string): string {
  return `s3://${BUCKET}/${name}`;
}
