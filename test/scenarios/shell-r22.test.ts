import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { describe, expect, it } from 'vitest';
import { AmbientGuard } from '../../src/scenarios/ambient-guard.ts';
import { drive, pass, rig, START_MS, sh } from './shell-kit.ts';

const at = ({ world }: { world: { nowUs: number } }): void => {
  world.nowUs = 3_723_000_000;
};

describe('R22, ours: what is virtual', () => {
  it.each([
    ['date', 'Fri Feb  6 11:02:03 UTC 2026\n'],
    ['date +%s', '1770375723\n'],
    ['date +%Y%m%d-%H%M%S', '20260206-110203\n'],
    ['date -u +"%F %T %j %a %B %p %I %y %-H %N"', '2026-02-06 11:02:03 037 Fri February AM 11 26 11 000000000\n'],
    ['sleep 0.125; date "+%3N %9N %_m %0e %%N"', '125 125000000  2 06 %N\n'],
    ['date -d "10 minutes ago" +%T', '10:52:03\n'],
    ['date -d @0 -Iseconds', '1970-01-01T00:00:00+00:00\n'],
    ['date --date="2026-02-06 12:00" +%s; date -R', '1770379200\nFri, 06 Feb 2026 11:02:03 +0000\n'],
    ['x=/tmp/logs-$(date +%s).txt; echo $x', '/tmp/logs-1770375723.txt\n'],
    ['jq -n "now | floor"', '1770375723\n'],
    ['printf "%(%H:%M)T\\n" -1', '11:02\n'],
    ['touch /tmp/a; stat /tmp/a | grep Modify', 'Modify: 2026-02-06T11:02:03.000Z\n'],
    ['sleep 5; echo $SECONDS', '5\n'],
    ["echo $$; ssh replica-0 'echo $$'", '1010\n1020\n'],
    [
      'mktemp; mktemp -d /tmp/x.XXXX 2>&1; mktemp /tmp/y.XXXX',
      "/tmp/tmp.0000000001\nmktemp: unknown flag -d\nusage: mktemp [--suffix TEXT] [--tmpdir TEXT] [TEMPLATE]\ntry 'mktemp --help'\n/tmp/y.0002\n",
    ],
    ['whoami; hostname', 'root\nbastion\n'],
    ['timeout 2 sleep 5; echo $?; date +%T', '124\n11:02:05\n'],
    ['timeout 5 sleep 2; echo $?; date +%T', '0\n11:02:05\n'],
    ['timeout 2.5 kctl --replica-id 0 --watch | wc -l; date +%T', '3\n11:02:05\n'],
    [
      'timeout 10 bash -c "sleep 3; timeout 2 sleep 9; echo \\$?; sleep 20; echo no"; echo $?; date +%T',
      '124\n11:02:13\n',
    ],
    ['timeout 3 timeout 10 sleep 20; echo $?; date +%T', '124\n11:02:06\n'],
    ['timeout -s KILL 1m ssh replica-0 "sleep 70; echo no"; echo $?; date +%T', '124\n11:03:03\n'],
  ])('%s', async (script, stdout) => {
    const result = await sh(script, at);
    expect(result.stdout + (result.stderr ?? '')).toBe(stdout);
  });

  it.each([
    ['date +%Q', 2, 'date: conversion %Q is not known\n'],
    ['date +%5Y', 2, 'date: conversion %5Y is not known\n'],
    ['date +%H%', 2, 'date: conversion % is not known\n'],
    ['date -s 12:00', 1, 'date: cannot set date: Operation not permitted\n'],
    ['date -d whenever', 1, "date: invalid date 'whenever'\n"],
    ['sleep ten', 1, "sleep: invalid time interval 'ten'\n"],
    ['timeout ten ls', 125, "timeout: invalid time interval 'ten'\n"],
  ])('%s is an error', async (script, code, stderr) => {
    expect(await sh(script)).toMatchObject({ code, stderr });
  });
});

describe('R22, refused by name', () => {
  it.each([
    ['sleep 5 & sleep 1', '&'],
    ['wait', 'wait'],
    ['jobs', 'jobs'],
    ['kill -9 123', 'kill'],
    ['trap "echo bye" EXIT', 'trap'],
    ['time sleep 1', 'time'],
    ['time sleep 1 | cat', 'time'],
    ['echo $RANDOM', '$RANDOM'],
    ['echo $((RANDOM % 3))', '$RANDOM'],
    [`echo "a $\{RANDOM:0:1}"`, '$RANDOM'],
    ['echo $EPOCHSECONDS', '$EPOCHSECONDS'],
    ['echo $EPOCHREALTIME', '$EPOCHREALTIME'],
    ['if true; then x=$(wait); fi', 'wait'],
    ['eval "sleep 1 &"', 'eval'],
    ['builtin wait', 'wait'],
    ['command time ls', 'time'],
    ['c=kill; $c 1', 'kill'],
    ['bash -c "sleep 1 & wait"', '&'],
    ['ssh replica-0 "echo \\$RANDOM"', '$RANDOM'],
    ['nohup sleep 1', 'nohup'],
  ])('%s', async (script, name) => {
    const { code, stderr, stdout, world } = await sh(script);
    expect(stderr).toContain(`bash: ${name}: not available in a rehearsal: `);
    expect({ code, stdout, nowUs: world.nowUs }).toEqual({ code: 127, stdout: '', nowUs: 0 });
  });

  it('lets a fleet command of that name pass', async () => {
    const { refusalOf } = await import('../../src/scenarios/shell-refused.ts');
    expect(refusalOf('kill 1', () => true)).toBeNull();
    expect(refusalOf('echo "wait & see"; # RANDOM', () => false)).toBeNull();
  });
});

