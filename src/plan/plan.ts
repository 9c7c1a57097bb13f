import type { Us } from '../sim/time.ts';
import type { PlanDecision } from './decision.ts';

/** Version of the plan file; a reader refuses any other. */
export const PLAN_VERSION = 1;

/** Virtual time 0 of a plan that does not say otherwise: 2026-02-06T10:00:00Z, in ms since 1970 (R24a). */
export const START_WALL_MS = 1_770_372_000_000;

export type Variant = 'safe' | 'literal';

/** When a fault strikes: at a time, or a delay after the n-th time that a mark was reached (R17: by state). */
export type Trigger =
  | { readonly kind: 'at'; readonly atUs: Us }
  | {
      readonly kind: 'on';
      /** A mark of `Host.reached`, or an operator mark `operator:<step id>`, or `ack` (n-th acknowledged operation). */
      readonly mark: string;
      /** Counted from 1 over all hosts, or over `host` when it is given (-1: any). */
      readonly nth: number;
      readonly host: number;
      readonly delayUs: Us;
    };

/** Whom a fault strikes. Roles are resolved at the moment of the strike. */
export type Target =
  | { readonly kind: 'hosts'; readonly hosts: readonly number[] }
  | {
      readonly kind: 'role';
      readonly role: 'primary' | 'backup' | 'any-replica' | 'all-replicas';
      readonly index: number;
    };

/** One fault of a plan. Its label is its identity: keys of its decisions, ledger entries and reports name it. */
export interface FaultPlan {
  readonly label: string;
  /** One of the kinds that `src/faults` knows; unknown kinds are refused when a plan is read. */
  readonly kind: string;
  readonly trigger: Trigger;
  readonly target: Target;
  /** 0 for a fault that is an instant. */
  readonly durationUs: Us;
  /** State that ends it, counted from its first effect on; `durationUs` ends it, too, if that comes first. */
  readonly endsOn?: Extract<Trigger, { readonly kind: 'on' }>;
  /** Numbers with their unit in the name, or strings of a closed set, as the kind defines. */
  readonly params: Readonly<Record<string, number | string>>;
}

export interface LinkPlan {
  readonly latencyUsMin: number;
  readonly latencyUsMean: number;
  readonly lossPer65536: number;
  readonly duplicatePer65536: number;
  readonly reorderPer65536: number;
  readonly reorderUsMax: number;
  readonly corruptPer65536: number;
  readonly bytesPerMs: number;
  readonly queueMax: number;
}

export interface DiskPlan {
  readonly sectorBytes: number;
  readonly capacityBytes: number;
  readonly writeLatencyUsMin: number;
  readonly writeLatencyUsMean: number;
  readonly readLatencyUsMin: number;
  readonly readLatencyUsMean: number;
  readonly fsyncLatencyUsMin: number;
  readonly fsyncLatencyUsMean: number;
  readonly bytesPerMs: number;
  readonly queueDepth: number;
}

export interface ClockPlan {
  /** Per host: offset of the wall clock at the start and drift of both clocks. */
  readonly wallOffsetUs: readonly number[];
  readonly driftPpm: readonly number[];
}

/** Standbys of a cluster: hosts right after the replicas that follow the log in another region and never vote. */
export interface StandbyPlan {
  /** Standbys that follow from the start: ids 100, 101, ... */
  readonly count: number;
  /** Further hosts, empty, that `cluster reconfig add-standby` may take; their ids follow. */
  readonly spare: number;
  /** Links between the standbys' region and the replicas and clients. */
  readonly latencyUsMin: Us;
  readonly latencyUsMean: Us;
  /** How long clients keep an answer of the name server; after it they ask again. */
  readonly dnsTtlUs: Us;
}

export interface ClusterPlan {
  /** Host names of the runbook (`replica-0.kimberlite.prod`, ids from 0) or of the troubleshooting guide (`node1`, ids from 1). */
  readonly naming: 'replica' | 'node';
  readonly replicaCount: number;
  /** Given: the last so many replica hosts are no members at first, and blank: hardware that waits. */
  readonly spares?: number;
  readonly clientCount: number;
  /** Slots of the journal ring; checkpoints every `checkpointOps`. */
  readonly journalSlots: number;
  readonly slotBytes: number;
  readonly checkpointOps: number;
  readonly pipelineMax: number;
  /** Sessions in the client table; one more client evicts the oldest (R13). */
  readonly sessionsMax: number;
  readonly heartbeatUs: Us;
  readonly electionTimeoutUs: Us;
  /** Given where a user's configuration is tried: width of the interval on which clocks must agree (default 500 ms). */
  readonly clockToleranceUs?: Us;
  readonly prepareRetryUs: Us;
  /** How the supervisor treats a dead process: `no` leaves it down (the operator restarts it). */
  readonly restart: 'no' | 'on-failure' | 'always';
  readonly restartDelayUs: Us;
  /** Given in clusters with standbys, never in drawn plans. */
  readonly standbys?: StandbyPlan;
}

