import { describe, expect, it } from 'vitest';
import { alwaysOn, type CheckOptions, type Checks } from '../../../src/checkers/always-on.ts';
import type { GroundTruth } from '../../../src/checkers/property.ts';
import { PropertySet } from '../../../src/checkers/set.ts';
import { OPERATION, type Prepare, ZERO_SUM } from '../../../src/cluster/storage/prepare.ts';
import { makePrepare } from '../../../src/cluster/storage/record.ts';
import { type Draft, draft, seal, type VsrKind, type VsrMessage } from '../../../src/cluster/vsr/message.ts';
import type { ReplicaObservation } from '../../../src/cluster/vsr/observe.ts';
import { Ledger } from '../../../src/sim/ledger.ts';

export const APPEND = 16;
export const READ = 17;
export const CLIENT = 1024 + 9;
export const OTHER_CLIENT = 2048 + 10;
const SLOTS = 64;
const SLOT_BYTES = 4096;

export interface Found {
  readonly property: string;
  readonly site: string;
  readonly args: Readonly<Record<string, number | string>>;
}

type Fields = Partial<Omit<Parameters<typeof makePrepare>[0], 'cluster'>>;

/** A toy chain, sensitive to order. */
export const chainStep = (chain0: number, chain1: number, value: number): readonly [number, number] => [
  Math.imul(chain0 ^ value, 0x01000193) | 0,
  (Math.imul(chain1, 31) + value) | 0,
];

/** State hash and reply digest that honest replicas of these tests show after `op`. */
const hashAfter = (op: number): number => Math.imul(op, 0x9e3779b1) | 0;
const digestOf = (prepare: Prepare): number => (prepare.operation === OPERATION.noop ? 0 : prepare.op * 7 + 1);

/** A stage on which tests play observations to all properties at once, with disks made of plain arrays. */
export class Stage {
  readonly findings: Found[] = [];
  readonly ledger = new Ledger();
  readonly disks: Map<number, Uint8Array>[];
  readonly checks: Checks;
  readonly set: PropertySet;
  nowUs = 0;
  stable = false;
  /** The committed log as this test tells it: `log[op]`. */
  readonly log: (Prepare | undefined)[] = [];
  readonly incarnations: number[];

  constructor(replicaCount = 3, options: Partial<CheckOptions> = {}) {
    this.disks = Array.from({ length: replicaCount }, () => new Map());
    this.incarnations = new Array(replicaCount).fill(1);
    const truth: GroundTruth = {
      nowUs: () => this.nowUs,
      replicaCount,
      ledger: this.ledger,
      journalSlots: SLOTS,
      slotBytes: SLOT_BYTES,
      peekDurable: (replica, file, offset, length) => {
        expect(file).toBe('log/prepares');
        const slot = this.disks[replica]!.get(offset / SLOT_BYTES);
        return slot === undefined ? new Uint8Array(length) : slot.slice(0, length);
      },
      durableVersion: () => 0,
      isUp: () => true,
    };
    const report = (property: string, site: string, args: Found['args']): void => {
      this.findings.push({ property, site, args });
    };
    this.checks = alwaysOn(truth, report, {
      sessionsMax: 4,
      sectorBytes: 4096,
      streams: { operationAppend: APPEND, operationRead: READ, chainStep },
      search: { stepsMax: 100_000, always: false },
      assertionInjected: () => false,
      isStable: () => this.stable,
      pendingUsMax: 1_000,
      replyDigestOf: null,
      excuse: () => false,
      ...options,
    });
    this.set = new PropertySet(this.checks.properties);
    for (let replica = 0; replica < replicaCount; replica++) this.set.onStart(replica, 1);
  }

  /** The entry that continues the told log at `op` (not entered into it). */
  entry(op: number, fields: Fields = {}): Prepare {
    return makePrepare({
      cluster: 1,
      epoch: 0,
      view: 0,
      op,
      parent: this.log[op - 1]?.sum ?? ZERO_SUM,
      operation: OPERATION.noop,
      client: 0,
      request: 0,
      timestampUs: op * 10,
      body: new Uint8Array(8),
      ...fields,
    });
  }

  message(kind: VsrKind, from: number, fields: Partial<Draft> = {}): VsrMessage {
    const message = draft(kind, 0, 0);
    message.incarnation = this.incarnations[from] ?? 0;
    Object.assign(message, fields);
    return seal(message, 0, 0);
  }

  send(kind: VsrKind, from: number, fields: Partial<Draft> = {}): this {
    this.set.onSend(from, from === 0 ? 1 : 0, this.message(kind, from, fields));
    return this;
  }

  write(prepare: Prepare, ...replicas: number[]): this {
    for (const replica of replicas) {
      const slot = new Uint8Array(SLOT_BYTES);
      slot.set(prepare.record);
      this.disks[replica]!.set(prepare.op % SLOTS, slot);
    }
    return this;
  }

