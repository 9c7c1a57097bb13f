import { describe, expect, it } from 'vitest';
import { VersionGate } from '../../../src/checkers/version-gate.ts';
import { releaseOfOperation } from '../../../src/cluster/kimberlite/machine.ts';
import { OPERATION, ZERO_SUM } from '../../../src/cluster/storage/prepare.ts';
import { makePrepare } from '../../../src/cluster/storage/record.ts';
import { draft, seal } from '../../../src/cluster/vsr/message.ts';
import type { RunPlan } from '../../../src/plan/plan.ts';
import { SECOND } from '../../../src/sim/time.ts';
import { APPEND } from '../../checkers/properties/stage.ts';
import { Rig } from './kit.ts';

const OLD = ['v0.3.0', 'v0.3.0', 'v0.3.0'];
const ENTRY = {
  cluster: 1,
  parent: ZERO_SUM,
  epoch: 0,
  view: 0,
  op: 1,
  client: 0,
  request: 0,
  timestampUs: 0,
  body: new Uint8Array(8),
};
const CERTIFICATE = '/etc/kimberlite/server.crt';

function deployed(platform: 'systemd' | 'docker' | 'kubernetes', joining = -1): NonNullable<RunPlan['deployment']> {
  return { platform, releases: OLD, volume: 'claim', joining };
}

function restart(rig: Rig, host: number): void {
  rig.machine(host).stop('stop');
  rig.machine(host).start();
  rig.pass(12 * SECOND);
}

describe('kubectl', () => {
  it('looks in the namespace that it is told, and changes a pod that is deleted', () => {
    const rig = new Rig({ deployment: deployed('kubernetes') });
    expect(rig.run('kubectl rollout status statefulset/kimberlite').stderr).toContain('not found');
    expect(rig.run('kubectl patch statefulset kimberlite -n production -p {}').stderr).toContain('updateStrategy');
    rig.fleet.statefulSet!.strategy = 'OnDelete';
    const image = 'kubectl set image statefulset/kimberlite kimberlite=kimberlite/server:v0.4.0 -n production';
    expect(rig.run(image).stdout).toContain('image updated');
    expect(rig.run(image).stdout).toBe('');
    expect(rig.run('kubectl get pods -n production').stdout).not.toContain('v0.4.0');
    expect(rig.run('kubectl delete pod kimberlite-2 -n production').stdout).toContain('deleted');
    rig.pass(30 * SECOND);
    expect(rig.run('kubectl get pods -n production').stdout).toMatch(/^kimberlite-2 +1\/1 +Running +0 .*v0\.4\.0$/m);
    expect(rig.run('kimberlite-cli cluster version').stdout).toContain('cluster_version: v0.3.0');
    expect(rig.cluster.nodes.every((node) => node?.machine.activeRelease === 0)).toBe(true);
  });
});

describe('docker', () => {
  it('fetches an image and changes nothing that runs; the environment file does, at the next start', () => {
    const rig = new Rig({ deployment: deployed('docker') });
    const name = rig.machine(2).name;
    expect(rig.run('docker pull kimberlite/server:v0.4.0', name).stdout).toContain('Downloaded');
    restart(rig, 2);
    expect(rig.run('docker ps', name).stdout).toContain('v0.3.0');
    for (const host of [0, 1, 2]) {
      rig.fleet.environmentFiles.set(host, 'KIMBERLITE_TAG=v0.4.0\n');
      restart(rig, host);
    }
    rig.pass(10 * SECOND);
    expect(rig.run('docker ps', name).stdout).toContain('v0.4.0');
    expect(rig.cluster.nodes.every((node) => node?.machine.activeRelease === 400)).toBe(true);
  });
});

it('a bundle and a report name the release that ran on their host', () => {
  const rig = new Rig({ deployment: { ...deployed('systemd'), releases: ['v0.3.0', 'v0.4.0', 'v0.3.0'] } });
  rig.run('kimberlite-admin diagnostics --output /tmp/d', 'replica-1');
  rig.run('systemctl stop kimberlite', 'replica-1');
  rig.run('kimberlite-admin diagnostics --output /tmp/e', 'replica-1');
  const [name] = [rig.machine(1).name];
  for (const path of ['/tmp/d', '/tmp/e']) expect(rig.written.get(`${name}:${path}`)).toContain('release v0.4.0\n');
  rig.written.set(`${name}:/tmp/f`, 'archive');
  const report = 'bug-report --output /tmp/r --expected x --observed y --bundle';
  expect(rig.run(`${report} /tmp/f`, 'replica-1').stderr).toContain('no bundle of kimberlite-admin diagnostics');
});

