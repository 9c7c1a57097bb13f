import { describe, expect, it } from 'vitest';
import { drive, rig, sh } from './shell-kit.ts';

describe('operator shell', () => {
  it('runs loops, pipes and redirections over two commands of the fleet', async () => {
    const script = `
      for id in 0 1 2; do
        kctl --replica-id $id | jq -r .status >> /tmp/status.txt
      done
      sort /tmp/status.txt | uniq -c | awk '{ print $2 "=" $1 }'
      WHO=me; export WHO
      echo piped | look /tmp/status.txt | tail -n 2
    `;
    const { stdout, code, world } = await sh(script, ({ world: w }) => w.healthyAtUs.set(1, 99_000_000));
    expect(stdout).toBe('normal=2\nrecovering=1\n|piped\n|me|2026-02-06T10:00:00.000Z\n');
    expect(code).toBe(0);
    expect(world.nowUs).toBe(10);
  });

  it('costs virtual time for sleep and until, and passes the answer on', async () => {
    const script = 'sleep 1.5; sleep 2m; kctl --replica-id 2 --wait; kctl --replica-id 1 --wait; echo $?';
    const { stdout, stderr, world } = await sh(script, ({ world: w }) => {
      w.healthyAtUs.set(2, 125_000_000);
      w.healthyAtUs.set(1, 900_000_000);
    });
    expect(stdout).toBe('{"id": 2, "status": "normal", "from": "bastion"}\n1\n');
    expect(stderr).toBe('not healthy in time\n');
    expect(world.nowUs).toBe(125_000_000 + 30_000_000);
  });

  it('answers 127 for an unknown command and 2 for an unknown flag', async () => {
    const unknown = await sh('kimberlite-ctl status');
    expect(unknown).toMatchObject({ code: 127, stdout: '', stderr: 'bash: kimberlite-ctl: command not found\n' });
    const flag = await sh('kctl --replica 2');
    expect(flag.code).toBe(2);
    expect(flag.stderr).toContain('kctl status: unknown flag --replica\nusage: kctl status --replica-id INTEGER');
    expect((await sh('kctl')).stderr).toContain('--replica-id is missing');
    expect((await sh('kctl --replica-id x')).stderr).toContain('--replica-id needs an integer, not x');
    expect(await sh('kctl --help')).toMatchObject({ code: 0, stdout: expect.stringContaining('until it is normal') });
  });

  it('hands exported variables on through timeout, bash and script files', async () => {
    const script = `export A=1; timeout 5 bash -c 'echo $A'; B=2 timeout 3 printenv B
      printf 'echo "$1 $A"; sleep 1; date +%%s' > /tmp/s.sh; chmod +x /tmp/s.sh; bash /tmp/s.sh x; /tmp/s.sh y`;
    expect((await sh(script)).stdout).toBe('1\n2\nx 1\n1770372001\ny 1\n1770372002\n');
  });

  it('reports a syntax error of the script', async () => {
    const result = await sh('for id in 0 1; do echo $id');
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('syntax error');
  });

  it('ends a loop that costs no time', async () => {
    const result = await sh('while true; do :; done');
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain('10000');
  });

  it('fails the run when one of our commands throws', async () => {
    const { world, shell } = await rig();
    await expect(drive(world, shell.start('broken; echo on', 'bastion'))).rejects.toThrow(
      'broken: the command itself failed',
    );
  });

  it('cuts a script off at its deadline and keeps what was printed', async () => {
    const { run, world } = await sh('kctl --replica-id 0 --watch | grep -c normal; echo never', undefined, 3_500_000);
    expect(run.timedOut).toBe(true);
    expect(run.result).toEqual({ stdout: 'normal\nnormal\nnormal\nnormal\n', stderr: '', code: 124 });
    expect(world.nowUs).toBe(3_500_000);
    expect(run.calls).toEqual([
      { on: 'bastion', argv: ['kctl', '--replica-id', '0', '--watch'], startedUs: 0, endedUs: 3_500_000, code: 143 },
    ]);
  });

  it('keeps the files of a host from step to step and apart from those of other hosts', async () => {
    const { world, shell } = await rig();
    await drive(world, shell.start('echo kept > /tmp/a', 'replica-0'));
    const again = await drive(world, shell.start('cat /tmp/a; ssh replica-1 "cat /tmp/a"', 'replica-0'));
    expect(again.result).toEqual({ stdout: 'kept\n', stderr: 'cat: /tmp/a: No such file or directory\n', code: 1 });
  });
});

