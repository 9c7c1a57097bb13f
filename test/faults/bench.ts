import { Budget } from '../../src/faults/budget.ts';
import type { FaultKindName } from '../../src/faults/kind-table.ts';
import { Nemesis } from '../../src/faults/nemesis.ts';
import type { FaultSurface } from '../../src/faults/surface.ts';
import type { FaultPlan, Target, Trigger } from '../../src/plan/plan.ts';
import type { DiskOp, Host, Message, Process } from '../../src/sim/api.ts';
import { PERFECT_CLOCK } from '../../src/sim/clock.ts';
import { DISK_DEFAULT } from '../../src/sim/disk-options.ts';
import type { Machine } from '../../src/sim/machine.ts';
import { World } from '../../src/sim/world.ts';

export const SLOTS = 16;
export const REPLICAS = 3;
const CLIENTS = 2;

/** A process that writes a record and its header to the next slot every 10 ms, and pings everybody. */
class Writer implements Process {
  errors: string[] = [];
  private readonly host: Host;
  private op = 0;

  constructor(host: Host) {
    this.host = host;
  }

  onStart(): void {
    this.host.setTimer(0, 10_000, 10_000, 0);
  }

  onTimer(): void {
    const slot = this.op++ % SLOTS;
    this.host.write('log/prepares', slot * 4096, new Uint8Array(4096).fill(1 + (this.op % 250)), 1, slot);
    this.host.write('log/headers', slot * 4096, new Uint8Array(4096).fill(1 + (this.op % 250)), 2, slot);
    this.host.fsync('log/prepares', 3, slot);
    this.host.fsync('log/headers', 4, slot);
    for (let to = 0; to < REPLICAS + CLIENTS; to++) if (to !== this.host.id) this.host.send(to, ping(this.op));
    this.host.reached('tick');
    this.host.setTimer(0, 10_000, 10_000, 0);
  }

  onMessage(): void {}

  onDisk(op: DiskOp): void {
    if (op.error === '') return;
    this.errors.push(op.error);
    this.host.exit(`disk: ${op.error}`);
  }
}

function ping(id: number): Message {
  return { kind: 'ping', tag: 1, id0: id, id1: 0, digest: 0, sizeBytes: 64 };
}

/** A small system of three writers and two clients, with a nemesis as the engine wires it. */
export interface FaultBench {
  readonly world: World;
  readonly surface: FaultSurface & { primary: number; corrupted: number[]; crashed: number[]; unhealthy: Set<number> };
  readonly budget: Budget;
  readonly nemesis: Nemesis;
  machine(host: number): Machine;
}

export function faultBench(
  faults: readonly FaultPlan[],
  mode: 'safety' | 'unrestricted' = 'safety',
  seed = 1,
  recording = false,
): FaultBench {
  const world = smallWorld(seed, recording);
  const surface = smallSurface(world);
  const budget = new Budget(mode, surface);
  const nemesis = new Nemesis(surface, faults, budget);
  world.onMark = (mark, host) => nemesis.onMark(mark, host);
  world.onFault = (label) => nemesis.onFired(label);
  world.onControl = (a, b, ref) => nemesis.onControl(a, b, ref);
  for (const host of surface.replicaHosts) format(world.machines[host]!);
  for (const machine of world.machines) machine.start();
  nemesis.start();
  return { world, surface, budget, nemesis, machine: (host) => world.machines[host]! };
}

function smallWorld(seed: number, recording: boolean): World {
  const names = ['r0', 'r1', 'r2', 'c0', 'c1'];
  return new World({
    seed,
    recording,
    logging: true,
    rarities: false,
    link: {
      latencyUsMin: 100,
      latencyUsMean: 200,
      lossPer65536: 0,
      duplicatePer65536: 0,
      reorderPer65536: 0,
      reorderUsMax: 0,
      corruptPer65536: 0,
      bytesPerMs: 0,
      queueMax: 0,
    },
    machines: names.map((name, id) => ({
      name,
      disk: DISK_DEFAULT,
      clock: PERFECT_CLOCK,
      factory: (host: Host) =>
        id < REPLICAS ? new Writer(host) : { onStart() {}, onMessage() {}, onTimer() {}, onDisk() {} },
    })),
  });
}

function smallSurface(world: World): FaultBench['surface'] {
  const surface: FaultBench['surface'] = {
    world,
    replicaHosts: [0, 1, 2],
    clientHosts: [3, 4],
    quorum: 2,
    primary: 0,
    corrupted: [] as number[],
    crashed: [] as number[],
    unhealthy: new Set<number>(),
    primaryHost: () => surface.primary,
    zones: [
      { name: 'superblock', file: 'superblock', unitBytes: 8192, units: 4 },
      { name: 'journal-headers', file: 'log/headers', unitBytes: 4096, units: SLOTS },
      { name: 'journal-prepares', file: 'log/prepares', unitBytes: 4096, units: SLOTS },
      { name: 'checkpoint', file: 'checkpoint/0', unitBytes: 4096, units: 1 },
    ] as const,
    corruptMemory: (host: number) => {
      surface.corrupted.push(host);
      return true;
    },
    crashClient: (host: number) => {
      surface.crashed.push(host);
      world.machines[host]!.stop('crash');
    },
    isHealthy: (host: number) => world.machines[host]!.isUp && !surface.unhealthy.has(host),
  };
  return surface;
}

/** Every slot, every superblock copy and one checkpoint hold something, synced. */
function format(machine: Machine): void {
  machine.supervisor.policy = 'on-failure';
  machine.supervisor.delayUs = 50_000;
  const { disk } = machine;
  const sizes = [
    ['log/headers', SLOTS * 4096],
    ['log/prepares', SLOTS * 4096],
    ['superblock', 4 * 8192],
    ['checkpoint/0', 5000],
  ] as const;
  for (const [file, sizeBytes] of sizes) {
    disk.createFile(file, sizeBytes);
    disk.poke(file, 0, new Uint8Array(sizeBytes).fill(7), true);
  }
  disk.syncAll();
}

/** A fault with the given parts; strikes host 0 at 100 ms unless told otherwise. */
export function fault(
  kind: FaultKindName,
  parts: {
    readonly label?: string;
    readonly at?: number;
    readonly trigger?: Trigger;
    readonly hosts?: readonly number[];
    readonly target?: Target;
    readonly durationUs?: number;
    readonly params?: FaultPlan['params'];
  } = {},
): FaultPlan {
  return {
    label: parts.label ?? kind,
    kind,
    trigger: parts.trigger ?? { kind: 'at', atUs: parts.at ?? 100_000 },
    target: parts.target ?? { kind: 'hosts', hosts: parts.hosts ?? [0] },
    durationUs: parts.durationUs ?? 0,
    params: parts.params ?? {},
  };
}
