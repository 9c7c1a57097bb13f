import { Redis } from 'ioredis';
import { UserError } from '../../plan/user-error.ts';

const CONNECT_MS_MAX = 5_000;
const RETRY_MS_MAX = 2_000;
/** A lost connection is spoken of when it is lost, and then this often. */
const REMIND_MS = 30_000;

/** Where Redis is and how we speak with it, as ioredis takes it. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: Record<string, never>;
  readonly connectTimeout: number;
  /** Commands wait for a connection that comes back; BullMQ wants it so. */
  readonly maxRetriesPerRequest: null;
}

/**
 * Reads `redis://[user[:password]@]host[:port][/database]`; `rediss:` is the same over TLS.
 *
 * @throws UserError for anything else
 */
export function readRedisUrl(text: string): RedisAddress {
  const remedy = 'write --redis redis://host:6379 (or rediss:// for TLS)';
  if (!URL.canParse(text)) throw new UserError(`--redis ${text} is no address`, remedy);
  const url = new URL(text);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    throw new UserError(`--redis ${withoutPassword(url)} is an address of ${url.protocol}`, remedy);
  }
  const database = url.pathname.slice(1);
  if (!/^\d*$/.test(database))
    throw new UserError(`--redis names the database "${database}"`, `${remedy}, /1 at its end`);
  return {
    host: url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: url.port === '' ? 6_379 : Number(url.port),
    db: Number(database),
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
    connectTimeout: CONNECT_MS_MAX,
    maxRetriesPerRequest: null,
  };
}

/**
 * Connects once, without trying again, so that a wrong address is told at once.
 *
 * @throws UserError when nothing answers there, or not as Redis
 */
export async function checkRedis(address: RedisAddress, place: string): Promise<void> {
  const client = new Redis({ ...address, lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  // Errors come as rejections below; without a listener they would be printed as well.
  let last: Error | null = null;
  client.on('error', (error: Error) => {
    last = error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    const said = last ?? (error as Error);
    throw new UserError(
      `no Redis at ${place}: ${said.message}`,
      'start redis-server or valkey-server there, or name another with --redis redis://host:6379',
    );
  } finally {
    client.disconnect();
  }
}

/** An address without its password, for messages. */
export function withoutPassword(url: URL): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '...';
  return shown.href;
}

/** Speaks of a lost connection once, then now and then, and when it is back: retrying for ever must not be silent. */
export class ConnectionNews {
  private readonly place: string;
  private readonly report: (text: string) => void;
  private lostMs: number;
  private toldMs: number;

  constructor(place: string, report: (text: string) => void) {
    this.place = place;
    this.report = report;
    this.lostMs = 0;
    this.toldMs = 0;
  }

  /** How long to wait before the next attempt: ioredis calls it after each loss. */
  readonly retryStrategy = (times: number): number => {
    const nowMs = performance.now();
    if (this.lostMs === 0) this.lostMs = nowMs;
    if (this.toldMs === 0 || nowMs - this.toldMs >= REMIND_MS) {
      const seconds = Math.round((nowMs - this.lostMs) / 1_000);
      const since = seconds === 0 ? '' : ` for ${seconds} s`;
      this.report(`the connection to Redis at ${this.place} is lost${since}; trying again until it is back`);
      this.toldMs = nowMs;
    }
    return Math.min(100 * times, RETRY_MS_MAX);
  };

  back(): void {
    if (this.lostMs === 0) return;
    this.lostMs = 0;
    this.toldMs = 0;
    this.report(`the connection to Redis at ${this.place} is back`);
  }

  /** Errors of a broken connection are told above; all others are worth a line of their own. */
  readonly onError = (error: Error): void => {
    const code = 'code' in error ? String(error.code) : '';
    if (
      /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_)/.test(code) ||
      /^Connection is closed/.test(error.message)
    ) {
      return;
    }
    if (/^Missing (key|lock) for job/.test(error.message)) {
      // Redis forgot the range, or gave it to another worker after a long silence of this one.
      this.report('a range that was run here is no longer ours; whoever wants it gets it again');
      return;
    }
    this.report(`Redis at ${this.place}: ${error.message}`);
  };
}
