import type { Checks } from '../checkers/always-on.ts';
import { membershipEntry } from '../checkers/membership-entry.ts';
import type { GroundTruth, Report } from '../checkers/property.ts';
import { PropertySet } from '../checkers/set.ts';
import { KimberliteCluster } from '../cluster/kimberlite/cluster.ts';
import type { KimberliteFleet } from '../cluster/kimberlite/fleet.ts';
import { firstVoterCount } from '../cluster/kimberlite/hosts.ts';
import type { VsrMessage } from '../cluster/vsr/message.ts';
import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import type { Rules } from '../cluster/vsr/rules.ts';
import { Budget } from '../faults/budget.ts';
import { Nemesis } from '../faults/nemesis.ts';
import type { RunPlan } from '../plan/plan.ts';
import type { Finding } from '../plan/result.ts';
import { EVENT } from '../sim/core.ts';
import type { Decisions } from '../sim/decisions.ts';
import type { Machine } from '../sim/machine.ts';
import { MEMORY_BYTES_MAX_DEFAULT, MemoryBudget } from '../sim/memory.ts';
import type { Us } from '../sim/time.ts';
import { Coverage } from './coverage.ts';
import { faultSurface } from './fault-surface.ts';
import { groundTruth } from './ground-truth.ts';

/** Control numbers below this are the engine's own, those from 1000 on the nemesis's. */
const NEMESIS_CONTROL_MIN = 1_000;

/** What a run is made of besides its plan. */
export interface SimulationOptions {
  readonly recording: boolean;
  /** Records chance decisions, or decides them by a list (R26). */
  readonly decisions?: Decisions | null;
  readonly logging: boolean;
  readonly rules: Rules;
  /** Builds the properties that judge this run. */
  readonly checks: (truth: GroundTruth, report: Report, simulation: Simulation) => Checks;
  /** Mutant campaigns record findings and go on (R27); normal runs end after the event of the first finding (R24b). */
  readonly recordOnly: boolean;
  /** A finding that ends the run in any case: shrinking looks for one and needs nothing after it. */
  readonly stopAt?: { readonly property: string; readonly site: string } | null;
  /** Collects the features of {@link Coverage}. */
  readonly coverage?: boolean;
}

const FIELDS = 8;
/** Findings kept of a run; beyond them only the first of its property and site. */
const FINDINGS_MAX = 64;

/**
 * A run in the making: the world with its cluster, faults and properties, and the loop that drives them. Everything that
 * a run knows hangs from here.
 */
export class Simulation {
  readonly plan: RunPlan;
  readonly cluster: KimberliteCluster;
  readonly nemesis: Nemesis;
  readonly budget: Budget;
  readonly properties: PropertySet;
  readonly checks: Checks;
  readonly findings: Finding[];
  readonly truth: GroundTruth;
  /** null in runs that nobody asked it of. */
  readonly coverage: Coverage | null;
  /** Modelled bytes; a run that passes its bound ends as `crashed` (R28). */
  readonly memory: MemoryBudget;
  /** True from the first finding on (never in record-only runs). */
  failed: boolean;
  /** Why the loop stopped before its goal; empty while it has not. */
  exhausted: '' | 'out-of-budget' | 'crashed';
  /** Last time that a view change was seen, for quiet windows. */
  lastViewChangeUs: Us;
  /** Faults fired while a client's operation was in flight. */
  firedInFlight: number;
  /** Last time at which a fault began or ended, or a process started or stopped. */
  disturbedUs: Us;
  /** Replicas outside the chosen core are cut off, some of them on part of their links only (R12). */
  frozen: boolean;
  acknowledged: number;
  /** Operations that clients began. */
  invoked: number;
  readonly acknowledgedBy: Map<number, number>;
  /** A violation was injected into this host: its own assertion is expected (R15). */
  injectedViolations: Set<number>;
  /** Members of the present configuration: all replicas until a leader is forced. Others need not converge. */
  members: readonly number[];
  /** Hosts without a vote (`mustRecover`): when the life began in which each lost it. */
  readonly voteLostUs: Map<number, Us>;
  /** Replicas into which one was injected at any time. */
  readonly injectedEver: Set<number>;
  /** The fleet as operators meet it, for faults of what stands around the servers; null in drawn runs. */
  fleet: KimberliteFleet | null;
  onControl: (a: number, b: number, ref: unknown) => void;
  private readonly recordOnly: boolean;
  private readonly stopAt: SimulationOptions['stopAt'];
  private readonly samples: Float64Array;

