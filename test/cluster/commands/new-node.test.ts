import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../src/sim/time.ts';
import { Rig, type RigOptions } from './kit.ts';

/** Node1 forced to lead alone, the data of node2 gone, node4 a blank machine. */
function forced(options: RigOptions = {}): Rig {
  const rig = new Rig({
    naming: 'node',
    replicaCount: 4,
    spares: 1,
    guardsOff: ['force-needs-approval', 'force-needs-fencing', 'force-needs-best-survivor'],
    ...options,
  });
  for (const host of [0, 1, 2]) rig.machine(host).stop('stop');
  for (const file of rig.machine(1).disk.files()) rig.machine(1).disk.removeFile(file);
  const told = rig.run('kimberlite-admin force-leader --node-id 1 --data-dir /var/lib/kimberlite', 'node1');
  expect(told.stdout).toContain('epoch 1');
  rig.machine(0).start();
  rig.pass(5 * SECOND);
  return rig;
}

const START = 'kimberlite-server --node-id';

describe('kimberlite-server --node-id', () => {
  it('starts an empty node that follows the configuration of its peer, without a vote', () => {
    const rig = forced();
    const told = rig.run(`${START} 4 --cluster-peers "node1:7001"`, 'node4');
    expect(told.stdout).toContain('epoch 1, members 1; started without a vote');
    rig.pass(5 * SECOND);
    const replica = rig.cluster.nodes[3]?.vsr.replica;
    expect(replica?.epoch).toBe(1);
    expect(replica?.mustRecover).toBe(true);
    const joined = rig.run('kimberlite-cli cluster reconfig add-replica --replica-id 4', 'operator');
    expect(joined.stderr).toContain('cluster size must be odd');
  });

  it('refuses a former id, a directory with data, another host, and peers that do not answer', () => {
    const rig = forced();
    expect(rig.run(`${START} 2 --cluster-peers node1`, 'node2').stderr).toContain('a new machine takes a new id');
    expect(rig.run(`${START} 3 --cluster-peers node1`, 'node3').stderr).toContain('holds data');
    expect(rig.run(`${START} 4 --cluster-peers node1`, 'node3').stderr).toContain('not the host of node 4');
    expect(rig.run(`${START} 4 --cluster-peers node3:7001`, 'node4').stderr).toContain('no peer answers: node3:7001');
    expect(rig.run(`${START} 1 --cluster-peers node1`, 'node1').stderr).toContain('a server runs');
  });

  it('without its guards lets an empty node vote under its former id', () => {
    const rig = forced({
      guardsOff: [
        'force-needs-approval',
        'force-needs-fencing',
        'force-needs-best-survivor',
        'new-node-new-id',
        'new-node-has-no-vote',
      ],
    });
    const told = rig.run(`${START} 2 --cluster-peers node1:7001`, 'node2');
    expect(told.stdout).toContain('members 1, 2, 3; started with a vote');
    expect(rig.cluster.nodes[1]?.vsr.replica.mustRecover).toBe(false);
  });
});
