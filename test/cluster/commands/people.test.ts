import { describe, expect, it } from 'vitest';
import { COMMAND_GUARDS } from '../../../src/cluster/kimberlite/guards.ts';
import { SECOND } from '../../../src/sim/time.ts';
import { between, Rig } from './kit.ts';

const FORCE = 'kimberlite-admin force-leader --node-id 1 --data-dir /var/lib/kimberlite';

function twoDown(guardsOff: readonly string[] = []): Rig {
  const rig = new Rig({ naming: 'node', guardsOff });
  for (const host of [1, 2]) rig.machine(host).powerLoss('power', 'mix');
  rig.run('systemctl stop kimberlite', 'node1');
  return rig;
}

describe('force-leader', () => {
  it('wants approval, fencing, a stopped server and its own node', () => {
    const rig = twoDown();
    expect(rig.run(FORCE, 'node1').stderr).toContain('no approval of data loss');
    rig.run('approve --what data-loss --by Ada');
    expect(rig.run(FORCE, 'node1').stderr).toContain('members 2, 3 are not fenced');
    for (const node of ['node2', 'node3']) expect(rig.run(`fence ${node}`).code).toBe(0);
    expect(rig.run(FORCE.replace('id 1', 'id 2'), 'node1').stderr).toContain('belongs to node 1');
    expect(rig.run(FORCE, 'operator').stderr).toContain('is no data directory');
    expect(rig.run(FORCE, 'node1').stdout).toMatch(/only member, epoch 1; .*\nmembers dropped: 2, 3/);
    rig.run('systemctl start kimberlite', 'node1');
    rig.pass(5 * SECOND);
    const replica = rig.cluster.nodes[0]?.vsr.replica;
    expect([replica?.members, replica?.epoch, replica?.isPrimary]).toEqual([[0], 1, true]);
    expect(rig.run(FORCE, 'node1').stderr).toContain('the server runs');
  });

  it('refuses while another survivor holds more', () => {
    const rig = new Rig({ naming: 'node', guardsOff: ['force-needs-approval', 'force-needs-fencing'] });
    rig.run('systemctl stop kimberlite', 'node1');
    rig.pass(10 * SECOND);
    expect(rig.run(FORCE, 'node1').stderr).toMatch(/node [23] holds a newer log/);
  });

  it('without the guard takes over under the old epoch', () => {
    const rig = twoDown([
      'force-needs-approval',
      'force-needs-fencing',
      'force-new-epoch',
      'force-needs-best-survivor',
    ]);
    expect(rig.run(FORCE, 'node1').stdout).toContain('epoch 0');
  });

  it('keeps the returning members out of the new epoch', () => {
    const rig = twoDown(['force-needs-fencing']);
    rig.run('approve --what data-loss --by Ada');
    rig.run(FORCE, 'node1');
    rig.run('systemctl start kimberlite', 'node1');
    for (const host of [1, 2]) rig.machine(host).powerOn(SECOND);
    rig.pass(10 * SECOND);
    expect(rig.cluster.nodes[0]?.vsr.replica.members).toEqual([0]);
    const { stdout } = rig.run('kimberlite-cli cluster status');
    expect(stdout).toContain('cluster: size 1, epoch 1');
    expect(stdout).toContain('warning: replicas 2, 3 answer but belong to another epoch');
  });
});

describe('people', () => {
  it('record what was said, with its time', () => {
    const rig = new Rig();
    rig.run('escalate --to "CTO" corruption on replica 2');
    rig.run('open-ticket --title assertion /tmp/dump.json');
    rig.run('post-update --channel #kimberlite-incidents P0 incident - investigating');
    expect(rig.run('escalate to CTO').code).toBe(2);
    const atUs = rig.cluster.world.nowUs;
    expect(rig.fleet.people.records).toEqual([
      { atUs, act: 'escalate', about: 'CTO', text: 'corruption on replica 2' },
      { atUs, act: 'open-ticket', about: 'assertion', text: '/tmp/dump.json' },
      { atUs, act: 'post-update', about: '#kimberlite-incidents', text: 'P0 incident - investigating' },
    ]);
  });

  it('mend a fault by its label', () => {
    const rig = new Rig();
    const { network } = rig.cluster.world;
    network.cut('partition', between([0], [1, 2]));
    rig.fleet.mend = (label) => network.heal(label);
    expect(rig.run('mend partitoin').code).toBe(1);
    expect(rig.run('mend partition').code).toBe(0);
    expect(network.isCut(0, 1)).toBe(false);
  });

  it('fence a host, also when it comes back', () => {
    const rig = new Rig();
    rig.run('fence replica-2');
    expect(rig.run('ping -c 1 -W 1 replica-2').code).toBe(1);
    rig.run('unfence replica-2');
    expect(rig.run('ping -c 1 -W 1 replica-2').code).toBe(0);
  });
});

it('names every guard once, with the ambiguity that it closes', () => {
  const names = COMMAND_GUARDS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { ambiguity } of COMMAND_GUARDS) expect(ambiguity).toMatch(/^AMB-[A-Z0-9-]+$/);
});
