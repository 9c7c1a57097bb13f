import { existsSync } from 'node:fs';
import type { CampaignEngine } from '../campaign/engine.ts';
import type { PoolRun } from '../campaign/pool.ts';
import type { RunPlan } from '../plan/plan.ts';
import { isUserError } from '../plan/user-error.ts';
import type { RunRow } from '../store/rows.ts';
import { bundleOf, bundlePath, planPath, type Versions, writeBundle, writePlan } from './bundle.ts';

/**
 * A bundle for the first failure of each signature, written as soon as one is seen, so that an interrupted campaign has
 * them, too. The first one of the finished campaign may be another one: it is written at the end.
 */
export class FuzzBundles {
  private readonly reports: string;
  private readonly versions: Versions;
  private readonly seen: Set<string>;
  /** Why the folder took none; null while it does. */
  problem: string | null;

  constructor(reports: string, versions: Versions, seen: readonly string[]) {
    this.reports = reports;
    this.versions = versions;
    this.seen = new Set(seen);
    this.problem = null;
  }

  /** Hears of every stored run. */
  heard({ verdict, expected, signature }: RunRow, { result }: PoolRun): void {
    if (verdict !== 'failed' || expected || this.seen.has(signature)) return;
    this.seen.add(signature);
    this.write(bundlePath(this.reports, result), () => bundleOf(result, this.versions));
  }

  /** The bundle of a stored failure; a run that has none yet is made again. Null where it cannot be had. */
  async of(row: RunRow, engine: CampaignEngine | null, campaign: string): Promise<string | null> {
    const plan = JSON.parse(row.planJson) as RunPlan;
    const path = bundlePath(this.reports, { plan, traceHash: row.traceHash });
    if (existsSync(path)) return path;
    if (engine === null || this.problem !== null) return null;
    const job = { campaign: `${campaign}/bundle`, firstIndex: row.index, count: 1 };
    const [run] = await engine.run({ ...job, source: { kind: 'plans', plans: [plan] }, priority: 'retest' });
    if (run?.result.traceHash !== row.traceHash) return null;
    return this.write(path, () => bundleOf(run.result, this.versions));
  }

  /** The plan of a run that has no hash to compare: it crashed, hung or differed. */
  planOf({ scenario, variant, seed, planHash, planJson }: RunRow): string | null {
    if (this.problem !== null) return null;
    const path = planPath(this.reports, { scenario, variant, seed }, planHash);
    try {
      writePlan(path, JSON.parse(planJson) as RunPlan);
      return path;
    } catch (error) {
      if (!isUserError(error)) throw error;
      this.problem = error.message;
      return null;
    }
  }

  private write(path: string, content: () => ReturnType<typeof bundleOf>): string | null {
    if (this.problem !== null) return null;
    try {
      writeBundle(path, content());
      return path;
    } catch (error) {
      if (!isUserError(error)) throw error;
      this.problem = error.message;
      return null;
    }
  }
}
