// Writes test/selfcheck/kills.json from the output of `firedrill mutants --json`:
//   npx firedrill mutants --strategy swarm --json --starts 1 > /tmp/mutants.json; node scripts/kills.mjs /tmp/mutants.json
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node scripts/kills.mjs FILE (the output of firedrill mutants --json)');
  process.exit(64);
}
const { mutants } = JSON.parse(readFileSync(file, 'utf8'));
const kills = {};
// The bugs planted in firedrill itself have no plan to be replayed: test/selfcheck/harness.test.ts runs them all.
const planted = mutants.filter(({ part }) => part === 'protocol');
for (const { id, killed, killingSeed } of planted) if (killed) kills[id] = killingSeed;
const target = fileURLToPath(new URL('../test/selfcheck/kills.json', import.meta.url));
writeFileSync(target, `${JSON.stringify(kills, null, 2)}\n`);
console.log(`${Object.keys(kills).length} of ${planted.length} written`);
