import { createHash } from 'node:crypto';
import { planHash } from '../campaign/expand.ts';
import type { GateEvidence, GateRun } from '../campaign/gate/evidence.ts';
import type { GateWaiver } from '../campaign/gate/policy.ts';
import { baselineOf } from '../campaign/gate/rules.ts';
import { NONDETERMINISM } from '../campaign/run-row.ts';
import { swarmPlan } from '../faults/swarm.ts';
import type { RunPlan } from '../plan/plan.ts';
import { planText } from '../plan/read.ts';
import { isUserError } from '../plan/user-error.ts';
import type { ReportDetail, ReportRun, ReportTotals } from '../report/model.ts';
import { bundleOf, bundlePath, planPath, writeBundle, writePlan } from './bundle.ts';
import type { Attestation } from './gate-attestation.ts';
import type { GatedRun } from './gate-runs.ts';
import { ReportAssembly } from './report-assemble.ts';
import type { ReportContext } from './report-context.ts';
import { detailOfPlan } from './report-detail.ts';
import { runOfResult } from './report-run.ts';
import { shellWord } from './shell-word.ts';

/** Bundles that a gate writes: of failures that nobody had declared, and of runs that no command line draws. */
const BUNDLES_MAX = 20;

/** Ends of runs that have no hash to compare. */
const NO_HASH: readonly string[] = ['crashed', 'hung', NONDETERMINISM];

/** Whether `firedrill run` makes a plan from the names in it: `run swarm` draws the plain plan of a seed and no other. */
function isNamed(plan: RunPlan): boolean {
  return plan.variant !== 'swarm' || planText(plan) === planText(swarmPlan(plan.seed));
}

/** Adds up what a gate has tried. Of most runs only what is judged is kept. */
export class GateLedger {
  readonly assembly: ReportAssembly;
  private readonly context: ReportContext;
  private readonly runs: GateRun[];
  private readonly plans: Map<string, RunPlan>;
  private readonly hashes: string[];
  private readonly marks: Map<string, number>;
  private readonly features: Set<number>;
  private readonly suppressed: { faults: number; runs: number };
  private readonly sums: { runs: number; drawn: number };
  private readonly bundled: Set<string>;
  private counted: ReportTotals | null;

  constructor(context: ReportContext) {
    this.context = context;
    this.assembly = new ReportAssembly(context);
    this.runs = [];
    this.plans = new Map();
    this.hashes = [];
    this.marks = new Map();
    this.features = new Set();
    this.suppressed = { faults: 0, runs: 0 };
    this.sums = { runs: 0, drawn: 0 };
    this.bundled = new Set();
    this.counted = null;
  }

  add(gated: GatedRun): void {
    const { result, run, wallMs } = gated;
    const { plan } = result;
    this.hashes.push(planHash(JSON.stringify(plan)));
    for (const [mark] of result.reached) this.marks.set(mark, (this.marks.get(mark) ?? 0) + 1);
    if (plan.variant === 'swarm') {
      this.sums.drawn++;
      for (const feature of result.coverage ?? []) this.features.add(feature);
    }
    const { length } = result.faultsSuppressed;
    if (length > 0) this.suppressed.runs++;
    this.suppressed.faults += length;
    const { bundle, again } = this.keep(gated);
    this.runs.push({ ...run, again });
    const shown = runOfResult(result, { expected: run.expected, wallMs, bundle, again });
    const row: ReportRun = {
      ...shown,
      id: `${shown.id}-${this.runs.length}`,
      reason: run.reason,
      signature: run.signature,
    };
    if (run.signature !== '') this.plans.set(row.id, plan);
    this.assembly.add(row);
  }

  /**
   * Keeps what shows a run again: the first undeclared failure of each signature, and the first end of each kind of a run
   * that no command line draws. A folder that takes none costs the bundle, not the gate. Beside it the line that does so,
   * '' for none.
   */
  private keep({ result, replayed, run }: GatedRun): { readonly bundle: string | null; readonly again: string } {
    const failed = run.verdict === 'failed' && !run.expected;
    const named = isNamed(result.plan);
    const without = { bundle: null, again: named ? run.again : '' };
    const key = failed
      ? `${run.scenario} ${run.signature}`
      : `${run.scenario} ${run.variant} ${run.profile} ${run.verdict} ${run.reason}`;
    if ((named && !failed) || this.bundled.has(key) || this.bundled.size >= BUNDLES_MAX) return without;
    this.bundled.add(key);
    try {
      if (NO_HASH.includes(run.reason)) return { bundle: null, again: this.keepPlan(result.plan) };
      const bundle = bundlePath(this.context.reports, replayed);
      writeBundle(bundle, bundleOf(replayed, this.context.engine.versions));
      // The gate's own verdict of a run is not in its plan: such a bundle replays, but there is no failure to shrink.
      return {
        bundle: replayed.verdict === result.verdict ? bundle : null,
        again: `npx firedrill replay ${shellWord(bundle)}`,
      };
    } catch (error) {
      if (!isUserError(error)) throw error;
      return without;
    }
  }

  private keepPlan(plan: RunPlan): string {
    const path = planPath(this.context.reports, plan, planHash(JSON.stringify(plan)));
    writePlan(path, plan);
    return `npx firedrill run --plan ${shellWord(path)}`;
  }

  evidence(): Pick<GateEvidence, 'runs' | 'severities' | 'features' | 'marks'> {
    const severities = new Map([...this.context.entries].map(([id, { severity }]) => [id, severity]));
    return { runs: this.runs, severities, features: this.featureCount(), marks: this.marks };
  }

  attested(): Pick<Attestation, 'plans' | 'suppressed' | 'baseline'> {
    const all = createHash('sha256').update(this.hashes.join('\n')).digest('hex');
    return {
      plans: { sha256: all, hashes: this.hashes },
      suppressed: this.suppressed,
      baseline: baselineOf({ runs: this.runs, features: this.featureCount() }),
    };
  }

  /** Waivers that were used, with the number of their runs. */
  waived(waivers: readonly GateWaiver[]): Attestation['waived'] {
    return waivers.flatMap(({ scenario, signature, owner }) => {
      const { length } = this.runs.filter(
        (run) => !run.expected && run.scenario === scenario && run.signature === signature,
      );
      return length === 0 ? [] : [{ scenario, signature, owner, runs: length }];
    });
  }

  totals(): ReportTotals {
    this.counted ??= this.assembly.totals();
    return this.counted;
  }

  profiles(): string[] {
    return [...new Set(this.runs.map(({ profile }) => profile))].sort();
  }

  marksReached(): readonly (readonly [mark: string, runs: number])[] {
    return [...this.marks].sort(([one], [other]) => (one < other ? -1 : 1));
  }

  featureCount(): number {
    return this.sums.drawn === 0 ? -1 : this.features.size;
  }

  /** Makes a failed run again, to show it in full. */
  async detailOf(run: ReportRun): Promise<ReportDetail | null> {
    const plan = this.plans.get(run.id);
    return plan === undefined || run.verdict !== 'failed' ? null : detailOfPlan(plan, run, this.context);
  }
}
