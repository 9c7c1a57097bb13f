import type { CampaignEngine, RangeSource } from '../campaign/engine.ts';
import { type Expand, LocalEngine } from '../campaign/engine-local.ts';
import { DRAWN, plansOf } from '../campaign/expand.ts';
import type { RunPlan } from '../plan/plan.ts';
import { UserError } from '../plan/user-error.ts';
import type { FuzzOptions } from './commands/fuzz.ts';
import type { Engine } from './engine.ts';
import type { CommandOutput } from './output.ts';

/**
 * Wall time after which a run of a campaign is killed, to be repeated alone with ten times as much. Its limit of events
 * ends an honest run after some seconds; a campaign cannot wait for minutes at each one that is not.
 */
const WATCHDOG_MS_MAX = 20_000;

/** The engine that the options name. Libraries of a queue are loaded only for it. */
export async function engineOf(
  { engine: name, redis }: Pick<FuzzOptions, 'engine' | 'redis'>,
  jobs: number,
  engine: Engine,
  out: CommandOutput,
): Promise<CampaignEngine> {
  const expand = await expander(engine);
  switch (name) {
    case 'local':
      return new LocalEngine({
        jobs,
        worker: engine.worker,
        watchdogMs: Math.min(engine.watchdogMs, WATCHDOG_MS_MAX),
        expand,
      });
    case 'bullmq': {
      if (redis === null) throw new UserError('--engine bullmq needs --redis', 'add --redis redis://host:6379');
      const { bullmqEngine } = await import('../campaign/bullmq/engine-bullmq.ts');
      const report = (text: string): void => out.stderr(`${text}\n`);
      return bullmqEngine({ redis, version: engine.versions.firedrill, report, expand });
    }
  }
}

/** Scenario files were read and checked once, by the command's own source of scenarios. */
async function expander(engine: Engine): Promise<Expand> {
  const source = await engine.source();
  return async (range: RangeSource, count: number) => {
    if (range.kind === 'plans' || range.scenario === DRAWN) return plansOf(range, count);
    const variant = range.variant as RunPlan['variant'];
    return Array.from({ length: count }, (_, i) => source.plan(range.scenario, variant, range.seedFrom + i));
  };
}
