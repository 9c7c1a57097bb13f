import type { Host, Message, Process } from '../../sim/api.ts';
import { DOMAIN, mix3, scale } from '../../sim/mix.ts';
import type { Us } from '../../sim/time.ts';
import { OPERATION } from '../storage/prepare.ts';
import { clientId } from './commit.ts';
import { primaryOf } from './config.ts';
import { draft, seal, type VsrMessage } from './message.ts';
import type { ClientObserver } from './observe.ts';

/** One operation that a client wants done: the system chooses it by (client, request), never by what happened. */
export interface ClientOperation {
  readonly operation: number;
  /** What the history calls the thing that is read or written (a stream). */
  readonly key: number;
  readonly value: number;
  readonly body: Uint8Array;
}

export interface ClientConfig {
  /** Seed of the run, for the keyed choice of operations (R20). */
  readonly seed: number;
  readonly replicaCount: number;
  readonly kind: 'closed' | 'open';
  readonly thinkUsMin: Us;
  readonly thinkUsMax: Us;
  readonly retryUs: Us;
  /** 0: no limit. */
  readonly operationsMax: number;
  /** Given where clients find the servers by name: what the name server says, and how long (at first) an answer is kept. */
  readonly names?: { resolve(): readonly number[]; readonly ttlUs: Us; readonly firstUs: Us };
  choose(client: number, request: number): ClientOperation;
  /** Reads (length, chain hash) out of a reply's body. */
  parse(body: Uint8Array): { readonly length: number; readonly chain0: number; readonly chain1: number };
  readonly observer: ClientObserver;
  /** Told of each answered request with the time that it took, for latency metrics. */
  onLatency(latencyUs: Us): void;
}

const THINK = 0;
const RETRY = 1;

/**
 * A client: registers a session, then issues one request at a time, and sends the same request again, to another
 * replica each time, until it is answered. What was never answered stays unknown for ever (R13).
 */
export class VsrClient implements Process {
  /** Whether the engine lets the client issue new operations. */
  active: boolean;
  /** Highest view seen in a reply: its primary is asked first. */
  view: number;
  session: number;
  request: number;
  client: number;
  acknowledged: number;
  inFlight: VsrMessage | null;
  /** Operations that go before anything the workload chooses, also while the client is not active. */
  readonly planned: ClientOperation[];
  /** Outcome of the last answered request. */
  last: { readonly length: number; readonly chain0: number; readonly chain1: number } | null;
  private current: ClientOperation | null;
  private readonly host: Host;
  private readonly config: ClientConfig;
  private attempt: number;
  private life: number;
  private sentUs: Us;
  /** The last answer of the name server, and until when it holds. */
  private servers: readonly number[] | null;
  private serversUntilUs: Us;

  constructor(host: Host, config: ClientConfig) {
    this.host = host;
    this.config = config;
    this.active = true;
    this.view = 0;
    this.session = 0;
    this.request = 0;
    this.life = host.incarnation;
    this.client = clientId(host.id, this.life);
    this.acknowledged = 0;
    this.inFlight = null;
    this.planned = [];
    this.current = null;
    this.last = null;
    this.attempt = 0;
    this.sentUs = 0;
    this.servers = null;
    this.serversUntilUs = 0;
  }

  /** Issues `operation` as soon as the request in flight is answered. */
  plan(operation: ClientOperation): void {
    this.planned.push(operation);
    if (this.inFlight === null) this.host.setTimer(THINK, 0, 0, 0);
  }

  /** Whether nothing is in flight and nothing is planned. */
  get idle(): boolean {
    return this.inFlight === null && this.planned.length === 0;
  }

  onStart(): void {
    this.host.setTimer(THINK, 0, Math.max(this.config.thinkUsMax, 1_000), 0);
  }

  onTimer(timer: number): void {
    if (timer === RETRY) {
      this.retry();
      return;
    }
    if (this.inFlight === null && (this.active || this.planned.length > 0)) this.issue();
  }

  onDisk(): void {}

  onMessage(_from: number, incoming: Message): void {
    const message = incoming as VsrMessage;
    const waiting = this.inFlight;
    if (waiting === null || message.client !== this.client || message.request !== waiting.request) return;
    if (message.kind === 'eviction') {
      this.evicted();
      return;
    }
    if (message.kind !== 'reply') return;
    if (message.view > this.view) this.view = message.view;
    this.answered(waiting, message);
  }

