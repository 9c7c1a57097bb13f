import type { GroundTruth, Property } from '../checkers/property.ts';
import { type Prepare, sumText } from '../cluster/storage/prepare.ts';
import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import type { LogEntry, ReplicaLogs } from '../report/model.ts';
import type { TraceState } from '../report/trace-model.ts';

/** Ops on each side of the one that a report's logs are about. */
const ROWS_AROUND = 30;

/** An applied entry and what tells it from another one. */
interface Applied extends LogEntry {
  readonly sum: string;
  /** When this replica first applied the op; `atUs` is of the last time, after its restarts. */
  readonly firstUs: number;
  readonly before?: Applied;
}

/** Writes down how the replicas stood, and what they applied, beside the properties of a run. It judges nothing. */
export class StateWatch implements Property {
  readonly id = 'state-watch';
  readonly states: TraceState[];
  private readonly truth: Pick<GroundTruth, 'nowUs'>;
  /** By host, then by op; what a restarted replica applies again stands before what it had applied. */
  private readonly applied: Map<number, Map<number, Applied>>;
  private readonly last: Map<number, TraceState>;

  constructor(truth: Pick<GroundTruth, 'nowUs'>) {
    this.truth = truth;
    this.states = [];
    this.applied = new Map();
    this.last = new Map();
  }

  onState({ replica, status, isPrimary, view, op, commit }: ReplicaObservation): void {
    this.note({ atUs: this.truth.nowUs(), host: replica, status, isPrimary, view, op, commit });
  }

  onStop(replica: number): void {
    const before = this.last.get(replica);
    const { view = 0, op = 0, commit = 0 } = before ?? {};
    this.note({ atUs: this.truth.nowUs(), host: replica, status: 'down', isPrimary: false, view, op, commit });
  }

  onApply(
    replica: number,
    _incarnation: number,
    { op, view, client, request, sum }: Prepare,
    hash0: number,
    hash1: number,
  ): void {
    const log = this.applied.get(replica) ?? new Map<number, Applied>();
    this.applied.set(replica, log);
    const hash = hex(hash0) + hex(hash1);
    const earlier = log.get(op);
    const atUs = this.truth.nowUs();
    const firstUs = earlier?.firstUs ?? atUs;
    const entry: Applied = { view, client, request, hash, atUs, sum: sumText(sum), firstUs };
    // Applied again after a restart: another entry than before is kept beside it, the first that differs.
    const before = earlier === undefined ? undefined : differ(earlier, entry) ? earlier : earlier.before;
    log.set(op, before === undefined ? entry : { ...entry, before });
  }

  /**
   * The logs side by side: around the first op on which two replicas differ, else around the one that the reported
   * finding names (`namedOp`, -1: none), else around the last one applied at `untilUs`. A run goes on after its failure,
   * so the end of the logs shows something else.
   */
  logs(hosts: readonly number[], namedOp: number, untilUs: number): ReplicaLogs {
    const logs = hosts.map((host) => this.applied.get(host) ?? new Map<number, Applied>());
    const ops = [...new Set(logs.flatMap((log) => [...log.keys()]))].sort((one, other) => one - other);
    const firstDisagreement = ops.find((op) => disagree(logs.map((log) => log.get(op)))) ?? -1;
    const findingOp = ops.includes(namedOp) ? namedOp : -1;
    const lastOp = ops.findLast((op) => logs.some((log) => (log.get(op)?.firstUs ?? Infinity) <= untilUs)) ?? -1;
    const centreOp = [firstDisagreement, findingOp].find((op) => op >= 0) ?? lastOp;
    const centre = ops.indexOf(centreOp) + 1;
    const shown = ops.slice(Math.max(0, centre - ROWS_AROUND), centre + ROWS_AROUND);
    const rows = shown.map((op) => ({ op, entries: logs.map((log) => entryOf(log.get(op))) }));
    return { hosts, rows, firstDisagreement, findingOp, lastOp, rowsLeftOut: ops.length - shown.length };
  }

  private note(state: TraceState): void {
    this.last.set(state.host, state);
    this.states.push(state);
  }
}

function disagree(entries: readonly (Applied | undefined)[]): boolean {
  const there = entries.filter((entry) => entry !== undefined);
  return there.some((entry) => entry.before !== undefined || differ(entry, there[0]!));
}

function differ(one: Applied, other: Applied): boolean {
  return one.sum !== other.sum || one.hash !== other.hash;
}

function entryOf(applied: Applied | undefined): LogEntry | null {
  if (applied === undefined) return null;
  const { view, client, request, hash, atUs, before } = applied;
  const entry = { view, client, request, hash, atUs };
  return before === undefined ? entry : { ...entry, before: entryOf(before)! };
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