  constructor(plan: RunPlan, options: SimulationOptions) {
    this.plan = plan;
    this.findings = [];
    this.failed = false;
    this.exhausted = '';
    this.lastViewChangeUs = 0;
    this.firedInFlight = 0;
    this.disturbedUs = 0;
    this.frozen = false;
    this.acknowledged = 0;
    this.invoked = 0;
    this.acknowledgedBy = new Map();
    this.injectedViolations = new Set();
    this.voteLostUs = new Map();
    this.injectedEver = new Set();
    this.fleet = null;
    this.recordOnly = options.recordOnly;
    this.stopAt = options.stopAt ?? null;
    this.onControl = () => {};
    this.coverage = options.coverage === true ? new Coverage(plan.cluster.replicaCount) : null;
    const relay = new Relay();
    this.cluster = new KimberliteCluster(plan, options.rules, relay, relay, options);
    const world = this.cluster.world;
    this.memory = new MemoryBudget(world, plan.limits.memoryBytesMax ?? MEMORY_BYTES_MAX_DEFAULT);
    this.members = this.cluster.replicaHosts.slice(0, firstVoterCount(plan.cluster));
    this.truth = groundTruth(this.cluster);
    this.checks = options.checks(this.truth, (property, site, args) => this.report(property, site, args), this);
    this.properties = new PropertySet(this.checks.properties);
    this.cluster.onProjection = (...args) => this.properties.onProjection(...args);
    relay.simulation = this;
    relay.set = this.properties;
    this.samples = new Float64Array(this.cluster.serverHosts.length * FIELDS).fill(-1);
    world.network.tap = {
      onSend: (from, to, message) => {
        if (this.injectedViolations.size > 0 && this.injectedViolations.has(from)) {
          this.report('INV-NO-CORRUPT-SERVE', 'sent-after-memory-corruption', { replica: from, kind: message.kind });
        }
        this.properties.onSend(from, to, message as VsrMessage);
      },
      onDeliver: () => {},
    };
    const surface = faultSurface(this);
    this.budget = new Budget(plan.budget ?? 'safety', surface);
    this.nemesis = new Nemesis(surface, plan.faults, this.budget);
    this.listen();
  }

  /** Hangs the nemesis, the properties and the samples onto what the world announces. */
  private listen(): void {
    const { world } = this.cluster;
    const servers = this.cluster.serverHosts.length;
    world.onMark = (mark, host) => {
      this.coverage?.reaches(mark, host);
      this.nemesis.onMark(mark, host);
    };
    world.onFault = (label) => this.nemesis.onFired(label);
    world.onControl = (a, b, ref) => {
      if (a >= NEMESIS_CONTROL_MIN) {
        this.disturbedUs = world.nowUs;
        this.nemesis.onControl(a, b, ref);
      } else this.onControl(a, b, ref);
    };
    world.afterEvent = (host) => {
      if (host < 0 || host >= servers) return;
      if (this.injectedViolations.size > 0) this.judgeInjected(host);
      this.sample(host);
    };
    world.onStart = (machine) => this.started(machine);
    world.onStop = (machine, cause) => {
      this.disturbedUs = world.nowUs;
      if (machine.id >= servers) return;
      this.properties.onStop(machine.id, machine.incarnation, cause);
      this.injectedViolations.delete(machine.id);
      if (machine.id < this.plan.cluster.replicaCount) this.coverage?.stops(machine.id);
    };
  }

  /** Enters a finding; the loop ends after the present event unless findings are only recorded. */
  report(property: string, site: string, args: Readonly<Record<string, number | string>>): void {
    if (property === 'INV-COMMIT-LE-OP' && this.injectedViolations.has(Number(args['replica'] ?? -1))) {
      // The checker sees what was injected (R15); what must hold is that the replica's own assertion stops it.
      this.cluster.world.mark('injected-violation-seen', Number(args['replica']));
      return;
    }
    // However many there are, each property and site is among them: mutants and shrinking look for theirs.
    const isKnown = (found: Finding): boolean => found.property === property && found.site === site;
    if (this.findings.length >= FINDINGS_MAX && this.findings.some(isKnown)) return;
    this.findings.push({ property, site, atUs: this.cluster.world.nowUs, args });
    if (!this.recordOnly || (this.stopAt?.property === property && this.stopAt.site === site)) this.failed = true;
  }

  /**
   * An operator has mended what a fault broke ({@link Nemesis.mend}). Requests that were slow when it ended are still
   * slow, so that what follows is not judged as stable at once. False when the fault is not in effect.
   */
  mend(label: string): boolean {
    this.disturbedUs = this.cluster.world.nowUs;
    return this.nemesis.mend(label);
  }

  /** A replica whose memory was corrupted has handled an event and runs on: its own assertion did not stop it (R15). */
  private judgeInjected(host: number): void {
    if (!this.injectedViolations.has(host) || this.cluster.world.queue.kind === EVENT.start) return;
    this.injectedViolations.delete(host);
    this.report('INV-COMMIT-LE-OP', 'not-stopped-by-own-assertion', { replica: host });
  }

