// Writes test/selfcheck/kills.json (or, with `storm`, storm-kills.json) from the output of `firedrill mutants --json`:
//   npx firedrill mutants --strategy swarm --json --starts 1 > /tmp/mutants.json; node scripts/kills.mjs /tmp/mutants.json
// and, for the ids of storm-kills.json, with `--strategy storm` and `node scripts/kills.mjs /tmp/mutants.json storm`.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [file, which = 'swarm'] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node scripts/kills.mjs FILE [swarm|storm] (FILE: the output of firedrill mutants --json)');
  process.exit(64);
}
const { mutants } = JSON.parse(readFileSync(file, 'utf8'));
const name = (strategy) =>
  fileURLToPath(new URL(`../test/selfcheck/${strategy === 'storm' ? 'storm-' : ''}kills.json`, import.meta.url));
// A mutant has its seed in one of three files; those that only a rehearsal exercises are written by hand.
const rehearsals = fileURLToPath(new URL('../test/selfcheck/rehearsal-kills.json', import.meta.url));
const elsewhere = [name(which === 'storm' ? 'swarm' : 'storm'), rehearsals].flatMap((each) =>
  Object.keys(JSON.parse(readFileSync(each, 'utf8'))),
);
const kills = {};
// The bugs planted in firedrill itself have no plan to be replayed: test/selfcheck/harness.test.ts runs them all.
const planted = mutants.filter(({ part }) => part === 'protocol');
for (const { id, killed, killingSeed } of planted) if (killed && !elsewhere.includes(id)) kills[id] = killingSeed;
writeFileSync(name(which), `${JSON.stringify(kills, null, 2)}\n`);
console.log(`${Object.keys(kills).length} of ${planted.length} written`);
