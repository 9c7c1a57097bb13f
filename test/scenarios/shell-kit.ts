import { AmbientGuard } from '../../src/scenarios/ambient-guard.ts';
import { type CommandTable, failed, type OperatorCommand, ok } from '../../src/scenarios/command.ts';
import { OperatorShell } from '../../src/scenarios/shell.ts';
import type { HostFiles } from '../../src/scenarios/shell-files.ts';
import { parseFlags } from '../../src/scenarios/shell-flags.ts';
import { type LoadedShell, loadShell } from '../../src/scenarios/shell-loaded.ts';
import type { ShellRun } from '../../src/scenarios/shell-run.ts';

/** 2026-02-06T10:00:00Z, as the plan's default. */
export const START_MS = 1_770_372_000_000;

/** A world of three hosts, a bastion and a clock that only waits move. */
export class FakeWorld {
  nowUs = 0;
  readonly up = new Set(['bastion', 'replica-0', 'replica-1', 'replica-2']);
  readonly healthyAtUs = new Map<number, number>();
  readonly wallOffsetMs = new Map<string, number>();
  readonly modelFiles = new Map<string, string>();
  readonly seen: string[] = [];
}

const status: OperatorCommand<FakeWorld> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(
    {
      command: 'kctl status',
      about: 'Prints a replica.',
      flags: [
        { name: 'replica-id', kind: 'integer', help: 'which one', required: true },
        { name: 'wait', kind: 'switch', help: 'until it is normal' },
        { name: 'watch', kind: 'switch', help: 'for ever' },
      ],
      positionals: [],
      positionalsMin: 0,
    },
    argv,
  );
  if (!parsed.ok) return parsed.result;
  const id = parsed.flags.integer('replica-id') ?? 0;
  const { fleet } = ctx;
  const healthy = (): boolean => fleet.nowUs >= (fleet.healthyAtUs.get(id) ?? 0);
  if (parsed.flags.has('watch')) {
    for (;;) {
      ctx.print(`${healthy() ? 'normal' : 'recovering'}\n`);
      yield { kind: 'sleep', us: 1_000_000 };
    }
  }
  if (parsed.flags.has('wait')) {
    const came = yield { kind: 'until', poll: healthy, everyUs: 100_000, timeoutUs: 30_000_000 };
    if (!came) return failed(1, 'not healthy in time\n');
  }
  return ok(`{"id": ${id}, "status": "${healthy() ? 'normal' : 'recovering'}", "from": "${ctx.onHost}"}\n`);
};

const remove: OperatorCommand<FakeWorld> = function* (argv, _stdin, ctx) {
  ctx.fleet.seen.push(`${ctx.onHost}: rm ${argv.join(' ')}`);
  yield { kind: 'sleep', us: 1000 };
  return ok('');
};

const read: OperatorCommand<FakeWorld> = function* (argv, stdin, ctx) {
  yield { kind: 'sleep', us: 10 };
  return ok(
    `${ctx.readFile(argv[0] ?? '') ?? 'none'}|${stdin}|${ctx.env.get('WHO') ?? ''}|${new Date(ctx.nowMs()).toISOString()}\n`,
  );
};

const broken: OperatorCommand<FakeWorld> = function* () {
  yield { kind: 'sleep', us: 1 };
  throw new Error('a bug of ours');
};

export const TABLE: CommandTable<FakeWorld> = {
  commands: new Map<string, OperatorCommand<FakeWorld>>([
    ['kctl', status],
    ['rm', remove],
    ['look', read],
    ['broken', broken],
  ]),
};

function filesOf(world: FakeWorld): HostFiles {
  const key = (host: string, path: string): string => `${host}:${path}`;
  return {
    roots: () => ['/var/lib/kimberlite', '/var/log/kimberlite', '/etc/kimberlite'],
    read: (host, path) => world.modelFiles.get(key(host, path)) ?? null,
    list: (host, path) => {
      const names = [...world.modelFiles.keys()]
        .filter((each) => each.startsWith(key(host, `${path}/`)))
        .map((each) => each.slice(key(host, path).length + 1).split('/')[0] ?? '');
      return names.length > 0 || /^\/(var|etc)\/.*kimberlite$/.test(path) ? [...new Set(names)].sort() : null;
    },
    write: (host, path, text) => {
      world.modelFiles.set(key(host, path), text);
      return '';
    },
  };
}

export interface Rig {
  readonly world: FakeWorld;
  readonly guard: AmbientGuard;
  readonly shell: OperatorShell<FakeWorld>;
}

export async function rig(loaded?: LoadedShell): Promise<Rig> {
  const world = new FakeWorld();
  const guard = new AmbientGuard();
  const shell = new OperatorShell<FakeWorld>({
    loaded: loaded ?? (await loadShell()),
    guard,
    table: TABLE,
    fleet: world,
    clock: {
      nowUs: () => world.nowUs,
      wallMs: (host) => START_MS + Math.floor(world.nowUs / 1000) + (world.wallOffsetMs.get(host) ?? 0),
    },
    seed: 7,
    files: filesOf(world),
    resolveHost: (name) => /^(bastion|replica-\d)(\.kimberlite\.prod)?$/.exec(name)?.[1] ?? null,
    canReach: (_from, to) => world.up.has(to),
  });
  return { world, guard, shell };
}

/** What the engine does: lets the world pass until the shell's wait is over, and lets the shell go on. */
export async function drive(world: FakeWorld, run: ShellRun): Promise<ShellRun> {
  await run.pump();
  while (run.state !== 'done') {
    const wait = run.wait;
    if (wait === null) throw new Error('neither waiting nor done');
    run.resume(pass(world, wait));
    await run.pump();
  }
  return run;
}

export function pass(world: FakeWorld, wait: NonNullable<ShellRun['wait']>): boolean {
  if (wait.kind === 'sleep') {
    world.nowUs += wait.us;
    return true;
  }
  const endUs = world.nowUs + wait.timeoutUs;
  while (!wait.poll()) {
    if (world.nowUs >= endUs) return false;
    world.nowUs = Math.min(endUs, world.nowUs + wait.everyUs);
  }
  return true;
}

export async function sh(script: string, setUp: (rig: Rig) => void = () => {}, timeoutUs?: number) {
  const made = await rig();
  setUp(made);
  made.guard.install();
  try {
    const run = await drive(made.world, made.shell.start(script, 'bastion', timeoutUs));
    return { ...run.result, run, world: made.world };
  } finally {
    made.guard.uninstall();
  }
}
