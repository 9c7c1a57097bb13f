import { describe, expect, it } from 'vitest';
import { ReadService } from '../../src/cluster/kimberlite/read-service.ts';
import { MS, SECOND } from '../../src/sim/time.ts';
import { Rig } from './commands/kit.ts';

const LOAD = { qps: 1_000, answerBytes: 10_000, bufferUs: SECOND, cpuUs: 0, workers: 8 };

describe('reads', () => {
  it('beyond the limit of a server are refused', () => {
    const reads = new ReadService();
    reads.maxPerSecond = 100;
    const answers: number[] = [];
    for (let turn = 0; turn < 25; turn++) {
      reads.serve(50, 50 * MS, turn * 50 * MS, LOAD, null, (count) => answers.push(count));
    }
    expect(answers.every((count) => count === 5)).toBe(true);
    expect([reads.offeredPerSecond, reads.answeredPerSecond]).toEqual([1_000, 100]);
    expect(reads.refused).toBe(25 * 45);
  });

  it('take the time of cores, and are refused when every thread is taken', () => {
    const rig = new Rig({ hosts: { cores: 2, memoryBytes: 1e9, eventUs: 10, applyUs: 10, quantumUs: 5 * MS } });
    const { reads } = rig.cluster.nodes[1] as NonNullable<(typeof rig.cluster.nodes)[number]>;
    expect(rig.cluster.readers.begin([1], { ...LOAD, cpuUs: 4 * MS })).toBe(true);
    expect(rig.cluster.readers.begin([2], LOAD)).toBe(false);
    for (let turn = 0; turn < 60; turn++) rig.pass(rig.cluster.readers.turn());
    // Two cores give two seconds of CPU time a second: about five hundred reads of four milliseconds.
    expect(reads.answeredPerSecond).toBeGreaterThan(400);
    expect(reads.answeredPerSecond).toBeLessThan(600);
    expect(reads.refused).toBeGreaterThan(500);
    expect(rig.run('curl -s http://localhost:9090/metrics', 'replica-1').stdout).toMatch(
      /kmb_requests_total\{method="read",status="error"\} \d{3,}/,
    );
  });

  it('follow their name, one reader after another', () => {
    const rig = new Rig();
    const { readers, nodes } = rig.cluster;
    readers.begin([0], LOAD);
    rig.pass(readers.turn());
    readers.route([0, 2]);
    for (let turn = 0; turn < 20 * 30; turn++) rig.pass(readers.turn());
    const rates = [0, 1, 2].map((host) => nodes[host]?.reads.answeredPerSecond ?? -1);
    // Half of the time that a name's answer lasts: half of the readers have asked again, and half of these ask replica 2.
    expect(rates[1]).toBe(0);
    expect(rates[0]).toBeGreaterThan(700);
    expect(rates[2]).toBeGreaterThan(200);
  });

  it('are limited on standbys only', () => {
    const rig = new Rig();
    const throttle = 'kimberlite-cli standby throttle --replica-id 1';
    expect(rig.run(`${throttle} --max-qps 10`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no standby'),
    });
    expect(rig.run(throttle).code).toBe(2);
    expect(rig.run(`${throttle} --max-qps 10 --lift`).code).toBe(2);
  });
});
