import { OPERATION, type Prepare } from '../storage/prepare.ts';
import { RELEASE_OF_UPGRADES } from '../vsr/releases.ts';
import type { Rules } from '../vsr/rules.ts';
import type { StateMachine } from '../vsr/state-machine.ts';
import { applyToken, TOKEN_KEYS } from './support-tokens.ts';

/** Operations of Kimberlite's state machine; `bulk` stands for a number of events of the background load. */
export const KIMBERLITE_OPERATION = {
  append: 16,
  read: 17,
  bulk: 18,
  /** An append in the form of v0.4.0: the event's word stands before the stream's key. */
  append2: 19,
} as const;

/** Key in the settings under which the release lies that the log has raised the cluster to. */
const RELEASE_KEY = 4_096;

/** Number of events that a bulk entry stands for, and bytes of each. */
export function bulkOf(body: Uint8Array): { readonly count: number; readonly bodyBytes: number } {
  return { count: word(body, 0), bodyBytes: word(body, 4) };
}

/** Settings that `cluster config set` changes through the log (catalogue, config.cluster_settings). */
export const SETTING = {
  'election-timeout-ms': 1,
  'heartbeat-interval-ms': 2,
  'max-batch-size': 3,
  'batching-enabled': 4,
} as const;

/** Key under which the log keeps the hosts that were added as standbys, one bit each; no operator sets it by name. */
export const SETTING_STANDBYS = 64;

export type SettingName = keyof typeof SETTING;

/** Oldest release that can read entries of an operation; 0: all can. */
export function releaseOfOperation(operation: number): number {
  return operation === OPERATION.release || operation === KIMBERLITE_OPERATION.append2 ? RELEASE_OF_UPGRADES : 0;
}

/** One append-only stream of a tenant: how many events it has and the hash chain over them. */
export interface StreamState {
  length: number;
  chain0: number;
  chain1: number;
}

/** A stream's key: tenant in the upper, stream in the lower 16 bits. */
export function streamKey(tenant: number, streamNumber: number): number {
  return tenant * 65_536 + streamNumber;
}

/** The next value of a stream's chain after an event `value` (a word that identifies the event). */
export function chainStep(chain0: number, chain1: number, value: number): readonly [number, number] {
  const a = Math.imul(chain0 ^ value, 0x85ebca6b) ^ (chain1 >>> 13);
  const b = (Math.imul(chain1 ^ (value << 7), 0xc2b2ae35) + a) | 0;
  return [a | 0, b];
}

/**
 * Tenants' streams of events, and the cluster's settings: a function of the log alone. Replies to appends and reads are
 * (length, chain) of the stream, so that a whole state is compared in O(1) (R14).
 */
export class KimberliteMachine implements StateMachine {
  hash0: number;
  hash1: number;
  readonly streams: Map<number, StreamState>;
  readonly settings: Map<number, number>;
  applied: number;
  standbyMask: number;
  /** A defect of this build, told of each entry before it is executed; it may throw an assertion (`poison-op.ts`). */
  defect: ((prepare: Prepare) => void) | null;

  /** Told of each op that was applied, with the stream and the event where it is an append (-1 otherwise). */
  onApplied: (op: number, key: number, value: number) => void;
  /** Told when the state was replaced. */
  onReplaced: () => void;

  /** Release of the binary that this machine is part of; 0 where releases are not modelled. */
  private readonly release: number;
  private readonly rules: Pick<Rules, 'formTaken'> | null;

  constructor(release = 0, rules: Pick<Rules, 'formTaken'> | null = null) {
    this.release = release;
    this.rules = rules;
    this.defect = null;
    this.onApplied = () => {};
    this.onReplaced = () => {};
    this.hash0 = 0;
    this.hash1 = 0;
    this.streams = new Map();
    this.settings = new Map();
    this.applied = 0;
    this.standbyMask = 0;
  }

  get electionTimeoutUs(): number {
    return (this.settings.get(SETTING['election-timeout-ms']) ?? 0) * 1_000;
  }

  get heartbeatUs(): number {
    return (this.settings.get(SETTING['heartbeat-interval-ms']) ?? 0) * 1_000;
  }

  get activeRelease(): number {
    return this.settings.get(RELEASE_KEY) ?? 0;
  }

  releaseOf(operation: number): number {
    return releaseOfOperation(operation);
  }

  formOf(operation: number, body: Uint8Array): { readonly operation: number; readonly body: Uint8Array } {
    if (operation !== KIMBERLITE_OPERATION.append || this.activeRelease < RELEASE_OF_UPGRADES)
      return { operation, body };
    const second = body.slice();
    second.set(body.subarray(4, 8), 0);
    second.set(body.subarray(0, 4), 4);
    return { operation: KIMBERLITE_OPERATION.append2, body: second };
  }

  reset(): void {
    this.hash0 = 0;
    this.hash1 = 0;
    this.streams.clear();
    this.settings.clear();
    this.applied = 0;
    this.standbyMask = 0;
    this.onReplaced();
  }

