import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folder of the scenario files, beside `src/` and `dist/`. */
export const SCENARIO_ROOT = fileURLToPath(new URL('../../scenarios/', import.meta.url));

/** The Prometheus rule files of a system, with their texts. */
export function readAlertRules(system: string): { file: string; text: string }[] {
  const folder = `${SCENARIO_ROOT}${system}/`;
  return readdirSync(folder)
    .filter((name) => /^alerts.*\.ya?ml$/.test(name))
    .sort((left, right) => (left < right ? -1 : 1))
    .map((name) => ({ file: `scenarios/${system}/${name}`, text: readFileSync(folder + name, 'utf8') }));
}
