import type { Prepare } from '../cluster/storage/prepare.ts';
import type { VsrKind, VsrMessage } from '../cluster/vsr/message.ts';
import type { ClientObserver, ReplicaObservation, VsrObserver } from '../cluster/vsr/observe.ts';
import type { Message, Tap } from '../sim/api.ts';
import type { ProjectionObserver } from './projection.ts';
import type { Property } from './property.ts';

/** A property that wants to hear of these kinds of messages only; one without `kinds` hears of all. */
export interface KindFilter {
  readonly kinds: readonly VsrKind[];
}

/** More than there are kinds of messages. */
const TAGS = 64;

type Hook<K extends keyof Property> = Required<Pick<Property, K>> & Property;

/**
 * Fans each observation out to the properties that listen to it. Who listens is settled at construction; the order is
 * that of the given list, so every property judges an event before the run ends on a finding (R24b).
 */
export class PropertySet implements Tap, VsrObserver, ClientObserver, ProjectionObserver {
  readonly properties: readonly Property[];
  private readonly sends: readonly Hook<'onSend'>[];
  /** Those that want a kind of message, by its tag; filled in when the first such message comes. */
  private readonly sendsByTag: (readonly Hook<'onSend'>[] | null)[];
  private readonly applies: readonly Hook<'onApply'>[];
  private readonly installs: readonly Hook<'onInstall'>[];
  private readonly checkpoints: readonly Hook<'onCheckpoint'>[];
  private readonly states: readonly Hook<'onState'>[];
  private readonly stops: readonly Hook<'onStop'>[];
  private readonly starts: readonly Hook<'onStart'>[];
  private readonly invokes: readonly Hook<'onInvoke'>[];
  private readonly returns: readonly Hook<'onReturn'>[];
  private readonly evictions: readonly Hook<'onEvicted'>[];
  private readonly unknowns: readonly Hook<'onUnknown'>[];
  private readonly ends: readonly Hook<'onEnd'>[];
  private readonly projections: readonly ProjectionObserver[];

  constructor(properties: readonly Property[]) {
    this.properties = properties;
    this.sends = listening(properties, 'onSend');
    this.sendsByTag = new Array(TAGS).fill(null);
    this.applies = listening(properties, 'onApply');
    this.installs = listening(properties, 'onInstall');
    this.checkpoints = listening(properties, 'onCheckpoint');
    this.states = listening(properties, 'onState');
    this.stops = listening(properties, 'onStop');
    this.starts = listening(properties, 'onStart');
    this.invokes = listening(properties, 'onInvoke');
    this.returns = listening(properties, 'onReturn');
    this.evictions = listening(properties, 'onEvicted');
    this.unknowns = listening(properties, 'onUnknown');
    this.ends = listening(properties, 'onEnd');
    this.projections = properties.filter(
      (property): property is Property & ProjectionObserver => 'onProjection' in property,
    );
  }

  onSend(from: number, to: number, message: Message): void {
    const sends = this.sendsByTag[message.tag] ?? this.route(message as VsrMessage);
    for (let at = 0; at < sends.length; at++) (sends[at] as Hook<'onSend'>).onSend(from, to, message as VsrMessage);
  }

  private route(message: VsrMessage): readonly Hook<'onSend'>[] {
    const wanting = this.sends.filter((property) => {
      const { kinds } = property as Partial<KindFilter>;
      return kinds === undefined || kinds.includes(message.kind);
    });
    this.sendsByTag[message.tag] = wanting;
    return wanting;
  }

  /** Properties judge what is sent; what the network does with it is its own business. */
  onDeliver(): void {}

  onApply(replica: number, incarnation: number, prepare: Prepare, hash0: number, hash1: number, reply: number): void {
    const { applies } = this;
    for (let at = 0; at < applies.length; at++) {
      (applies[at] as Hook<'onApply'>).onApply(replica, incarnation, prepare, hash0, hash1, reply);
    }
  }

  onInstall(
    replica: number,
    incarnation: number,
    op: number,
    hash0: number,
    hash1: number,
    cause: 'start' | 'transfer',
  ): void {
    for (const property of this.installs) property.onInstall(replica, incarnation, op, hash0, hash1, cause);
  }

  onCheckpoint(replica: number, incarnation: number, op: number, digest: number): void {
    for (const property of this.checkpoints) property.onCheckpoint(replica, incarnation, op, digest);
  }

  onState(now: ReplicaObservation): void {
    const { states } = this;
    for (let at = 0; at < states.length; at++) (states[at] as Hook<'onState'>).onState(now);
  }

  onStop(replica: number, incarnation: number, cause: string): void {
    for (const property of this.stops) property.onStop(replica, incarnation, cause);
  }

  onStart(replica: number, incarnation: number): void {
    for (const property of this.starts) property.onStart(replica, incarnation);
  }

  onInvoke(client: number, session: number, request: number, operation: number, key: number, value: number): void {
    for (const property of this.invokes) property.onInvoke(client, session, request, operation, key, value);
  }

  onReturn(client: number, session: number, request: number, length: number, chain0: number, chain1: number): void {
    for (const property of this.returns) property.onReturn(client, session, request, length, chain0, chain1);
  }

  onEvicted(client: number, session: number): void {
    for (const property of this.evictions) property.onEvicted(client, session);
  }

  onUnknown(client: number, session: number, request: number): void {
    for (const property of this.unknowns) property.onUnknown(client, session, request);
  }

  onProjection(...args: Parameters<ProjectionObserver['onProjection']>): void {
    for (const property of this.projections) property.onProjection(...args);
  }

  onDeclaredLoss(op: number, keepers: readonly number[]): void {
    for (const property of this.properties) property.onDeclaredLoss?.(op, keepers);
  }

  onEnd(): void {
    for (const property of this.ends) property.onEnd();
  }
}

function listening<K extends keyof Property>(properties: readonly Property[], hook: K): Hook<K>[] {
  return properties.filter((property): property is Hook<K> => property[hook] !== undefined);
}