  /** Runs events until `untilUs`, the first finding, or the end of the run's budget. Returns whether it got there. */
  advance(untilUs: Us): boolean {
    const { memory } = this;
    const world = this.cluster.world;
    const { eventsMax, virtualUsMax } = this.plan.limits;
    while (!this.failed) {
      const nextUs = world.queue.peekUs();
      if (nextUs < 0 || nextUs > untilUs) {
        if (world.nowUs < untilUs) world.nowUs = untilUs;
        return true;
      }
      if (world.events >= eventsMax || nextUs > virtualUsMax) {
        this.exhausted = 'out-of-budget';
        return false;
      }
      if (!memory.allows()) {
        this.exhausted = 'crashed';
        return false;
      }
      world.step();
    }
    return false;
  }

  /** Steps in slices until `done` holds or `untilUs` is past. Returns whether it came to hold. */
  advanceUntil(done: () => boolean, sliceUs: Us, untilUs: Us): boolean {
    const world = this.cluster.world;
    for (;;) {
      if (done()) return true;
      if (world.nowUs >= untilUs) return false;
      if (!this.advance(Math.min(world.nowUs + sliceUs, untilUs))) return false;
    }
  }

  /** An applied entry has changed the membership: from a stable one on its voters are who must converge. */
  reconfigured(replica: number, epoch: number): void {
    const { voters } = this.checks;
    const newest = voters.newest(voters.lineage(epoch, replica));
    if (newest?.phase === 'stable') this.members = newest.voters;
  }

  private started(machine: Machine): void {
    this.disturbedUs = this.cluster.world.nowUs;
    if (machine.id >= this.cluster.serverHosts.length) return;
    this.samples.fill(-1, machine.id * FIELDS, (machine.id + 1) * FIELDS);
    this.properties.onStart(machine.id, machine.incarnation);
  }

  /** Shows a replica to the properties when one of the fields that they watch has changed. */
  sample(host: number): void {
    const now = this.cluster.observation(host);
    if (now === null) return;
    const samples = this.samples;
    const at = host * FIELDS;
    const status = now.status === 'normal' ? 1 : now.status === 'view-change' ? 2 : 3;
    if (
      samples[at] === now.view &&
      samples[at + 1] === now.logView &&
      samples[at + 2] === now.op &&
      samples[at + 3] === now.commit &&
      samples[at + 4] === now.commitMax &&
      samples[at + 5] === status &&
      samples[at + 6] === (now.mustRecover ? 1 : 0)
    ) {
      if (this.coverage !== null) this.cover(host, false);
      return;
    }
    if (!now.mustRecover) this.voteLostUs.delete(host);
    else if (!this.voteLostUs.has(host)) this.voteLostUs.set(host, this.cluster.world.machines[host]?.startedUs ?? -1);
    if (samples[at] !== now.view) this.lastViewChangeUs = this.cluster.world.nowUs;
    samples[at] = now.view;
    samples[at + 1] = now.logView;
    samples[at + 2] = now.op;
    samples[at + 3] = now.commit;
    samples[at + 4] = now.commitMax;
    samples[at + 5] = status;
    samples[at + 6] = now.mustRecover ? 1 : 0;
    if (this.coverage !== null) this.cover(host, true);
    this.properties.onState(now as ReplicaObservation);
  }

  private cover(host: number, moved: boolean): void {
    if (host >= this.plan.cluster.replicaCount) return;
    const replica = this.cluster.nodes[host]?.vsr.replica;
    if (replica !== undefined) this.coverage?.sees(replica, moved);
  }
}

/** What replicas and clients announce goes to the properties, which exist only after the cluster does. */
class Relay {
  simulation: Simulation | null = null;
  set: PropertySet | null = null;

  onApply(...args: Parameters<PropertySet['onApply']>): void {
    this.set?.onApply(...args);
    const [replica, , prepare] = args;
    if (membershipEntry(prepare) !== null) this.simulation?.reconfigured(replica, prepare.epoch);
  }

  onInstall(...args: Parameters<PropertySet['onInstall']>): void {
    this.set?.onInstall(...args);
  }

  onCheckpoint(...args: Parameters<PropertySet['onCheckpoint']>): void {
    this.set?.onCheckpoint(...args);
  }

  onInvoke(...args: Parameters<PropertySet['onInvoke']>): void {
    (this.simulation as Simulation).invoked++;
    this.set?.onInvoke(...args);
  }

  onReturn(client: number, session: number, request: number, length: number, chain0: number, chain1: number): void {
    const simulation = this.simulation as Simulation;
    simulation.acknowledged++;
    simulation.acknowledgedBy.set(client, (simulation.acknowledgedBy.get(client) ?? 0) + 1);
    simulation.cluster.world.mark('ack', -1);
    this.set?.onReturn(client, session, request, length, chain0, chain1);
  }

  onEvicted(...args: Parameters<PropertySet['onEvicted']>): void {
    this.set?.onEvicted(...args);
  }

  onUnknown(...args: Parameters<PropertySet['onUnknown']>): void {
    this.set?.onUnknown(...args);
  }
}