/** What each replica's host has, where load is the subject: cores shared by threads, and memory. */
export interface HostsPlan {
  readonly cores: number;
  readonly memoryBytes: number;
  /** CPU time of one event of the server (message, timer, disk completion), and of projecting one op. */
  readonly eventUs: Us;
  readonly applyUs: Us;
  /** A thread that has had a core for this long gives way to others. */
  readonly quantumUs: Us;
  /** CPU time that the event loop may save up at its fair share; none without it. */
  readonly creditUs?: Us;
}

/** How the primary groups requests into batches, and the load of clients that are not simulated one by one. */
export interface BatchingPlan {
  /** Operations that this load offers per second, and how many of them are without an answer at most. */
  readonly offeredPerS: number;
  readonly outstandingMax: number;
  /** Bytes of each of its operations. */
  readonly bodyBytes: number;
  /** max-batch-size before anybody sets it. */
  readonly opsMax: number;
  /** A batch that is not full is closed when its oldest operation has waited for that long. */
  readonly lingerUs: Us;
  /** CPU time of the serialising thread for one operation, in ns. */
  readonly cpuNsPerOp: number;
}

/** How servers compact their logs by themselves, in scenarios whose subject it is. */
export interface CompactionPlan {
  /** Share of the disk, and bytes of the log, at which a round begins; 0: never. */
  readonly atPercent: number;
  readonly atLogBytes: number;
  /** Interval of regular rounds; 0: none. */
  readonly everyUs: Us;
  /** How often the server looks. */
  readonly pollUs: Us;
  /** Off-peak hours of the wall clock: from, up to but not including. */
  readonly offPeak: { readonly fromHour: number; readonly toHour: number };
  /** Reads per second that looking after one old segment costs, in thousandths; 0: none. */
  readonly upkeepPerMille: number;
}

/** How servers are installed and started, and who joins: given in rehearsals of upgrades and of joining. */
export interface DeploymentPlan {
  readonly platform: 'systemd' | 'docker' | 'kubernetes';
  /** Release on each replica's host at the start, such as `v0.3.0`. */
  readonly releases: readonly string[];
  /** What a pod's data lies on: a volume claim, or the pod itself. */
  readonly volume: 'claim' | 'ephemeral';
  /** Host of the node that is called new-node; -1: none. With one, connections carry identities. */
  readonly joining: number;
  /** Given: the release that every replica must run for the run to count as recovered. */
  readonly goal?: string;
}

export interface WorkloadPlan {
  /** Closed loop: a client issues its next operation `thinkUs` after the answer; open loop: every `intervalUs`. */
  readonly kind: 'closed' | 'open';
  readonly thinkUsMin: Us;
  readonly thinkUsMax: Us;
  readonly bodyBytesMin: number;
  readonly bodyBytesMax: number;
  /** Reads through the log, of 65536. */
  readonly readPer65536: number;
  readonly streamCount: number;
  /** After this a client resends the same request to the next replica. */
  readonly retryUs: Us;
  /** 0: clients stop only when the run's fault phase ends. */
  readonly operationsMax: number;
}

/** One step of the operator: a shell script run on a host, with what it must show. */
export interface OperatorStep {
  readonly id: string;
  /** Host name or alias whose shell runs the script. */
  readonly on: string;
  readonly script: string;
  /** `prepare` steps set the scene before anything breaks; the mark `prepared` follows them. */
  readonly phase: 'prepare' | 'diagnose' | 'resolve';
  readonly expectCode: number;
  /** JavaScript regular expressions that stdout+stderr must match, and must not match. */
  readonly expectMatch: readonly string[];
  readonly expectNoMatch: readonly string[];
  /** A script that takes longer than this has failed. */
  readonly timeoutUs: Us;
}

export interface OperatorPlan {
  /** The operator starts at the first firing of one of these alerts (empty: at `startUs`). */
  readonly onAlerts: readonly string[];
  /** Fault labels that the operator waits for in any case, and the reaction time after both. */
  readonly startUs: Us;
  readonly reactionUs: Us;
  readonly steps: readonly OperatorStep[];
}

export interface AlertPlan {
  /** Rule ids that are loaded. */
  readonly rules: readonly string[];
  /** Rule ids that must fire, each within `withinUs` of the first fault. */
  readonly mustFire: readonly { readonly id: string; readonly withinUs: Us }[];
  /** Rule ids that may fire. Any other firing alert fails INV-NO-FALSE-ALERT. */
  readonly mayFire: readonly string[];
}