  /** Applies on each replica; `hash` and `digest` as an honest replica would show them unless given. */
  apply(prepare: Prepare, replicas: readonly number[], how: { hash?: number; digest?: number } = {}): this {
    for (const replica of replicas) {
      const hash = how.hash ?? hashAfter(prepare.op);
      const digest = how.digest ?? digestOf(prepare);
      this.set.onApply(replica, this.incarnations[replica]!, prepare, hash, ~hash, digest);
    }
    return this;
  }

  install(replica: number, op: number, hash = hashAfter(op), cause: 'start' | 'transfer' = 'start'): this {
    this.set.onInstall(replica, this.incarnations[replica]!, op, hash, ~hash, cause);
    return this;
  }

  state(replica: number, fields: Partial<ReplicaObservation> = {}): this {
    const commit = fields.commit ?? 0;
    const hash = commit === 0 ? 0 : hashAfter(commit);
    this.set.onState({
      replica,
      incarnation: this.incarnations[replica]!,
      status: 'normal',
      epoch: 0,
      view: 0,
      logView: fields.view ?? 0,
      op: commit,
      commitMax: commit,
      commit,
      checkpointOp: 0,
      stateHash0: hash,
      stateHash1: commit === 0 ? 0 : ~hash,
      isPrimary: false,
      isolated: false,
      mustRecover: false,
      settled: true,
      ...fields,
    });
    return this;
  }

  restart(replica: number, cause = 'crash'): this {
    this.set.onStop(replica, this.incarnations[replica]!, cause);
    this.incarnations[replica]!++;
    this.set.onStart(replica, this.incarnations[replica]!);
    return this;
  }

  /** Replication as it should be: prepares, sync on `holders`, prepare_oks, apply everywhere. The reply is separate. */
  replicate(
    prepare: Prepare,
    how: { primary?: number; view?: number; holders?: number[]; appliers?: number[] } = {},
  ): this {
    const primary = how.primary ?? 0;
    const view = how.view ?? prepare.view;
    const holders = how.holders ?? this.disks.map((_, replica) => replica);
    this.log[prepare.op] = prepare;
    this.send('prepare', primary, { view, logView: view, op: prepare.op, prepare, sum: prepare.sum });
    this.write(prepare, ...holders);
    for (const holder of holders) {
      if (holder !== primary) this.send('prepareOk', holder, { view, logView: view, op: prepare.op, sum: prepare.sum });
    }
    return this.apply(prepare, how.appliers ?? holders);
  }

  reply(prepare: Prepare, from = 0, fields: Partial<Draft> = {}): this {
    const body = Uint8Array.of(prepare.op, 1, 2, 3);
    const { op, client, request, view } = prepare;
    return this.send('reply', from, { op, client, request, view, body, ...fields });
  }

  /** The next op of the told log, replicated and answered. */
  commit(fields: Fields = {}): Prepare {
    const prepare = this.entry(this.log.length === 0 ? 1 : this.log.length, fields);
    this.replicate(prepare, { view: prepare.view, primary: prepare.view % this.disks.length });
    if (prepare.client !== 0) this.reply(prepare, prepare.view % this.disks.length);
    return prepare;
  }

  register(client = CLIENT): Prepare {
    return this.commit({ operation: OPERATION.register, client, request: 0 });
  }

  /** StartView of `view` with the told log up to `head`, or the given entries. */
  startView(from: number, view: number, head: number, entries: readonly (Prepare | null)[] = this.entries(head)): this {
    const last = entries[entries.length - 1] ?? null;
    return this.send('startView', from, {
      view,
      logView: view,
      op: head,
      sum: last?.sum ?? ZERO_SUM,
      suffix: { first: 1, headers: entries, present: new Uint8Array(0), nack: new Uint8Array(0) },
    });
  }

  entries(head: number): Prepare[] {
    return this.log.slice(1, head + 1) as Prepare[];
  }

  sites(): string[] {
    return this.findings.map((found) => `${found.property} ${found.site}`);
  }
}

/** One observation sequence and what it must lead to: nothing at all, or (among others) a finding at the site. */
export interface Case {
  readonly name: string;
  readonly play: (stage: Stage) => void;
  readonly site?: string;
  readonly replicas?: number;
  readonly options?: Partial<CheckOptions>;
}

/** Plays a case. Good sequences must leave *every* property silent. */
export function judge(property: string, each: Case): void {
  const stage = new Stage(each.replicas ?? 3, each.options);
  each.play(stage);
  stage.set.onEnd();
  if (each.site === undefined) expect(stage.findings).toEqual([]);
  else expect(stage.sites()).toContain(`${property} ${each.site}`);
}

/** A describe block with one test for each case. */
export function corpus(property: string, cases: readonly Case[]): void {
  describe(property, () => {
    for (const each of cases) it(`${each.site ?? 'good'}: ${each.name}`, () => judge(property, each));
  });
}