describe('openssl and issue-certificate', () => {
  it('show why a handshake fails, and mend it', () => {
    const rig = new Rig({ naming: 'node', deployment: deployed('systemd', 2) });
    const enrolment = rig.cluster.enrolment!;
    const copyOut = (): void => {
      rig.written.set(`new-node:${CERTIFICATE}`, enrolment.certificateText(2));
    };
    enrolment.flaw(2, 'expired', 3);
    restart(rig, 2);
    copyOut();
    const command = `openssl x509 -in ${CERTIFICATE} -text -noout`;
    expect(rig.run(command, 'new-node').stdout).toContain('Not After : 2026-02-03');
    const log = rig.machine(2).journal.map(({ text }) => text);
    expect(log).toContain('Rejected by leader: TLS alert certificate_expired');
    const commit = rig.cluster.nodes[2]!.vsr.replica.commit;
    const asked = (options: string): readonly [number, string] => {
      const { code, stdout, stderr } = rig.run(`openssl x509 -in ${CERTIFICATE} ${options}`, 'new-node');
      return [code, stdout + stderr];
    };
    expect(asked('-noout -enddate')).toEqual([0, expect.stringMatching(/^notAfter=2026-02-03 \S+\n$/)]);
    expect(asked('-noout -dates')[1]).toMatch(/^notBefore=.*\nnotAfter=.*\n$/);
    expect(asked('-noout -checkend 86400')).toEqual([1, 'Certificate will expire\n']);
    expect(asked('-noout -foo')).toEqual([1, 'x509: Unknown option or argument: -foo\n']);
    expect(asked('-checkend soon')[0]).toBe(1);
    expect(rig.run('issue-certificate new-node').stdout).toContain('signed for new-node');
    copyOut();
    expect(rig.run(command, 'new-node').stdout).toContain('DNS:new-node');
    expect(asked('-noout -checkend 86400')).toEqual([0, 'Certificate will not expire\n']);
    expect(asked('-noout -checkend 31536000')[0]).toBe(1);
    expect(rig.cluster.nodes[2]!.vsr.replica.commit).toBe(commit);
    restart(rig, 2);
    expect(rig.cluster.nodes[2]!.vsr.replica.commit).toBeGreaterThan(commit);
  });

  it('the id of a member and the name of another cluster are refused, too', () => {
    const rig = new Rig({ naming: 'node', deployment: deployed('systemd', 2) });
    const said = (): string =>
      rig
        .machine(2)
        .journal.map(({ text }) => text)
        .join('\n');
    rig.cluster.enrolment!.misconfigure(2, 'node-id', 2, '');
    restart(rig, 2);
    expect(said()).toContain('Rejected by leader: node id 2 is taken by node2');
    rig.cluster.enrolment!.misconfigure(2, 'cluster-name', 0, '');
    restart(rig, 2);
    expect(said()).toContain('the data directory belongs to another cluster');
    expect(rig.machine(2).isUp).toBe(false);
  });
});

describe('INV-VERSION-GATE', () => {
  const play = (releases: readonly number[], operation: number): string[] => {
    const found: string[] = [];
    const facts = { replicaCount: 3, releaseOf: (replica: number) => releases[replica]!, neededBy: releaseOfOperation };
    const gate = new VersionGate(facts, (_property, site) => void found.push(site));
    const message = draft('prepare', 0, 0);
    message.prepare = makePrepare({ ...ENTRY, operation });
    gate.onSend(0, 1, seal(message, 0, 1));
    gate.onStart(2, 2);
    return found;
  };

  it('passes what everybody reads, and finds a form, and a start, below it', () => {
    expect(play([300, 400, 400], APPEND)).toEqual([]);
    expect(play([400, 400, 400], OPERATION.release)).toEqual([]);
    expect(play([300, 400, 400], OPERATION.release)).toEqual(['form-before-all-can-read']);
    expect(play([400, 400, 300], OPERATION.release)).toEqual([
      'form-before-all-can-read',
      'started-below-what-the-log-holds',
    ]);
  });
});
