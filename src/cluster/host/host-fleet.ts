import type { Machine } from '../../sim/machine.ts';
import type { Us } from '../../sim/time.ts';
import type { World } from '../../sim/world.ts';

/** What an HTTP server of a host answers; null: nothing listens there. */
export interface HttpAnswer {
  readonly code: number;
  readonly contentType: string;
  readonly body: string;
}

/** An object of the backup bucket, as `aws s3 ls` lists it. */
export interface BucketObject {
  readonly name: string;
  readonly atWallMs: number;
  readonly sizeBytes: number;
}

/** Something that was kept for the people who look for the cause (catalogue, INV-EVIDENCE-FIRST). */
export interface Evidence {
  readonly atUs: Us;
  readonly kind: 'state-dump' | 'storage-export' | 'journal-excerpt' | 'copy' | 'logs' | 'status';
  /** Host that it is about, -1 for the whole fleet. */
  readonly host: number;
  readonly path: string;
}

/** What the ordinary tools of a host see of a simulated fleet, whatever system it runs. */
export interface HostFleet {
  readonly world: World;
  /** Wall-clock instant of virtual time 0. */
  readonly startWallMs: number;
  /** The systemd unit of the system under test, without `.service`, and the name of its program. */
  readonly unit: string;
  readonly program: string;
  /** Folder that stands for the simulated disk. */
  readonly dataDirectory: string;
  /** The machine that a name means on `onHost`; null when it does not resolve. */
  machineOf(name: string, onHost: string): Machine | null;
  /** Whether a connection between the two hosts works now: power, both directions of the link, and not frozen. */
  reaches(from: Machine, to: Machine): boolean;
  /** Whether the host is one that runs the system (and so has the unit and the data disk). */
  hasService(machine: Machine): boolean;
  /** Variables that units inherit which start from now on (`systemctl set-environment`). */
  managerEnvironment?(machine: Machine): Map<string, string>;
  listens(machine: Machine, port: number): boolean;
  httpGet(machine: Machine, port: number, path: string): HttpAnswer | null;
  /** Files whose bytes the disk only accounts, with their sizes: old log segments, or local backups. */
  accounted(machine: Machine): ReadonlyMap<string, number>;
  /** Removes files that are among the accounted ones. */
  removeAccounted(machine: Machine, files: readonly string[]): void;
  /** Why these files may not be removed now, or ''. */
  refuseRemoval(machine: Machine, files: readonly string[]): string;
  keepEvidence(kind: Evidence['kind'], host: number, path: string): void;
  /** A command is about to end the server on a host. */
  stopping?(machine: Machine, command: string): void;
  /** A command is about to change files of the data directory of a host. */
  changing(machine: Machine, command: string): void;
  bucketObjects(bucket: string): readonly BucketObject[] | null;
}

/** Time for a connection to a host that does not answer: as long as Linux retries a SYN (tcp(7)). */
export const CONNECT_TIMEOUT_US: Us = 127_000_000;

/** Wall clock of a machine in ms since 1970. */
export function wallMsOf(fleet: HostFleet, machine: Machine): number {
  return fleet.startWallMs + Math.floor(machine.clock.wallUs() / 1_000);
}

/** The machine whose shell runs a command. Shells run on known hosts only. */
export function ownMachine(fleet: HostFleet, onHost: string): Machine {
  return fleet.machineOf(onHost, onHost) as Machine;
}

/** Mean round trip between two hosts at present, for commands that ask a host something. */
export function roundTripUs(fleet: HostFleet, from: Machine, to: Machine): Us {
  if (from.id === to.id) return 100;
  const { network } = fleet.world;
  const there = network.link(from.id, to.id);
  const back = network.link(to.id, from.id);
  const us = Math.max(there.latencyUsMean, there.latencyUsMin) + Math.max(back.latencyUsMean, back.latencyUsMin);
  const heldUs = Math.max(there.clogUntilUs, back.clogUntilUs) - fleet.world.nowUs;
  return Math.max(us, heldUs);
}