  private answered(request: VsrMessage, reply: VsrMessage): void {
    this.inFlight = null;
    this.host.cancelTimer(RETRY);
    if (this.attempt > 0) this.host.reached('client-retry-answered');
    if (request.operation === OPERATION.register) {
      this.session = reply.nonce;
      this.issueSoon();
      return;
    }
    this.acknowledged++;
    const outcome = this.config.parse(reply.body as Uint8Array);
    this.last = outcome;
    this.current = null;
    this.config.observer.onReturn(
      this.client,
      this.session,
      request.request,
      outcome.length,
      outcome.chain0,
      outcome.chain1,
    );
    this.config.onLatency(this.host.monotonicUs() - this.sentUs);
    this.issueSoon();
  }

  /** The session is gone: the request in flight stays unknown, and a new id begins (R13). */
  private evicted(): void {
    this.host.reached('client-evicted');
    this.config.observer.onEvicted(this.client, this.session);
    this.inFlight = null;
    // What was planned is still wanted, as a request of the new session.
    if (this.current !== null) this.planned.unshift(this.current);
    this.current = null;
    this.host.cancelTimer(RETRY);
    this.life += 256;
    this.client = clientId(this.host.id, this.life);
    this.session = 0;
    this.request = 0;
    this.issueSoon();
  }

  private issueSoon(): void {
    if (this.planned.length > 0) {
      this.issue();
      return;
    }
    if (!this.active) return;
    if (this.config.thinkUsMax === 0) {
      this.issue();
      return;
    }
    let minUs = this.config.thinkUsMin;
    let maxUs = this.config.thinkUsMax;
    if (this.config.kind === 'open') {
      const spentUs = this.host.monotonicUs() - this.sentUs;
      minUs = Math.max(0, minUs - spentUs);
      maxUs = Math.max(minUs, maxUs - spentUs);
    }
    this.host.setTimer(THINK, minUs, maxUs, this.request);
  }

  private issue(): void {
    const { operationsMax } = this.config;
    if (this.planned.length === 0 && operationsMax > 0 && this.acknowledged >= operationsMax) return;
    this.attempt = 0;
    this.sentUs = this.host.monotonicUs();
    const message = draft('request', 0, 0);
    message.client = this.client;
    if (this.session === 0) {
      message.operation = OPERATION.register;
      message.request = 0;
    } else {
      this.request++;
      this.current = this.planned.shift() ?? null;
      const choice = this.current ?? this.config.choose(this.client, this.request);
      message.operation = choice.operation;
      message.request = this.request;
      message.nonce = this.session;
      message.body = choice.body;
      this.config.observer.onInvoke(
        this.client,
        this.session,
        this.request,
        choice.operation,
        choice.key,
        choice.value,
      );
    }
    this.inFlight = seal(message, this.client, message.request);
    this.transmit();
  }

  private transmit(): void {
    this.host.send(this.server(), this.inFlight as VsrMessage);
    const backoff = this.attempt < 4 ? 1 << this.attempt : 16;
    const retryUs = Math.min(this.config.retryUs * backoff, this.config.retryUs * 8);
    this.host.setTimer(RETRY, retryUs, Math.floor((retryUs * 5) / 4), this.request);
  }

  /** Whom this attempt is sent to: the primary of the newest view known, then one after another. */
  private server(): number {
    const { names, replicaCount } = this.config;
    if (names === undefined) return (primaryOf(this.view, replicaCount) + this.attempt) % replicaCount;
    const nowUs = this.host.monotonicUs();
    if (this.servers === null || nowUs >= this.serversUntilUs) {
      this.serversUntilUs = nowUs + (this.servers === null ? names.firstUs : names.ttlUs);
      this.servers = names.resolve();
    }
    const { length } = this.servers;
    return this.servers[(primaryOf(this.view, length) + this.attempt) % length] as number;
  }

  private retry(): void {
    if (this.inFlight === null) return;
    this.attempt++;
    this.host.reached('client-retried');
    this.transmit();
  }
}

/** A body of `sizeBytes` that begins with the two words (key, value); the rest is filled from the words. */
export function operationBody(key: number, value: number, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(8, sizeBytes));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, key, true);
  view.setUint32(4, value, true);
  for (let at = 8; at < bytes.length; at++) bytes[at] = (value + at) & 255;
  return bytes;
}

/** A keyed choice: the draw of operation `request` of `client` for purpose `which`, scaled to [min, max]. */
export function chooseInt(
  seed: number,
  client: number,
  request: number,
  which: number,
  min: number,
  max: number,
): number {
  return scale(mix3(seed, DOMAIN.clientOperation, client, request, which), min, max);
}
