import type { Prepare } from '../cluster/storage/prepare.ts';
import { SimulatorBug } from '../sim/api.ts';
import type { CommittedOps } from './committed-ops.ts';
import type { ChainStep } from './models/append-log.ts';
import type { Property, Report } from './property.ts';
import { EFFECT } from './session-model.ts';
import { StreamHistory, type StreamOperation } from './stream-history.ts';

/** The system's operations on streams. `chainStep` is its hash chain over the values of appended events. */
export interface StreamRules {
  readonly operationAppend: number;
  /** Another form in which the log holds appends. */
  readonly operationAppend2?: number;
  readonly operationRead: number;
  readonly chainStep: ChainStep<number>;
}

export interface SearchOptions {
  /** Steps of the search at the end, per stream that the witness could not explain. */
  readonly stepsMax: number;
  /** Search every stream, also where the witness accepts (R14: 1 of 50 runs, and every mutant). */
  readonly always: boolean;
}

/** Calls in flight or given up that are remembered, to be found when the log has them. */
const PENDING_MAX = 4096;

/**
 * INV-LINEARIZABLE (R14), by the commit order as witness: an operation that the log has between its call and its
 * answer, with the answer that the order of op numbers gives, is explained; then real time is respected too, because
 * op numbers only rise. The witness accepts and never rejects: where it fails, the search over the recorded history of
 * that stream decides at the end.
 */
export class Linearizable implements Property {
  readonly id = 'INV-LINEARIZABLE';
  private readonly committed: CommittedOps;
  private readonly rules: StreamRules;
  private readonly options: SearchOptions;
  private readonly report: Report;
  private readonly streams: Map<number, StreamHistory>;
  /**
   * By client: its operation that the log does not have yet, or that is not answered yet. Null once it is answered: to
   * delete and insert with every operation makes a Map rebuild its table again and again.
   */
  private readonly pending: Map<number, StreamOperation | null>;
  /** Operations whose answer was lost with their op: the log that goes on may still have them. */
  private lost: StreamOperation[];
  private sequence: number;
  private placedUpTo: number;
  /** Streams whose search ended without an answer: the run has not proved them. */
  readonly undecided: number[];

  constructor(committed: CommittedOps, rules: StreamRules, options: SearchOptions, report: Report) {
    this.committed = committed;
    this.rules = rules;
    this.options = options;
    this.report = report;
    this.streams = new Map();
    this.pending = new Map();
    this.lost = [];
    this.sequence = 0;
    this.placedUpTo = 0;
    this.undecided = [];
  }

  /** Keys of the streams that the witness could not explain, in order of their first operation. */
  needsSearch(): number[] {
    const keys: number[] = [];
    for (const stream of this.streams.values()) if (!stream.sound) keys.push(stream.key);
    return keys;
  }

  /** Operations kept at this moment, over all streams. */
  get kept(): number {
    let kept = 0;
    for (const stream of this.streams.values()) kept += stream.size;
    return kept;
  }

  onInvoke(client: number, _session: number, request: number, operation: number, key: number, value: number): void {
    this.sequence++;
    const append = operation === this.rules.operationAppend;
    if (!append && operation !== this.rules.operationRead) return;
    let stream = this.streams.get(key);
    if (stream === undefined) {
      stream = new StreamHistory(key, this.rules.chainStep);
      this.streams.set(key, stream);
    }
    // A client has one operation in flight: a former one that is still here was given up without a word.
    this.giveUp(client);
    this.pending.set(client, stream.call(client, request, append, value, this.sequence));
    if (this.pending.size > PENDING_MAX) this.forgetOldest();
  }

  onApply(replica: number, _incarnation: number, prepare: Prepare): void {
    const { op, operation } = prepare;
    if (op <= this.placedUpTo || this.committed.isLost(replica, op)) return;
    this.placedUpTo = op;
    const { operationAppend, operationAppend2, operationRead } = this.rules;
    if (operation !== operationAppend && operation !== operationRead && operation !== operationAppend2) return;
    if (this.committed.effect[this.committed.slot(op)] !== EFFECT.executed) return;
    const pending = this.pending.get(prepare.client) ?? null;
    if (pending === null || pending.request !== prepare.request || pending.op !== 0) {
      this.placeLost(prepare);
      return;
    }
    pending.stream.place(pending, op);
  }

  onReturn(client: number, _session: number, request: number, length: number, chain0: number, chain1: number): void {
    this.sequence++;
    const pending = this.pending.get(client) ?? null;
    if (pending === null || pending.request !== request) return;
    this.pending.set(client, null);
    pending.stream.answer(pending, this.sequence, length, chain0, chain1);
  }

  /** What the streams had above `op` is as if it had never been answered. */
  onDeclaredLoss(op: number): void {
    this.placedUpTo = Math.min(this.placedUpTo, op);
    for (const stream of this.streams.values()) stream.lose(op, this.lost);
  }

  onEvicted(client: number): void {
    this.giveUp(client);
  }

  onUnknown(client: number): void {
    this.giveUp(client);
  }

  /** Judges what the witness left open; throws SimulatorBug when search and witness contradict each other (R14). */
  onEnd(): void {
    for (const stream of this.streams.values()) {
      if (stream.sound && !this.options.always) continue;
      if (stream.truncated) {
        if (!stream.sound) this.undecided.push(stream.key);
        continue;
      }
      const result = stream.search(this.options.stepsMax);
      if (result.verdict === 'unknown') {
        if (!stream.sound) this.undecided.push(stream.key);
      } else if (result.verdict === 'illegal') {
        if (stream.sound) throw new SimulatorBug(`stream ${stream.key}: the witness accepts what the search rejects`);
        this.report(this.id, 'no-order-explains', {
          key: stream.key,
          operations: stream.size,
          blocked: result.blocked,
          witness: stream.unsoundWhy,
        });
      }
    }
  }

  /** An entry that no client waits for: one whose answer was lost, or a stranger. */
  private placeLost(prepare: Prepare): void {
    const { client, request, op } = prepare;
    const index = this.lost.findIndex((each) => each.client === client && each.request === request);
    if (index < 0) {
      this.stranger();
      return;
    }
    const [operation] = this.lost.splice(index, 1);
    operation?.stream.place(operation, op);
  }

  /** An effect that no recorded call explains may belong to any stream: the witness knows no state from here on. */
  private stranger(): void {
    for (const stream of this.streams.values()) stream.doubt('unknown-effect');
  }

  /** The outcome stays unknown: it may take effect later, so it stays pending, but nobody waits for it. */
  private giveUp(client: number): void {
    const pending = this.pending.get(client) ?? null;
    if (pending !== null && !pending.givenUp) {
      pending.givenUp = true;
      pending.stream.open--;
    }
  }

  /** Forgets a client that waits for nothing, or else the one that is known longest. */
  private forgetOldest(): void {
    let oldest = -1;
    for (const [client, pending] of this.pending) {
      if (oldest < 0 || pending === null) oldest = client;
      if (pending === null) break;
    }
    this.giveUp(oldest);
    this.pending.delete(oldest);
  }
}
