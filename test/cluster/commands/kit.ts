import type { CommandResult, Wait } from '../../../src/cluster/host/command.ts';
import { KimberliteCluster } from '../../../src/cluster/kimberlite/cluster.ts';
import { kimberliteCommands } from '../../../src/cluster/kimberlite/commands/table.ts';
import { KimberliteFleet } from '../../../src/cluster/kimberlite/fleet.ts';
import { HONEST_RULES } from '../../../src/cluster/vsr/rules.ts';
import { type HostsPlan, PLAN_VERSION, type RunPlan, START_WALL_MS } from '../../../src/plan/plan.ts';
import { DISK_DEFAULT } from '../../../src/sim/disk-options.ts';
import type { Machine } from '../../../src/sim/machine.ts';
import { MS, SECOND } from '../../../src/sim/time.ts';

export interface RigOptions {
  readonly naming?: 'replica' | 'node';
  readonly guardsOff?: readonly string[];
  readonly wallOffsetUs?: readonly number[];
  readonly replicaCount?: number;
  /** How many of the replicas' hosts are blank machines. */
  readonly spares?: number;
  readonly standbys?: NonNullable<RunPlan['cluster']['standbys']>;
  readonly hosts?: HostsPlan;
  readonly batching?: NonNullable<RunPlan['batching']>;
  readonly compaction?: NonNullable<RunPlan['compaction']>;
  readonly deployment?: NonNullable<RunPlan['deployment']>;
}

const NETWORK: RunPlan['network'] = {
  latencyUsMin: 200,
  latencyUsMean: 500,
  lossPer65536: 0,
  duplicatePer65536: 0,
  reorderPer65536: 0,
  reorderUsMax: 0,
  corruptPer65536: 0,
  bytesPerMs: 0,
  queueMax: 0,
};

function planOf(options: RigOptions): RunPlan {
  return {
    version: PLAN_VERSION,
    system: 'kimberlite',
    scenario: 'commands',
    variant: 'safe',
    seed: 7,
    startWallMs: START_WALL_MS,
    profile: 'intended',
    cluster: {
      naming: options.naming ?? 'replica',
      replicaCount: options.replicaCount ?? 3,
      ...(options.spares === undefined ? {} : { spares: options.spares }),
      ...(options.standbys === undefined ? {} : { standbys: options.standbys }),
      clientCount: 2,
      journalSlots: 64,
      slotBytes: 4096,
      checkpointOps: 16,
      pipelineMax: 8,
      sessionsMax: 64,
      heartbeatUs: 100 * MS,
      electionTimeoutUs: SECOND,
      prepareRetryUs: 100 * MS,
      restart: 'no',
      restartDelayUs: SECOND,
    },
    network: NETWORK,
    disk: DISK_DEFAULT,
    clock: { wallOffsetUs: options.wallOffsetUs ?? [], driftPpm: [] },
    workload: {
      kind: 'closed',
      thinkUsMin: 20 * MS,
      thinkUsMax: 200 * MS,
      bodyBytesMin: 64,
      bodyBytesMax: 128,
      readPer65536: 13_107,
      streamCount: 4,
      retryUs: 500 * MS,
      operationsMax: 0,
    },
    ...(options.hosts === undefined ? {} : { hosts: options.hosts }),
    ...(options.batching === undefined ? {} : { batching: options.batching }),
    ...(options.compaction === undefined ? {} : { compaction: options.compaction }),
    ...(options.deployment === undefined ? {} : { deployment: options.deployment }),
    faults: [],
    operator: null,
    alerts: null,
    mustReach: [],
    guardsOff: options.guardsOff ?? [],
    mutant: null,
    expectedFailure: null,
    mttrUs: 0,
    properties: [],
    faultPhaseUs: 60 * SECOND,
    limits: { eventsMax: 10_000_000, virtualUsMax: 3_600 * SECOND },
    rarities: false,
  };
}

/** A small running cluster with its operator: three replicas, two clients. Every command runs in virtual time. */
export class Rig {
  readonly cluster: KimberliteCluster;
  readonly fleet: KimberliteFleet;
  /** Files that commands wrote, by host and path. */
  readonly written = new Map<string, string>();
  private readonly table = kimberliteCommands();

  constructor(options: RigOptions = {}) {
    const plan = planOf(options);
    const nothing = (): void => {};
    const observer = { onApply: nothing, onInstall: nothing, onCheckpoint: nothing };
    const clients = { onInvoke: nothing, onReturn: nothing, onEvicted: nothing, onUnknown: nothing };
    this.cluster = new KimberliteCluster(plan, HONEST_RULES, observer, clients, { recording: false, logging: true });
    this.fleet = new KimberliteFleet(this.cluster, new Set(plan.guardsOff));
    this.cluster.start();
    this.pass(8 * SECOND);
  }

  pass(us: number): void {
    const { world } = this.cluster;
    const endUs = world.nowUs + us;
    const { statefulSet } = this.fleet;
    while (statefulSet !== null && world.nowUs + SECOND < endUs) {
      world.runUntil(world.nowUs + SECOND);
      statefulSet.tick();
    }
    world.runUntil(endUs);
  }

  machine(host: number): Machine {
    return this.cluster.world.machines[host] as Machine;
  }

  /** Runs one command line (words, "quoted words") on a host; cut off with code 143 after `limitUs`. */
  run(line: string, onHost = 'operator', limitUs = 600 * SECOND): CommandResult {
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
    const command = this.table.commands.get(words[0] as string);
    if (command === undefined) throw new Error(`no command ${words[0]}`);
    const { world } = this.cluster;
    const host = this.fleet.machineOf(onHost, onHost) as Machine;
    let printed = '';
    const steps = command(words.slice(1), '', {
      fleet: this.fleet,
      onHost: host.name,
      env: new Map(),
      nowMs: () => this.fleet.wallMs(host),
      readFile: (path) => this.written.get(`${host.name}:${path}`) ?? null,
      writeFile: (path, text) => {
        this.written.set(`${host.name}:${path}`, text);
      },
      print: (text) => {
        printed += text;
      },
    });
    const endUs = world.nowUs + limitUs;
    let step = steps.next();
    while (step.done !== true) {
      if (world.nowUs >= endUs) {
        steps.return({ stdout: '', stderr: '', code: 143 });
        return { stdout: printed, stderr: '', code: 143 };
      }
      step = steps.next(this.wait(step.value, endUs));
    }
    return { ...step.value, stdout: printed + step.value.stdout };
  }

  /** Lets the world pass until a wait is over; the answer is what the command gets. */
  wait(wait: Wait, endUs: number): boolean {
    const { world } = this.cluster;
    if (wait.kind === 'sleep') {
      world.runUntil(Math.min(endUs, world.nowUs + wait.us));
      return true;
    }
    const untilUs = Math.min(endUs, world.nowUs + wait.timeoutUs);
    while (!wait.poll()) {
      if (world.nowUs >= untilUs) return false;
      world.runUntil(Math.min(untilUs, world.nowUs + wait.everyUs));
      this.fleet.statefulSet?.tick();
    }
    return true;
  }
}

/** Directed links between two groups of hosts, both ways. */
export function between(left: readonly number[], right: readonly number[]): { from: number; to: number }[] {
  return left.flatMap((a) =>
    right.flatMap((b) => [
      { from: a, to: b },
      { from: b, to: a },
    ]),
  );
}
