// Writes scenarios/scenario.schema.json, the JSON Schema of scenario files for editors, formatted as the rest.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { scenarioJsonSchema } from '../src/scenarios/schema.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
writeFileSync(`${root}scenarios/scenario.schema.json`, JSON.stringify(scenarioJsonSchema()));
execFileSync(`${root}node_modules/.bin/biome`, ['format', '--write', 'scenarios/scenario.schema.json'], { cwd: root });
