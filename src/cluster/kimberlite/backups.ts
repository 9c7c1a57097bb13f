import type { Disk } from '../../sim/disk.ts';
import type { BucketObject } from '../host/host-fleet.ts';
import { HEADER_BYTES } from '../storage/record.ts';
import { FILE, type VsrConfig } from '../vsr/config.ts';
import { type DataSource, scanDataDirectory, ZONES } from './data-directory.ts';

/** A copy of a replica's zones as it lies in the bucket. */
export interface Snapshot extends BucketObject {
  readonly replica: number;
  readonly cluster: number;
  /** Last op of the copied chain. */
  readonly op: number;
  readonly checkpointOp: number;
  readonly atUs: number;
  /** What the check at the time of the copy found; '' when it was clean. */
  readonly problem: string;
  readonly zones: ReadonlyMap<string, Uint8Array>;
}

export const BUCKET = 'backups';
/** Where `storage archive` moves old log segments (catalogue, s3-sources). */
export const ARCHIVE_BUCKET = 'kimberlite-archive-prod';

/**
 * The backup store `s3://backups`: each object is a copy of the zones that a power loss would have left on a replica's
 * disk at that instant, checked by parsing the records. `latest` is a moving name for the newest object (AMB-RESTORE-LATEST).
 */
export class BackupStore {
  private readonly objects: Map<string, Snapshot>;
  private latest: string;

  constructor() {
    this.objects = new Map();
    this.latest = '';
  }

  /** Copies a replica's zones under a name, replacing an object of that name; returns it. */
  take(name: string, disk: Disk, config: VsrConfig, replica: number, atUs: number, atWallMs: number): Snapshot {
    const zones = new Map<string, Uint8Array>();
    let sizeBytes = 0;
    for (const zone of ZONES) {
      const bytes = copyZone(disk, zone);
      if (bytes === null) continue;
      zones.set(zone, bytes);
      sizeBytes += bytes.length;
    }
    const scan = scanDataDirectory(snapshotSource(zones), config);
    const first = scan.damage[0];
    let problem = first === undefined ? '' : `${first.zone} ${first.index}: ${first.text}`;
    if (problem === '' && scan.brokenOp >= 0) problem = `hash chain broken at op ${scan.brokenOp}`;
    const snapshot: Snapshot = {
      name,
      atWallMs,
      sizeBytes,
      replica,
      cluster: scan.superblock?.cluster ?? 0,
      op: scan.chainHead,
      checkpointOp: scan.superblock?.checkpointOp ?? 0,
      atUs,
      problem,
      zones,
    };
    this.objects.set(name, snapshot);
    this.latest = name;
    return snapshot;
  }

  /** `s3://backups/NAME`, with or without `.tar.gz`, or `s3://backups/latest`; null when there is no such object. */
  find(source: string): Snapshot | null {
    const prefix = `s3://${BUCKET}/`;
    if (!source.startsWith(prefix)) return null;
    const name = source.slice(prefix.length);
    if (name === 'latest') return this.objects.get(this.latest) ?? null;
    return this.objects.get(name) ?? this.objects.get(`${name}.tar.gz`) ?? null;
  }

  /** What a check of an object's present bytes finds; '' when it is intact. */
  check(snapshot: Snapshot, config: VsrConfig): string {
    const scan = scanDataDirectory(snapshotSource(snapshot.zones), config);
    const first = scan.damage[0];
    if (first !== undefined) return `${first.zone} ${first.index}: ${first.text}`;
    return scan.brokenOp >= 0 ? `hash chain broken at op ${scan.brokenOp}` : '';
  }

  /** Objects of one replica, oldest first. */
  ofReplica(replica: number): readonly Snapshot[] {
    return [...this.objects.values()].filter((each) => each.replica === replica).sort((a, b) => a.atUs - b.atUs);
  }

  /** The newest copy of one replica, null when there is none. */
  newestOf(replica: number): Snapshot | null {
    let newest: Snapshot | null = null;
    for (const snapshot of this.objects.values()) {
      if (snapshot.replica === replica && (newest === null || snapshot.atUs >= newest.atUs)) newest = snapshot;
    }
    return newest;
  }

  /** Objects in order of name; `latest` is listed as what it points to. */
  list(): readonly BucketObject[] {
    const all: BucketObject[] = [...this.objects.values()];
    const newest = this.objects.get(this.latest);
    if (newest !== undefined) all.push({ name: 'latest', atWallMs: newest.atWallMs, sizeBytes: newest.sizeBytes });
    return all.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  /**
   * Fault `backup.corrupt`: flips one bit of what a restore would need from an object, the newest record above its
   * checkpoint, else the checkpoint. False when there is no such object.
   */
  corrupt(name: string, config: VsrConfig): boolean {
    const snapshot = this.objects.get(name);
    const prepares = snapshot?.zones.get(FILE.prepares);
    if (snapshot === undefined || prepares === undefined) return false;
    const scan = scanDataDirectory(snapshotSource(snapshot.zones), config);
    if (scan.entries.has(scan.chainHead)) {
      const at = (scan.chainHead % config.journalSlots) * config.slotBytes + HEADER_BYTES;
      prepares[at] = (prepares[at] as number) ^ 1;
      return true;
    }
    const blob = snapshot.zones.get(FILE.checkpoint[scan.superblock?.checkpointFile ?? 0]);
    if (blob === undefined) return false;
    blob[0] = (blob[0] as number) ^ 1;
    return true;
  }

  /** Fault `backup.missing`. */
  remove(name: string): boolean {
    return this.objects.delete(name);
  }
}

/** Durable bytes of a zone, unreadable sectors as zeros (the check then finds them); null without the file. */
function copyZone(disk: Disk, zone: string): Uint8Array | null {
  const sizeBytes = disk.durableSizeBytes(zone);
  if (sizeBytes < 0) return null;
  const bytes = new Uint8Array(sizeBytes);
  if (disk.peekDurableInto(zone, 0, bytes)) return bytes;
  const { sectorBytes } = disk.options;
  for (let at = 0; at < sizeBytes; at += sectorBytes) {
    const sector = disk.peekDurable(zone, at, Math.min(sectorBytes, sizeBytes - at));
    if (sector !== null) bytes.set(sector, at);
  }
  return bytes;
}

export function snapshotSource(zones: ReadonlyMap<string, Uint8Array>): DataSource {
  return {
    sizeBytes: (zone) => zones.get(zone)?.length ?? -1,
    read: (zone, offsetBytes, lengthBytes) => {
      const bytes = zones.get(zone);
      if (bytes === undefined || offsetBytes + lengthBytes > bytes.length) return null;
      return bytes.subarray(offsetBytes, offsetBytes + lengthBytes);
    },
  };
}
