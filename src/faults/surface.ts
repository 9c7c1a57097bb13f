import type { Us } from '../sim/time.ts';
import type { World } from '../sim/world.ts';

/** What a system keeps in a region of its disks. The two journal zones are redundant witnesses of the same slots. */
export type ZoneName = 'superblock' | 'journal-headers' | 'journal-prepares' | 'checkpoint';

/**
 * A region of a replica's disk, in units that are damaged and repaired as a whole: a superblock copy, a header sector,
 * a journal slot. The zone `checkpoint` stands for all files in the folder of its file.
 */
export interface Zone {
  readonly name: ZoneName;
  readonly file: string;
  readonly unitBytes: number;
  readonly units: number;
}

/** Load that comes from outside the simulated hosts. */
export interface LoadSurface {
  /** A client that runs a statement on a replica again and again; returns what ends it, or null without a CPU there. */
  connect(
    host: number,
    spec: {
      readonly user: string;
      readonly scanUs: Us;
      readonly readBytes: number;
      readonly thinkUs: Us;
      readonly locks: boolean;
    },
    delayUs: Us,
  ): (() => void) | null;
  /** Sets the pause of a client between two operations; -1: as planned. */
  pace(host: number, thinkUs: Us): void;
}

/** What a system shows so that faults can strike it without knowing it. Hosts are numbers of its world. */
export interface FaultSurface {
  readonly world: World;
  readonly replicaHosts: readonly number[];
  readonly clientHosts: readonly number[];
  /** Hosts that follow without a vote: no role and no budget means them, but faults may name them. */
  readonly standbyHosts?: readonly number[];
  /** Replication quorum Qr: floor(n/2)+1. */
  readonly quorum: number;
  /** The host that acts as primary of the newest view; -1 when none does. */
  primaryHost(): number;
  readonly zones: readonly Zone[];
  /** Writes a wrong value into the memory of the host's process; false when there is none. */
  corruptMemory(host: number): boolean;
  /**
   * From now on the next operation that a client's append brings to the state machine ends every server that executes it,
   * by an assertion of its own; null ends that, as a corrected build does. Absent: the system has no such defect.
   */
  readonly poison?: (on: boolean) => void;
  /** What a host's process is doing now, in words of the system, for the line that it leaves when it panics. */
  readonly activity?: (host: number) => string;
  /** Ends a client's process; the system sees to its restart. */
  crashClient(host: number): void;
  /** Ground truth: the replica runs, has its vote and lacks nothing since its checkpoint. */
  isHealthy(host: number): boolean;
  readonly load?: LoadSurface;
  /** The backup job of a host has failed for so many days; a negative number: it works again. False where there is none. */
  readonly failBackups?: (host: number, days: number) => boolean;
  /** Sets what is offered per second by clients that are not simulated one by one; returns what it was. */
  readonly offerLoad?: (opsPerS: number) => number;
  /** Lets an operation cost that much CPU time on a host, in ns (0: as planned); false where nothing costs any. */
  readonly setCost?: (host: number, nsPerOp: number) => boolean;
  /** Somebody changes a setting of the cluster, or of some hosts; false when nothing can be changed now. */
  readonly changeSetting?: (hosts: readonly number[], key: string, value: number) => boolean;
  /** The certificate of a host gets a flaw: 'wrong-san', 'wrong-ca', or 'expired' so many days ago. */
  readonly flawCertificate?: (host: number, flaw: string, agoDays: number) => void;
  /** Releases of the server, where a run has them: one gets a defect, and is mended. */
  readonly releases?: {
    regress(
      label: string,
      release: number,
      kind: 'latency' | 'crash-on-start',
      amount: { readonly cpuUs: number; readonly afterUs: number },
    ): void;
    mend(label: string): void;
  };
  /** Applications that only read: they come to some hosts, read, and go. Absent: the system answers no such reads. */
  readonly readers?: {
    begin(
      hosts: readonly number[],
      load: { qps: number; answerBytes: number; bufferUs: number; cpuUs: number; workers: number },
    ): boolean;
    end(): void;
    /** The reads since the last turn; returns the time until the next one. */
    turn(): number;
  };
  /** Ordinary drift of a host's clocks, in ppm, to which they return after a fault; 0 where it is not given. */
  readonly driftPpm?: (host: number) => number;
}
