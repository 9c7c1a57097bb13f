import type { DiskOp, Host, Message, Process } from '../../src/sim/api.ts';
import { PERFECT_CLOCK } from '../../src/sim/clock.ts';
import { DISK_DEFAULT } from '../../src/sim/disk-options.ts';
import type { LinkOptions } from '../../src/sim/link.ts';
import type { Machine } from '../../src/sim/machine.ts';
import { World } from '../../src/sim/world.ts';

/** What a tiny process does; each part may be left out. `seen` outlives the process: it belongs to the test. */
export interface Script {
  onStart?(host: Host): void;
  onMessage?(host: Host, from: number, message: Message): void;
  onTimer?(host: Host, timer: number): void;
  onDisk?(host: Host, op: DiskOp): void;
}

/** One handler call of a tiny world. */
export interface Call {
  readonly atUs: number;
  readonly host: number;
  readonly incarnation: number;
  readonly what: string;
}

export interface TinyWorld {
  readonly world: World;
  /** Every handler call in order: `start`, `message <id>`, `timer <number>`, `disk <kind> <token>`. */
  readonly calls: Call[];
  machine(host: number): Machine;
  /** The `what` of the calls of one host. */
  heard(host: number): string[];
}

/** Links without any chance: 1 ms, nothing lost. */
export const STEADY: LinkOptions = {
  latencyUsMin: 1_000,
  latencyUsMean: 1_000,
  lossPer65536: 0,
  duplicatePer65536: 0,
  reorderPer65536: 0,
  reorderUsMax: 0,
  corruptPer65536: 0,
  bytesPerMs: 0,
  queueMax: 0,
};

/** The real world with one scripted process per host, not yet started. */
export function tinyWorld(
  scripts: readonly Script[],
  options: { readonly seed?: number; readonly link?: Partial<LinkOptions>; readonly recording?: boolean } = {},
): TinyWorld {
  const calls: Call[] = [];
  const world: World = new World({
    seed: options.seed ?? 1,
    recording: options.recording ?? false,
    logging: true,
    rarities: false,
    link: { ...STEADY, ...options.link },
    machines: scripts.map((script, id) => ({
      name: `h${id}`,
      disk: DISK_DEFAULT,
      clock: PERFECT_CLOCK,
      factory: (host: Host): Process => scripted(world, host, script, calls),
    })),
  });
  return {
    world,
    calls,
    machine: (host) => world.machines[host] as Machine,
    heard: (host) => calls.filter((call) => call.host === host).map((call) => call.what),
  };
}

function scripted(world: World, host: Host, script: Script, calls: Call[]): Process {
  const { incarnation } = host;
  const note = (what: string): void => {
    calls.push({ atUs: world.nowUs, host: host.id, incarnation, what });
  };
  return {
    onStart: () => {
      note('start');
      script.onStart?.(host);
    },
    onMessage: (from, message) => {
      note(`message ${message.id0}`);
      script.onMessage?.(host, from, message);
    },
    onTimer: (timer) => {
      note(`timer ${timer}`);
      script.onTimer?.(host, timer);
    },
    onDisk: (op) => {
      note(`disk ${op.kind} ${op.token}`);
      script.onDisk?.(host, op);
    },
  };
}

/** Starts every process at the present instant. */
export function startAll({ world }: TinyWorld): void {
  for (const machine of world.machines) machine.start();
}

export function note(id: number): Message {
  return { kind: 'note', tag: 1, id0: id, id1: 0, digest: id, sizeBytes: 64 };
}
