import { Attempts } from '../../src/sim/attempts.ts';
import { EVENT } from '../../src/sim/core.ts';
import type { LinkOptions } from '../../src/sim/link.ts';
import type { Machine } from '../../src/sim/machine.ts';
import type { World } from '../../src/sim/world.ts';

/** What was decided in a run, by the key of R20, in a form that can be compared between runs. */
export interface Decisions {
  /** from/to/tag/id0/id1/attempt: `lost`, or the delays of the copies that were scheduled. */
  readonly packets: Map<string, string>;
  /** host/incarnation/timer/key/attempt/least/most: the delay on the host's own clock. */
  readonly timers: Map<string, string>;
  /** host/request/file/sector/version: the time in service before queue and faults. */
  readonly disks: Map<string, string>;
  /** Keys that were decided twice in one run in different ways: R20 broken without a second run. */
  readonly contradictions: string[];
}

/** Keys that both runs decided, and those of them that they decided differently. */
export function compare(
  left: ReadonlyMap<string, string>,
  right: ReadonlyMap<string, string>,
): { readonly shared: number; readonly differing: string[] } {
  const differing: string[] = [];
  let shared = 0;
  for (const [key, decided] of left) {
    const other = right.get(key);
    if (other === undefined) continue;
    shared++;
    if (other !== decided) differing.push(`${key}: ${decided} and ${other}`);
  }
  return { shared, differing };
}

/**
 * Listens to the decisions of a world from outside: the keys are counted here, from what hosts ask for, and the results
 * are read off what the kernel schedules. Packets are noted only on a link in its ordinary state (open, not clogged, not
 * degraded), for other states change the outcome and not the draw. Attempts are counted within the kernel's window: after
 * ATTEMPT_WINDOW other identities a link starts again at 0. To be called before the world runs.
 */
export function listen(world: World): Decisions {
  const decisions: Decisions = { packets: new Map(), timers: new Map(), disks: new Map(), contradictions: [] };
  const enter = (map: Map<string, string>, key: string, decided: string): void => {
    const known = map.get(key);
    if (known !== undefined && known !== decided) decisions.contradictions.push(`${key}: ${known}, then ${decided}`);
    else map.set(key, decided);
  };
  listenToPackets(world, (key, decided) => enter(decisions.packets, key, decided));
  for (const machine of world.machines) {
    listenToTimers(machine, (key, decided) => enter(decisions.timers, key, decided));
    listenToDisk(machine, (key, decided) => enter(decisions.disks, key, decided));
  }
  return decisions;
}

type Enter = (key: string, decided: string) => void;

function listenToPackets(world: World, enter: Enter): void {
  const { network } = world;
  const send = network.send.bind(network);
  const schedule = world.schedule.bind(world);
  const ordinary: string[] = [];
  for (let from = 0; from < network.hostCount; from++) {
    for (let to = 0; to < network.hostCount; to++) ordinary.push(optionsOf(network.link(from, to)));
  }
  const attempts = ordinary.map(() => new Attempts());
  let delays: string[] = [];
  world.schedule = (atUs, kind, host, a, b, ref) => {
    if (kind === EVENT.message && b === 0) delays.push(`${atUs - world.nowUs}`);
    schedule(atUs, kind, host, a, b, ref);
  };
  network.send = (from, to, message) => {
    const link = network.link(from, to);
    const index = from * network.hostCount + to;
    const degraded = optionsOf(link) !== ordinary[index];
    const identity = `${from}/${to}/${message.tag}/${message.id0 | 0}/${message.id1 | 0}`;
    const attempt = (attempts[index] as Attempts).next(message.tag, message.id0, message.id1);
    const { corrupted } = link;
    delays = [];
    send(from, to, message);
    if (from === to || degraded || link.cutCount > 0 || link.clogUntilUs > world.nowUs) return;
    const fate = delays.length === 0 ? 'lost' : delays.join(' and ');
    enter(`${identity}/${attempt}`, link.corrupted > corrupted ? `${fate} damaged` : fate);
  };
}

