import { expect, it } from 'vitest';
import type { SeriesStore } from '../../src/alerts/series.ts';
import { knownNames } from '../../src/cli/known-names.ts';
import { toPlan } from '../../src/scenarios/expand.ts';
import { SCENARIO_ROOT } from '../../src/scenarios/files.ts';
import { loadScenarios } from '../../src/scenarios/load.ts';
import type { Monitor } from '../../src/scenarios/monitor.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import type { Scenario } from '../../src/scenarios/schema.ts';
import type { Simulation } from '../../src/scenarios/simulation.ts';
import { SECOND } from '../../src/sim/time.ts';
import { query } from '../alerts/kit.ts';

/** Series of a job that an instant query finds at this moment, by metric. */
function found(monitor: Monitor, job: string, nowUs: number): string[] {
  const { store } = monitor.engine as unknown as { store: SeriesStore };
  const at = nowUs / SECOND;
  return ['up', 'kimberlite_standby_lag_ms'].filter(
    (name) => Object.keys(query(store, `${name}{job="${job}"}`, at)).length > 0,
  );
}

// Service discovery goes by the role: Prometheus ends the series of a target that has left its configuration.
it('a promoted standby leaves nothing of its former job behind', async () => {
  const scenario = loadScenarios(SCENARIO_ROOT, knownNames()).find(({ id }) => id === 'scn2-b-dr-failover');
  let simulation: Simulation | null = null;
  const looks: { promoted: boolean; series: string[] }[] = [];
  const watcher = {
    built: (built: Simulation) => {
      simulation = built;
    },
    monitored: (monitor: Monitor) => {
      const tick = monitor.tick.bind(monitor);
      monitor.tick = () => {
        tick();
        const { fleet, cluster } = simulation as unknown as Simulation;
        const promoted = (fleet?.promoted.size ?? 0) > 0;
        looks.push({ promoted, series: found(monitor, 'kimberlite-standby', cluster.world.nowUs) });
      };
    },
    hired: () => {},
    commandBegins: () => {},
    commandPrints: () => {},
    commandEnds: () => {},
  };
  const { result } = await runPlan(toPlan(scenario as Scenario, 'safe', 1), { recording: false, watcher });
  expect(result.verdict).toBe('passed');
  expect(looks.filter(({ promoted }) => promoted).map(({ series }) => series)).toContainEqual([]);
  expect(looks.filter(({ promoted }) => promoted).flatMap(({ series }) => series)).toEqual([]);
  expect(looks.find(({ promoted }) => !promoted)?.series).toEqual(['up', 'kimberlite_standby_lag_ms']);
});
