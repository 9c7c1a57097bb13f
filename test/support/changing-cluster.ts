import { cancelChange, changeMembership } from '../../src/cluster/vsr/reconfiguration.ts';
import type { Rules } from '../../src/cluster/vsr/rules.ts';
import { MS, SECOND } from '../../src/sim/time.ts';
import { TestCluster } from './cluster-dsl.ts';
import type { ClusterOptions } from './cluster-parts.ts';

/** A cluster of three voters, or as many as told, beside blank machines; `voters` are those that a test counts on. */
export class ChangingCluster extends TestCluster {
  voters: readonly number[];

  constructor(spares: number, options: Partial<ClusterOptions> = {}, rules: Partial<Rules> = {}) {
    super({ replicas: 3, spares, ...options }, rules);
    this.voters = Array.from({ length: options.replicas ?? 3 }, (_none, host) => host);
  }

  override get all(): readonly number[] {
    return this.voters;
  }

  /** Starts the servers of spare machines: they wait for an invitation. */
  rack(...hosts: readonly number[]): void {
    for (const host of hosts) {
      this.machine(host).enabled = true;
      this.machine(host).start();
    }
    this.runFor(200 * MS);
  }

  /** Asks the primary (or a replica that takes itself for it) for other voters; '' or why not. */
  ask(voters: readonly number[], host = this.primary): string {
    let answer = '';
    this.machine(host).act(() => {
      answer = changeMembership(this.replica(host), voters, []);
    });
    return answer;
  }

  /** Gives up a change that waits for a newcomer; '' or why not. */
  cancel(): string {
    let answer = '';
    this.machine(this.primary).act(() => {
      answer = cancelChange(this.replica(this.primary));
    });
    return answer;
  }

  /** Waits until a primary's membership is stable and committed, then counts on its voters. */
  settle(): void {
    const stable = (): boolean => {
      const host = this.cluster.primaryHost();
      if (host < 0) return false;
      const { membership, commitMax } = this.replica(host);
      return membership.phase === 'stable' && commitMax >= membership.op;
    };
    this.runUntil('the change ends', stable, 60 * SECOND);
    this.voters = this.replica(this.primary).membership.voters;
  }
}
