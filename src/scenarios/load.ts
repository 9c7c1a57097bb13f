import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { ScenarioError } from './diagnostics.ts';
import { readScenario, SCENARIO_BYTES_MAX } from './read.ts';
import type { Known } from './relations.ts';
import type { Scenario } from './schema.ts';

/** Reads one scenario file. @throws ScenarioError with all mistakes and their places */
export function loadScenarioFile(path: string, known: Known, shownAs: string = path): Scenario {
  const wrong = (problem: string, remedy: string): ScenarioError =>
    new ScenarioError([{ file: shownAs, line: 1, column: 1, path: '', problem, remedy }]);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    throw wrong('there is no such file', 'name a scenario file such as scenarios/kimberlite/scn1-a-systemd.yaml');
  }
  if (statSync(path).size > SCENARIO_BYTES_MAX)
    throw wrong('is larger than 256 KiB', 'one file covers one incident: split it');
  const reading = readScenario(readFileSync(path, 'utf8'), shownAs, known);
  if (!reading.ok) throw new ScenarioError(reading.diagnostics);
  const name = basename(path).replace(/\.yaml$/, '');
  if (reading.scenario.id !== name) {
    throw wrong(`its id is ${reading.scenario.id}`, `name the file ${reading.scenario.id}.yaml, or correct the id`);
  }
  return reading.scenario;
}

/**
 * All scenarios below a folder (`<folder>/<system>/<id>.yaml`), sorted by id.
 *
 * @throws ScenarioError with the mistakes of all files
 */
export function loadScenarios(folder: string, known: Known): Scenario[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yaml'))
    .map((path) => join(folder, path));
  const scenarios: Scenario[] = [];
  const errors: ScenarioError[] = [];
  for (const path of paths) {
    try {
      scenarios.push(loadScenarioFile(path, known, relative(process.cwd(), path)));
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error;
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new ScenarioError(errors.flatMap(({ diagnostics }) => diagnostics));
  return scenarios.sort((one, other) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0));
}
