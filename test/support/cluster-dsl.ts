import { expect } from 'vitest';
import { KIMBERLITE_OPERATION, streamKey } from '../../src/cluster/kimberlite/machine.ts';
import { operationBody } from '../../src/cluster/vsr/client.ts';
import type { Replica } from '../../src/cluster/vsr/replica.ts';
import { SECOND, type Us } from '../../src/sim/time.ts';
import { FaultyCluster } from './cluster-faults.ts';

export { ELECTION_US } from './cluster-parts.ts';

/**
 * The vocabulary of scenario tests: boot a small cluster, let clients write, strike, wait for states, and finish with
 * everything healed and read back. Clients issue only what a test asks for.
 */
export class TestCluster extends FaultyCluster {
  /** Starts every host and waits until all are normal in the first view and their clocks agree. */
  boot(): this {
    this.cluster.start();
    for (const client of this.cluster.clients) if (client !== null) client.active = false;
    const ready = (host: number): boolean => {
      const { status, clock } = this.replica(host);
      return status === 'normal' && clock.isSynchronised(this.machine(host).monotonicUs());
    };
    this.runUntil('the cluster boots', () => this.all.every(ready));
    return this;
  }

  // ---- Clients ----

  /** Lets a client issue `count` appends to its own stream, one after the other. */
  submit(count: number, index = 0): void {
    for (let each = 0; each < count; each++) {
      const key = streamKey(1, index);
      const value = 0x1000 * (index + 1) + ++(this.issued as number[])[index]!;
      const body = operationBody(key, value, 24);
      this.client(index).plan({ operation: KIMBERLITE_OPERATION.append, key, value, body });
    }
  }

  /** {@link submit} and wait for the answers. */
  write(count: number, index = 0, withinUs: Us = 30 * SECOND): void {
    this.submit(count, index);
    this.runUntil(`${count} answers for client ${index}`, () => this.client(index).idle, withinUs);
  }

  /** Answers that client `index` gets within `us`. */
  answersWithin(us: Us, index = 0): number {
    const before = this.client(index).acknowledged;
    this.reaches(() => this.client(index).idle, us);
    return this.client(index).acknowledged - before;
  }

  // ---- What can be expected ----

  /** Whether all replicas (or those named) are up and normal in one view, with equal logs, nothing missing, clocks agreed. */
  isConverged(hosts: readonly number[] = this.all): boolean {
    const first = this.cluster.observation(hosts[0] as number);
    return hosts.every((host) => {
      const seen = this.cluster.observation(host);
      if (seen === null || first === null || seen.status !== 'normal' || !seen.settled) return false;
      const same = seen.view === first.view && seen.commit === first.commit && seen.stateHash0 === first.stateHash0;
      return same && seen.op === seen.commit && seen.commit === seen.commitMax;
    });
  }

  /** Expects the same of every host; only the named fields are compared. */
  expect(
    hosts: number | readonly number[],
    fields: Partial<
      Pick<Replica, 'status' | 'view' | 'logView' | 'op' | 'commit' | 'commitMax' | 'checkpointOp' | 'mustRecover'>
    >,
  ): void {
    for (const host of typeof hosts === 'number' ? [hosts] : hosts) {
      expect(this.replica(host), `replica ${host}\n${this.text()}`).toMatchObject(fields);
    }
  }

  /**
   * Heals everything, starts what is down, and waits until all replicas agree and every client is answered; then each
   * client reads its stream back: no append that was acknowledged may be missing, none may have happened twice.
   */
  finish(withinUs: Us = 60 * SECOND): void {
    this.heal();
    for (const host of this.all) this.start(host);
    // Enough of new writes for a checkpoint in the healed cluster (R12: a new write of each client commits).
    for (const index of this.issued.keys()) this.submit(this.cluster.config.checkpointOps, index);
    const idle = (): boolean => this.cluster.clients.every((client) => client?.idle);
    const together = (): boolean => this.isConverged() && idle();
    this.runUntil('the healed cluster converges', together, withinUs);
    for (const [index, count] of this.issued.entries()) {
      const key = streamKey(1, index);
      this.client(index).plan({ operation: KIMBERLITE_OPERATION.read, key, value: 0, body: operationBody(key, 0, 8) });
      this.runUntil(`client ${index} reads its stream`, idle, withinUs);
      const length = this.client(index).last?.length;
      // A client whose session was evicted cannot know whether its request was executed, and asks once more.
      if (this.marks('client-evicted', this.clientHost(index)) === 0) expect(length).toBe(count);
      else expect(length).toBeGreaterThanOrEqual(count);
    }
    this.runUntil('the cluster converges after the reads', together, withinUs);
    this.properties.onEnd();
    expect(this.findings.map((finding) => finding.text)).toEqual([]);
  }
}