describe('R22, the ambient guard', () => {
  it('throws outside shell turns, answers within, and puts everything back', () => {
    const before = [Date, performance, crypto, Math.random, String.prototype.localeCompare];
    const guard = new AmbientGuard();
    guard.install();
    try {
      for (const use of [
        () => Date.now(),
        () => new Date(),
        () => performance.now(),
        () => Math.random(),
        () => crypto.randomUUID(),
        () => new Date(5),
      ]) {
        expect(use).toThrow('outside a shell turn');
      }
      let draw = 0;
      guard.enterShellTurn({ wallMs: () => 1234, draw32: () => draw++ });
      const now = new Date();
      expect([Date.now(), now.getTime(), new Date(7).getTime(), now instanceof Date, performance.now()]).toEqual([
        1234,
        1234,
        7,
        true,
        1234,
      ]);
      expect([Math.random(), crypto.getRandomValues(new Uint8Array(2)).join(), crypto.randomUUID().length]).toEqual([
        0,
        '1,2',
        36,
      ]);
      expect('ä'.localeCompare('z')).toBe(1);
      expect(() => guard.enterShellTurn({ wallMs: () => 0, draw32: () => 0 })).toThrow('another shell has its turn');
      guard.leave();
      expect(() => Date.now()).toThrow('outside a shell turn');
    } finally {
      guard.leave();
      guard.uninstall();
    }
    expect([Date, performance, crypto, Math.random, String.prototype.localeCompare]).toEqual(before);
  });

  it('takes its turns without a timer or another macrotask in between', async () => {
    const { world, shell } = await rig();
    const run = shell.start(
      'for i in 1 2 3; do kctl --replica-id $i | jq .id; sleep 1; done; ls / | sort; ssh replica-1 hostname',
      'bastion',
    );
    let others = 0;
    const timer = setImmediate(() => others++);
    await drive(world, run);
    expect(others).toBe(0);
    clearImmediate(timer);
  });
});

const TRANSCRIPT = `
  for id in 2 0 1; do kctl --replica-id $id | jq -c .; sleep 0.5; done | sort > /tmp/o
  cat /tmp/o | grep normal | awk '{ n += 1; r = rand() } END { print n, r }'
  ls -la / | head -n 3; find /tmp -type f; date; mktemp; echo $SECONDS; ssh replica-1 'date; ls -l /tmp'
  timeout 3 kctl --replica-id 0 --watch | tail -n 1; seq 3 | sed s/1/one/ | tr a-z A-Z; nosuch; tar -cf /tmp/t.tar -C /tmp o && tar -tvf /tmp/t.tar
`;

describe('R22, determinism', () => {
  it('gives equal transcripts over 20 repeats, with two shells taking turns', async () => {
    const seen = new Set<string>();
    for (let round = 0; round < 20; round++) {
      const one = await rig();
      const other = await rig();
      const runs = [one.shell.start(TRANSCRIPT, 'bastion'), other.shell.start(TRANSCRIPT, 'bastion')];
      const worlds = [one.world, other.world];
      for (let turn = 0; runs.some((run) => run.state !== 'done'); turn++) {
        const run = runs[round % 2 === 0 ? turn % 2 : (turn >> 1) % 2];
        const world = worlds[round % 2 === 0 ? turn % 2 : (turn >> 1) % 2];
        if (run === undefined || world === undefined || run.state === 'done') continue;
        if (run.state === 'waiting' && run.wait !== null) run.resume(pass(world, run.wait));
        await run.pump();
      }
      for (const [index, run] of runs.entries())
        seen.add(JSON.stringify([run.result, run.calls, worlds[index]?.nowUs]));
    }
    expect([...seen]).toHaveLength(1);
    expect([...seen][0]).toContain('Fri Feb  6 10:00:01 UTC 2026');
  });

  it('imports nothing after loadShell', async () => {
    const made = await rig();
    const loads: string[] = [];
    const hooks = registerHooks({
      load(url, context, next) {
        loads.push(url);
        return next(url, context);
      },
    });
    try {
      await drive(made.world, made.shell.start(TRANSCRIPT, 'bastion'));
    } finally {
      hooks.deregister();
    }
    expect(loads.filter((url) => url.includes('just-bash'))).toEqual([]);
  });

  it('gives the transcript of a cold process, byte for byte', async () => {
    const { world, shell } = await rig();
    for (let warm = 0; warm < 3; warm++)
      await drive((await rig()).world, (await rig()).shell.start('ls | sort', 'bastion'));
    const run = await drive(world, shell.start(TRANSCRIPT, 'bastion'));
    const { execFileSync } = await import('node:child_process');
    const cold = execFileSync(process.execPath, [new URL('./cold-shell.ts', import.meta.url).pathname], {
      encoding: 'utf8',
      input: TRANSCRIPT,
      env: { ...process.env, NODE_NO_WARNINGS: '1', TZ: 'Asia/Tokyo', LANG: 'sv_SE.UTF-8', LC_ALL: 'sv_SE.UTF-8' },
    });
    expect(JSON.parse(cold)).toEqual(JSON.parse(JSON.stringify([run.result, run.calls, world.nowUs])));
  });

  it('keeps the start of time in step with the plan', async () => {
    const { START_WALL_MS } = await import('../../src/plan/plan.ts');
    expect(START_MS).toBe(START_WALL_MS);
    expect(readFileSync(new URL('./cold-shell.ts', import.meta.url), 'utf8')).not.toContain('loadShell');
  });
});
