/** What Date, performance, Math.random and crypto answer during a shell turn. */
export interface AmbientSource {
  /** Wall clock in ms since 1970 of the host whose shell is running. */
  wallMs(): number;
  /** A fresh unsigned 32-bit draw. */
  draw32(): number;
}

/** The engine's own, from before any guard. */
const RealDate = Date;

const NAMES = ['Date', 'performance', 'crypto'] as const;

/**
 * Stands between a run and the machine it runs on (R22). Between `install` and `uninstall`, Date, performance,
 * Math.random and crypto throw; within a shell turn they answer from the virtual world. What a dependency captured while
 * it was loaded stays out of reach, so install it after imports and after `loadShell`. A run that never installs it still
 * gets virtual answers within its turns.
 *
 * Within a turn, localeCompare compares code units, as `LC_ALL=C` does: `sort` and `ls` of the shell call it, and what it
 * answers otherwise depends on the machine's language (R23).
 *
 * The globals belong to the process: one guard at a time may be active in a thread.
 */
export class AmbientGuard {
  private readonly saved = new Map<string, PropertyDescriptor>();
  private savedRandom: (() => number) | null = null;
  private savedCompare: typeof String.prototype.localeCompare | null = null;
  private installed = false;
  private source: AmbientSource | null = null;

  /** From here on the ambient sources throw outside shell turns. @throws Error when it is installed already */
  install(): void {
    if (this.installed) throw new Error('AmbientGuard.install: already installed; call uninstall first');
    this.installed = true;
    if (this.source === null) this.patch();
  }

  /** @throws Error within a shell turn */
  uninstall(): void {
    if (this.source !== null) throw new Error('AmbientGuard.uninstall: leave the shell turn first');
    if (!this.installed) return;
    this.installed = false;
    this.restore();
  }

  /** Until `leave`, the ambient sources answer from `source`. @throws Error when a turn is running: turns do not nest */
  enterShellTurn(source: AmbientSource): void {
    if (this.source !== null) throw new Error('AmbientGuard.enterShellTurn: another shell has its turn');
    this.source = source;
    if (!this.installed) this.patch();
  }

  leave(): void {
    if (this.source === null) return;
    this.source = null;
    if (!this.installed) this.restore();
  }

  private readonly now = (name: string): AmbientSource => {
    if (this.source !== null) return this.source;
    throw new Error(`${name} was used inside a run, outside a shell turn: the run would not be reproducible (R22)`);
  };

  private patch(): void {
    for (const name of NAMES) {
      const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
      if (descriptor === undefined) throw new Error(`AmbientGuard: this engine has no global ${name}`);
      this.saved.set(name, descriptor);
    }
    this.savedRandom = Math.random;
    this.savedCompare = String.prototype.localeCompare;
    const put = (name: string, value: unknown): void => {
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: false });
    };
    put('Date', virtualDate(this.now));
    put('performance', virtualPerformance(this.now));
    put('crypto', virtualCrypto(this.now));
    Math.random = () => this.now('Math.random').draw32() / 4_294_967_296;
    String.prototype.localeCompare = function (that: string): number {
      return compareUnits(String(this), that);
    };
  }

  private restore(): void {
    for (const [name, descriptor] of this.saved) Object.defineProperty(globalThis, name, descriptor);
    this.saved.clear();
    if (this.savedRandom !== null) Math.random = this.savedRandom;
    this.savedRandom = null;
    if (this.savedCompare !== null) String.prototype.localeCompare = this.savedCompare;
    this.savedCompare = null;
  }
}

function compareUnits(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

type Ask = (name: string) => AmbientSource;

/** The local time of this Date is UTC, whatever the machine's zone; `tar -t` of the shell prints local times. */
class UtcDate extends RealDate {
  override getFullYear = this.getUTCFullYear;
  override getMonth = this.getUTCMonth;
  override getDate = this.getUTCDate;
  override getDay = this.getUTCDay;
  override getHours = this.getUTCHours;
  override getMinutes = this.getUTCMinutes;
  override getSeconds = this.getUTCSeconds;
  override getMilliseconds = this.getUTCMilliseconds;
  override toString = this.toUTCString;
  override getTimezoneOffset = (): number => 0;
}

/** The instant that the arguments of `new Date(...)` name when local time is UTC. */
function instantOf(args: readonly unknown[], nowMs: number): number {
  const [first] = args;
  if (args.length === 0) return nowMs;
  if (args.length > 1) return RealDate.UTC(...(args as [number, number]));
  if (typeof first !== 'string') return new RealDate(first as number).getTime();
  const at = new RealDate(first);
  const named = /(z|gmt|utc|[+-]\d\d:?\d\d)\s*$/i.test(first) || /^\d{4}(-\d\d){0,2}$/.test(first.trim());
  return named ? at.getTime() : at.getTime() - at.getTimezoneOffset() * 60_000;
}

/** A Date whose present is virtual. */
function virtualDate(ask: Ask): DateConstructor {
  return new Proxy(UtcDate as unknown as DateConstructor, {
    construct: (_target, args) => new UtcDate(instantOf(args, ask('Date').wallMs())),
    apply: () => new UtcDate(ask('Date').wallMs()).toUTCString(),
    get(target, key, receiver) {
      if (key === 'now') return () => ask('Date.now').wallMs();
      return Reflect.get(target, key, receiver);
    },
  });
}

function virtualPerformance(ask: Ask): object {
  return { now: () => ask('performance.now').wallMs(), timeOrigin: 0, toJSON: () => ({}) };
}

function virtualCrypto(ask: Ask): object {
  const getRandomValues = <T extends ArrayBufferView>(array: T): T => {
    const source = ask('crypto.getRandomValues');
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let index = 0; index < bytes.length; index++) bytes[index] = source.draw32() & 255;
    return array;
  };
  const randomUUID = (): string => {
    const source = ask('crypto.randomUUID');
    const hex = [0, 0, 0, 0].map(() => source.draw32().toString(16).padStart(8, '0')).join('');
    const variant = '89ab'[Number.parseInt(hex[16] ?? '0', 16) & 3];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  };
  return { getRandomValues, randomUUID };
}