  apply(prepare: Prepare): Uint8Array {
    if (this.defect !== null) this.defect(prepare);
    this.applied = prepare.op;
    this.hash0 = Math.imul(this.hash0 ^ prepare.sum.a, 0x9e3779b1) ^ (this.hash1 >>> 9);
    this.hash1 = (Math.imul(this.hash1 ^ prepare.sum.c ^ prepare.operation, 0x85ebca77) + this.hash0) | 0;
    const second = this.takesAsSecond(prepare.operation);
    if (prepare.operation === KIMBERLITE_OPERATION.append || prepare.operation === KIMBERLITE_OPERATION.append2) {
      this.onApplied(prepare.op, word(prepare.body, second ? 4 : 0), word(prepare.body, second ? 0 : 4));
    } else this.onApplied(prepare.op, -1, 0);
    switch (prepare.operation) {
      case KIMBERLITE_OPERATION.append:
      case KIMBERLITE_OPERATION.append2: {
        const stream = this.stream(word(prepare.body, second ? 4 : 0));
        const next = chainStep(stream.chain0, stream.chain1, word(prepare.body, second ? 0 : 4));
        stream.length++;
        stream.chain0 = next[0];
        stream.chain1 = next[1];
        this.hash1 = (this.hash1 ^ next[0] ^ payloadDigest(prepare.body)) | 0;
        return outcome(stream.length, stream.chain0, stream.chain1);
      }
      case KIMBERLITE_OPERATION.read:
        return this.head(prepare.body);
      case OPERATION.config: {
        const key = word(prepare.body, 0);
        if (key >= TOKEN_KEYS) {
          const [accepted, expiresS] = applyToken(this.settings, key, word(prepare.body, 4), prepare.timestampUs);
          return outcome(accepted, expiresS, prepare.op);
        }
        const before = this.settings.get(key) ?? 0;
        this.settings.set(key, word(prepare.body, 4));
        if (key === SETTING_STANDBYS) this.standbyMask = word(prepare.body, 4);
        return outcome(before, word(prepare.body, 4), prepare.op);
      }
      case OPERATION.release:
        this.settings.set(RELEASE_KEY, Math.max(this.activeRelease, word(prepare.body, 0)));
        return outcome(0, 0, 0);
      default:
        return outcome(0, 0, 0);
    }
  }

  query(operation: number, body: Uint8Array): Uint8Array | null {
    return operation === KIMBERLITE_OPERATION.read ? this.head(body) : null;
  }

  snapshot(): Uint8Array {
    const streams = [...this.streams].sort((left, right) => left[0] - right[0]);
    const settings = [...this.settings].sort((left, right) => left[0] - right[0]);
    const bytes = new Uint8Array(20 + streams.length * 16 + settings.length * 8);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, this.hash0, true);
    view.setInt32(4, this.hash1, true);
    view.setUint32(8, this.applied, true);
    view.setUint32(12, streams.length, true);
    view.setUint32(16, settings.length, true);
    let at = 20;
    for (const [key, stream] of streams) {
      view.setUint32(at, key, true);
      view.setUint32(at + 4, stream.length, true);
      view.setInt32(at + 8, stream.chain0, true);
      view.setInt32(at + 12, stream.chain1, true);
      at += 16;
    }
    for (const [key, value] of settings) {
      view.setUint32(at, key, true);
      view.setUint32(at + 4, value, true);
      at += 8;
    }
    return bytes;
  }

  restore(bytes: Uint8Array): void {
    this.reset();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.hash0 = view.getInt32(0, true);
    this.hash1 = view.getInt32(4, true);
    this.applied = view.getUint32(8, true);
    const streams = view.getUint32(12, true);
    const settings = view.getUint32(16, true);
    let at = 20;
    for (let index = 0; index < streams; index++) {
      const stream = {
        length: view.getUint32(at + 4, true),
        chain0: view.getInt32(at + 8, true),
        chain1: view.getInt32(at + 12, true),
      };
      this.streams.set(view.getUint32(at, true), stream);
      at += 16;
    }
    for (let index = 0; index < settings; index++) {
      this.settings.set(view.getUint32(at, true), view.getUint32(at + 4, true));
      at += 8;
    }
    this.standbyMask = this.settings.get(SETTING_STANDBYS) ?? 0;
    this.onReplaced();
  }

  /** A binary takes an append in the form that its operation says, if it knows it: anything else is a planted bug. */
  private takesAsSecond(operation: number): boolean {
    if (this.release === 0 || this.rules === null) return false;
    return this.rules.formTaken(releaseOfOperation(operation), this.release) >= RELEASE_OF_UPGRADES;
  }

  private head(body: Uint8Array): Uint8Array {
    const stream = this.streams.get(word(body, 0));
    return stream === undefined ? outcome(0, 0, 0) : outcome(stream.length, stream.chain0, stream.chain1);
  }

  private stream(key: number): StreamState {
    let stream = this.streams.get(key);
    if (stream === undefined) {
      stream = { length: 0, chain0: 0, chain1: 0 };
      this.streams.set(key, stream);
    }
    return stream;
  }
}

/** Stands for an event's payload, which is part of the state although no reply shows it. */
function payloadDigest(body: Uint8Array): number {
  let digest = body.length;
  for (let at = 8; at + 4 <= body.length; at += 4) {
    const four = (body[at] as number) | ((body[at + 1] as number) << 8) | ((body[at + 2] as number) << 16);
    digest = Math.imul(digest ^ four ^ ((body[at + 3] as number) << 24), 0x9e3779b1);
  }
  return digest;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

function outcome(length: number, chain0: number, chain1: number): Uint8Array {
  const bytes = new Uint8Array(12);
  put(bytes, 0, length);
  put(bytes, 4, chain0);
  put(bytes, 8, chain1);
  return bytes;
}

/** Little-endian by hand: a DataView costs more than the twelve bytes. */
function put(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** Reads (length, chain) out of a reply's body. */
export function parseOutcome(body: Uint8Array): { length: number; chain0: number; chain1: number } {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return { length: view.getUint32(0, true), chain0: view.getInt32(4, true), chain1: view.getInt32(8, true) };
}