function optionsOf(link: LinkOptions): string {
  const rates = [link.lossPer65536, link.duplicatePer65536, link.reorderPer65536, link.corruptPer65536];
  return [link.latencyUsMin, link.latencyUsMean, ...rates, link.reorderUsMax, link.bytesPerMs, link.queueMax].join(' ');
}

function listenToTimers(machine: Machine, enter: Enter): void {
  const setTimer = machine.setTimer.bind(machine);
  const { clock } = machine;
  const trueDelayUs = clock.trueDelayUs.bind(clock);
  const last = new Map<number, { incarnation: number; key: number; attempt: number }>();
  let delayUs = -1;
  clock.trueDelayUs = (localDelayUs) => {
    delayUs = localDelayUs;
    return trueDelayUs(localDelayUs);
  };
  machine.setTimer = (timer, delayUsMin, delayUsMax, key) => {
    setTimer(timer, delayUsMin, delayUsMax, key);
    if (delayUsMax <= delayUsMin) return;
    const before = last.get(timer);
    const { incarnation } = machine;
    const repeated = before !== undefined && before.incarnation === incarnation && before.key === key;
    const attempt = repeated ? before.attempt + 1 : 0;
    last.set(timer, { incarnation, key, attempt });
    enter(`${machine.id}/${incarnation}/${timer}/${key}/${attempt}/${delayUsMin}/${delayUsMax}`, `${delayUs}`);
  };
}

/** Parts of the disk that hold the version of a sector; the key of a latency cannot be counted from outside. */
interface Versions {
  readonly directory: {
    readonly cached: ReadonlyMap<
      string,
      { readonly version: number; readonly sectors: readonly ({ readonly version: number } | null)[] }
    >;
  };
}

function listenToDisk(machine: Machine, enter: Enter): void {
  const { disk, id } = machine;
  const { queue } = disk;
  const { directory } = disk as unknown as Versions;
  const admit = queue.admit.bind(queue);
  let serviceUs = -1;
  queue.admit = (nowUs, askedUs, bytes) => {
    serviceUs = askedUs;
    return admit(nowUs, askedUs, bytes);
  };
  const note = (kind: string, file: string, offsetBytes: number): void => {
    const target = directory.cached.get(file);
    if (target === undefined) return;
    const sector = Math.floor(offsetBytes / disk.options.sectorBytes);
    const version = kind === 'fsync' ? target.version : (target.sectors[sector]?.version ?? 0);
    enter(`${id}/${kind}/${file}/${sector}/${version}`, `${serviceUs}`);
  };
  const write = disk.write.bind(disk);
  disk.write = (incarnation, file, offsetBytes, bytes, token, tag) => {
    write(incarnation, file, offsetBytes, bytes, token, tag);
    note('write', file, offsetBytes);
  };
  const read = disk.read.bind(disk);
  disk.read = (incarnation, file, offsetBytes, lengthBytes, token, tag) => {
    read(incarnation, file, offsetBytes, lengthBytes, token, tag);
    note('read', file, offsetBytes);
  };
  const fsync = disk.fsync.bind(disk);
  disk.fsync = (incarnation, file, token, tag) => {
    fsync(incarnation, file, token, tag);
    note('fsync', file, 0);
  };
}

/** The state of the trace hash before each event that is not an appointment of the engine's. */
export interface Steps {
  /** The hash before the i-th such event: every event and every draw so far stand in it (R24a). */
  readonly hashes: string[];
  /** Number of trace records before the event (or appointment) that is being handled now. */
  recordsBefore: number;
}

/** Notes where each event begins. Appointments are not counted: a fault that is removed takes its own along. */
export function follow(world: World): Steps {
  const steps: Steps = { hashes: [], recordsBefore: 0 };
  const { queue, trace } = world;
  const pop = queue.pop.bind(queue);
  queue.pop = () => {
    const popped = pop();
    steps.recordsBefore = trace.records.length;
    if (popped && queue.kind !== EVENT.control) steps.hashes.push(trace.hash());
    return popped;
  };
  return steps;
}
