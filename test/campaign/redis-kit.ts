import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Build } from '../../src/campaign/bullmq/job.ts';

/** Build of the coordinators and workers of the tests. */
export const OWN_BUILD: Build = { firedrill: '9.9.9', build: 'test' };

/** Whether there is a Redis to start; `.ci/run` installs one from Debian. */
export const HAS_REDIS = spawnSync('redis-server', ['--version']).status === 0;

/** A Redis of the test's own, on a free port of the loopback address, with the append-only file on. */
export class PrivateRedis {
  readonly port: number;
  private readonly folder: string;
  private server: ChildProcess | null;

  private constructor(port: number) {
    this.port = port;
    this.folder = mkdtempSync(join(tmpdir(), 'firedrill-redis-'));
    this.server = null;
  }

  static async start(): Promise<PrivateRedis> {
    const redis = new PrivateRedis(await freePort());
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const place = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder];
    const keep = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''];
    const server = spawn('redis-server', [...place, ...keep], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.server = server;
    await new Promise<void>((settle, fail) => {
      let said = '';
      server.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Ready to accept connections')) settle();
      });
      server.once('exit', (code) => fail(new Error(`redis-server ended with ${code}: ${said}`)));
    });
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const server = this.server;
    if (server === null) return;
    this.server = null;
    const ended = new Promise((settle) => server.once('exit', settle));
    server.kill(signal);
    await ended;
  }

  /** Stops it and forgets all that it knew. */
  async lose(): Promise<void> {
    await this.stop('SIGKILL');
    for (const name of readdirSync(this.folder)) rmSync(join(this.folder, name), { recursive: true });
  }

  async end(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const { port } = server.address() as { port: number };
  await new Promise((settle) => server.close(settle));
  return port;
}
