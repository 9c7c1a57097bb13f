import { describe, expect, it, vi } from 'vitest';
import { SECOND } from '../../../src/sim/time.ts';
import { between, Rig } from './kit.ts';

const HOSTS = { cores: 2, memoryBytes: 8_589_934_592, eventUs: 200, applyUs: 500, quantumUs: 6_000 };
const REPORT = { user: 'report', scanUs: 2 * SECOND, readBytes: 0, thinkUs: SECOND, locks: true };

function loaded(): Rig {
  const rig = new Rig({ hosts: HOSTS });
  rig.cluster.queries[0]?.connect(REPORT, 0);
  rig.pass(SECOND);
  return rig;
}

describe('query slow-queries and query kill', () => {
  it('list what runs for long, end it for good, and hold the projection back until then', () => {
    const rig = loaded();
    const list = rig.run('kimberlite-cli query slow-queries --threshold-ms 100').stdout;
    expect(list).toMatch(/q-0-1 +0 +1\d{3} +2000000 running +report/);
    const node = rig.cluster.nodes[0];
    expect((node?.vsr.replica.commit ?? 0) - (node?.projected ?? 0)).toBeGreaterThan(0);
    expect(rig.run('kimberlite-cli query kill q-0-9').code).toBe(1);
    expect(rig.run('kimberlite-cli query kill repl-1').stderr).toContain('refused');
    expect(rig.run('kimberlite-cli query kill q-0-1').stdout).toBe('killed: q-0-1\n');
    rig.pass(5 * SECOND);
    expect(rig.run('kimberlite-cli query slow-queries').stdout).not.toContain('q-0-1');
    expect((node?.vsr.replica.commit ?? 0) - (node?.projected ?? 0)).toBeLessThan(5);
  });

  it('end nothing on a replica that does not answer', () => {
    const rig = loaded();
    rig.cluster.world.network.cut('cut', between([0], [rig.cluster.operatorHost]));
    const kill = rig.run('kimberlite-cli query kill q-0-1');
    expect([kill.code, kill.stderr]).toEqual([1, expect.stringContaining('no query q-0-1; replica 0 does not answer')]);
    rig.cluster.world.network.heal('cut');
    expect(rig.run('kimberlite-cli query slow-queries').stdout).toContain('q-0-1');
    expect(rig.run('kimberlite-cli query kill q-0-1').code).toBe(0);
  });

  it('an index helps the executions that begin later', () => {
    const rig = loaded();
    expect(rig.run('add-index --table nothing').code).toBe(1);
    rig.run('add-index --table report_events');
    rig.pass(5 * SECOND);
    expect(rig.run('kimberlite-cli query slow-queries').stdout).not.toContain('report');
    expect(rig.cluster.queries[0]?.sessions.length).toBe(1);
  });
});

describe('top, mpstat, ps, free and perf', () => {
  it('show who has the cores and the memory of this host', () => {
    const rig = loaded();
    expect(rig.run('top -b -n 2', 'replica-0').stdout).toMatch(/ \d\d\.\d +\d+\.\d kimberlite-server/);
    expect(rig.run('mpstat -P ALL 1 1', 'replica-1').stdout).toMatch(/all +\d\.\d +9\d\.\d/);
    const second = rig.run('mpstat -P 1 1 1', 'replica-1').stdout;
    expect(second).toMatch(/^ CPU +%usr +%idle\n +1 +\d+\.\d +\d+\.\d\n$/);
    for (const none of ['BOGUS', '2', '0-2', '1-0']) expect(rig.run(`mpstat -P ${none} 1 1`, 'replica-1').code).toBe(1);
    expect(rig.run('ps aux', 'replica-1').stdout).toContain('kimberlite-server');
    expect(rig.run('free -m', 'replica-1').stdout).toMatch(/Mem: +8192 +768 +7424/);
    const pid = rig.run('pidof kimberlite-server', 'replica-0').stdout.trim();
    expect(rig.run(`perf record -p ${pid} -g -- sleep 3`, 'replica-0').stdout).toContain('wrote perf.data');
    expect(rig.run('perf report', 'replica-0').stdout).toContain('kimberlite_query::scan_rows');
    expect(rig.run('perf record -p 1 -g -- sleep 3', 'replica-0').code).toBe(1);
  });
});

it('memtester takes the memory that it tests, and no more than there is', () => {
  const rig = new Rig({ hosts: HOSTS });
  expect(rig.run('memtester 64G 1', 'replica-1')).toMatchObject({
    code: 1,
    stderr: 'memtester: cannot get 65536 MB: 7424 MB are available\n',
  });
  const { memory } = rig.machine(1).cpu.model!;
  const before = memory.availableBytes();
  const held = vi.spyOn(memory, 'hold');
  expect(rig.run('memtester 2G 9', 'replica-1', 5 * SECOND).code).toBe(143);
  expect(held.mock.calls[0]?.[1]).toMatchObject({ owner: 'other', baseBytes: 2 * 1_024 ** 3 });
  expect(memory.availableBytes()).toBe(before);
  expect(rig.run('memtester 2G 1', 'replica-1').stdout).toContain('Done.');
});

describe('aws ec2 for instances', () => {
  it('resizes a host only while it is off', () => {
    const rig = new Rig({ hosts: HOSTS });
    const modify = 'aws ec2 modify-instance-attribute --instance-id i-0002 --instance-type m6i.2xlarge';
    expect(rig.run(modify).stderr).toContain('IncorrectInstanceState');
    rig.run('aws ec2 stop-instances --instance-ids i-0002');
    expect(rig.machine(1).isUp).toBe(false);
    expect(rig.run(modify).stdout).toContain('8 cores');
    rig.run('aws ec2 start-instances --instance-ids i-0002');
    rig.pass(60 * SECOND);
    expect([rig.machine(1).isUp, rig.machine(1).cpu.model?.threads.cores]).toEqual([true, 8]);
  });
});

describe('heaptrack', () => {
  it('refuses a data directory in use, unless the product has no lock', () => {
    const line = 'heaptrack kimberlite-server --config /etc/kimberlite/config.toml';
    expect(new Rig({ hosts: HOSTS }).run(line, 'replica-1').stderr).toContain('is in use by process 1001');
    const rig = new Rig({ hosts: HOSTS, guardsOff: ['data-directory-lock'] });
    const seen: number[] = [];
    rig.fleet.onSecondServer = (host, incarnation) => seen.push(host, incarnation);
    expect(rig.run(line, 'replica-1').stderr).toContain('Address already in use');
    expect(seen).toEqual([1, 2]);
    rig.run('systemctl stop kimberlite', 'replica-1');
    expect(rig.run(line, 'replica-1', 30 * SECOND).code).toBe(143);
    expect(rig.machine(1).isUp).toBe(false);
    expect([...rig.written.keys()].some((key) => key.endsWith('heaptrack.kimberlite-server.txt'))).toBe(true);
  });
});