describe('files of a simulated host', () => {
  const withLog = ({ world }: { world: { modelFiles: Map<string, string> } }): void => {
    world.modelFiles.set('bastion:/var/log/kimberlite/server.log', 'ok\nChecksum bad\n');
    world.modelFiles.set('bastion:/var/lib/kimberlite/log/0001', 'a');
    world.modelFiles.set('bastion:/var/lib/kimberlite/log/0002', 'b');
  };

  it('are read by every command of the shell', async () => {
    const script =
      'grep -i "corrupt\\|checksum" /var/log/kimberlite/server.log; ls /var/lib/kimberlite/log; wc -l < /var/log/kimberlite/server.log';
    expect((await sh(script, withLog)).stdout).toBe('Checksum bad\n0001\n0002\n2\n');
  });

  it('are written through the model by redirections', async () => {
    const { world } = await sh("echo 'RUST_LOG=kimberlite=débug' >> /etc/kimberlite/environment");
    expect(world.modelFiles.get('bastion:/etc/kimberlite/environment')).toBe('RUST_LOG=kimberlite=débug\n');
  });

  it('go to our command, globs expanded, while other paths go to the bundled one', async () => {
    const script =
      'rm -rf /var/lib/kimberlite/log/*; echo x > /tmp/x; rm /tmp/x; ls /tmp; mv /var/lib/kimberlite/log/0001 /tmp';
    const { world, stdout, stderr } = await sh(script, withLog);
    expect(world.seen).toEqual(['bastion: rm -rf /var/lib/kimberlite/log/0001 /var/lib/kimberlite/log/0002']);
    expect(stdout).toBe('');
    expect(stderr).toContain('mv');
  });
});

describe('ssh', () => {
  it('runs a script on the host and passes its exit code on', async () => {
    const result = await sh('ssh root@replica-2.kimberlite.prod "hostname; exit 3"; echo code $?; hostname');
    expect(result.stdout).toBe('replica-2\ncode 3\nbastion\n');
  });

  it('expands variables here, has its own environment there, and nests', async () => {
    const script = `
      id=1; export SECRET=x
      ssh replica-$id.kimberlite.prod 'echo "[$SECRET]"; ssh replica-0 hostname; hostname; kctl --replica-id 0'
    `;
    expect((await sh(script)).stdout).toBe(
      '[]\nreplica-0\nreplica-1\n{"id": 0, "status": "normal", "from": "replica-1"}\n',
    );
  });

  it('accepts the usual options and --', async () => {
    expect((await sh('ssh -t -o BatchMode=yes -l root replica-0 -- hostname')).stdout).toBe('replica-0\n');
  });

  it('shows the wall clock of the far host', async () => {
    const { stdout } = await sh(
      'date +%s; ssh replica-2 "date +%s; awk \'BEGIN{print 1}\'; jq -n now"; date +%s',
      ({ world }) => world.wallOffsetMs.set('replica-2', 90_000),
    );
    expect(stdout).toBe('1770372000\n1770372090\n1\n1770372090\n1770372000\n');
  });

  it('refuses a host that is down or unknown', async () => {
    const down = await sh('ssh replica-1 hostname', ({ world }) => world.up.delete('replica-1'));
    expect(down).toMatchObject({ code: 255, stderr: 'ssh: connect to host replica-1 port 22: Connection timed out\n' });
    expect(down.world.nowUs).toBe(127_000_000);
    const quick = await sh('ssh -o ConnectTimeout=3 replica-1 hostname', ({ world }) => world.up.delete('replica-1'));
    expect(quick.world.nowUs).toBe(3_000_000);
    expect(await sh('ssh nowhere ls')).toMatchObject({
      code: 255,
      stderr: expect.stringContaining('Could not resolve'),
    });
    expect(await sh('ssh -z replica-1 ls')).toMatchObject({ code: 255, stderr: 'ssh: unknown option -z\n' });
  });

  it('takes the following lines of the script as typed on the host, until exit', async () => {
    const script = [
      'ssh replica-2.kimberlite.prod',
      'hostname',
      'echo $HOSTNAME | tr a-z A-Z',
      'ssh replica-1',
      'hostname',
      'exit',
      'hostname',
      'exit',
      'hostname',
    ].join('\n');
    expect((await sh(script)).stdout).toBe('replica-2\nREPLICA-2\nreplica-1\nreplica-2\nbastion\n');
  });

  it('takes the lines up to the end of the script when there is no exit', async () => {
    expect((await sh('hostname\nssh replica-2   # go there\nhostname\nfalse')).run.result).toEqual({
      stdout: 'bastion\nreplica-2\n',
      stderr: '',
      code: 1,
    });
  });

  it('says so when a session has no commands, and leaves lines within a loop alone', async () => {
    expect(await sh('for id in 0; do\nssh replica-0\ndone')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no command'),
    });
    expect(await sh('ssh replica-0 <<EOF\nhostname\nEOF')).toMatchObject({ code: 0, stdout: 'replica-0\n' });
  });
});