/**
 * A deadline of the incident process (INV-GATES-MET): what people must have done, and by when. Escalations that are due
 * only while the incident is unresolved have `whileOpen`; with `repeats` no gap between two acts may be longer.
 */
export interface GatePlan {
  readonly id: string;
  readonly act: 'ack-alert' | 'escalate' | 'approve' | 'open-ticket' | 'post-update' | 'set-status-page';
  /** Whom or what the act concerns, as its command says it; empty: any. */
  readonly about: string;
  readonly withinUs: Us;
  /** The step at whose end the clock starts; empty: the first alert that must fire. */
  readonly afterStep: string;
  readonly repeats: boolean;
  readonly whileOpen: boolean;
}

/** What a literal variant declares (R18). */
export interface ExpectedFailure {
  readonly property: string;
  readonly seeds: 'every' | 'some';
  readonly pinned: number;
  readonly reason: string;
}

/**
 * An unfair scheduler for the fault phase (PCT): hosts have ranks, 0 served first, and messages from or to a host come
 * later the lower it ranks. `changes` say after how many events of its own a host falls behind all others.
 */
export interface SchedulingPlan {
  readonly kind: 'pct';
  /** Per host, replicas first; the hosts that are not listed have rank 0. */
  readonly ranks: readonly number[];
  readonly changes: readonly { readonly host: number; readonly afterEvents: number }[];
  /** Extra delay of a message of the last host; below every timeout of the plan. */
  readonly delayUsMax: Us;
}

/** What faults may take: see docs/fault-model.md. */
export type BudgetMode = 'safety' | 'unrestricted' | 'declared-loss';

/** A complete, resolved description of exactly what will run. Versioned JSON; prints and parses losslessly. */
export interface RunPlan {
  readonly version: typeof PLAN_VERSION;
  readonly system: string;
  /** Scenario id, or `swarm`. */
  readonly scenario: string;
  readonly variant: Variant | 'swarm';
  readonly seed: number;
  readonly startWallMs: number;
  readonly profile: 'intended' | 'as_built';
  readonly cluster: ClusterPlan;
  readonly network: LinkPlan;
  readonly disk: DiskPlan;
  readonly clock: ClockPlan;
  readonly workload: WorkloadPlan;
  readonly faults: readonly FaultPlan[];
  readonly operator: OperatorPlan | null;
  readonly alerts: AlertPlan | null;
  /** Marks that must have been reached, else the run is inconclusive (vacuous). */
  readonly mustReach: readonly string[];
  /** Guards of the simulated product that are switched off (R18). */
  readonly guardsOff: readonly string[];
  /** A planted bug, by id; null in every honest run. */
  readonly mutant: string | null;
  readonly expectedFailure: ExpectedFailure | null;
  /** Recovery budget from the first alert, for INV-RECOVERS in scenarios; 0: none. */
  readonly mttrUs: Us;
  /** Properties that are judged in addition to the always-on ones. */
  readonly properties: readonly string[];
  /** Length of the phase under faults; the liveness phase and the epilogue follow (R12). */
  readonly faultPhaseUs: Us;
  readonly limits: {
    readonly eventsMax: number;
    readonly virtualUsMax: Us;
    /** Modelled bytes (R28, `src/sim/memory.ts`); a run that passes them ends as `crashed`. Without it: 1 GiB. */
    readonly memoryBytesMax?: number;
  };
  /** Whether legal rarities (R9) are drawn. */
  readonly rarities: boolean;
  /** Given where load is the subject; without it CPU and memory of the hosts are without limit. */
  readonly hosts?: HostsPlan;
  /** Given in scenarios whose subject is throughput, never in drawn plans: batches and background load. */
  readonly batching?: BatchingPlan;
  /** Given in scenarios about the size of the log, never in drawn plans. */
  readonly compaction?: CompactionPlan;
  /** Given where releases, their platform, or joining are the subject. */
  readonly deployment?: DeploymentPlan;
  /** Given in scenarios with an incident process: its deadlines. */
  readonly gates?: readonly GatePlan[];
  /** Given: rates decide nothing any more; what is listed deviates, all else takes its default (R26). */
  readonly decisions?: readonly PlanDecision[];
  /** Given in drawn plans only: which hosts are served late while faults strike. */
  readonly scheduling?: SchedulingPlan;
  /**
   * `unrestricted` lets class C faults strike outside the budget (R1): the run is then out of model. `declared-loss` lets every
   * disk be lost, for rehearsals of a loss that somebody approves (R16). Else `safety`.
   */
  readonly budget?: BudgetMode;
}
