// Shrinks the killing plan of every mutant (test/selfcheck/kills.json) and prints what is left, as a table.
//
//   node scripts/shrink-mutants.mjs [--for 60] [--runs 5000] [id ..]
//
// The goal (issue 3, section 4): at most 5 faults and 20 client operations for 90 % of them, within 60 s each on one
// core. Counts are those up to the failure. Time is this process's own, so that a busy machine does not count. Exits 1
// when the goal is missed.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { shrink } from '../src/campaign/shrink/shrink.ts';
import { swarmPlan } from '../src/faults/swarm.ts';
import { runPlan } from '../src/scenarios/run.ts';

const FAULTS_MAX = 5;
const OPERATIONS_MAX = 20;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { for: { type: 'string', default: '60' }, runs: { type: 'string', default: '5000' } },
});
const kills = JSON.parse(readFileSync(new URL('../test/selfcheck/kills.json', import.meta.url), 'utf8'));
const rows = [];

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

for (const [mutant, seed] of Object.entries(kills)) {
  if (positionals.length > 0 && !positionals.includes(mutant)) continue;
  const startMs = cpuMs();
  const shrunk = await shrink({ ...swarmPlan(seed), mutant }, runPlan, {
    runsMax: Number(values.runs),
    wallMs: Number(values.for) * 1000,
    nowMs: cpuMs,
    cancelled: () => false,
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    onPass: process.env.VERBOSE ? (progress) => console.error(JSON.stringify(progress)) : () => {},
  });
  const seconds = (cpuMs() - startMs) / 1000;
  if (shrunk === null) {
    rows.push({ mutant, seed, ok: false, note: 'does not fail' });
    continue;
  }
  const { counts } = shrunk.minimal;
  const ok = counts.faults <= FAULTS_MAX && counts.operations <= OPERATIONS_MAX && seconds <= 60;
  rows.push({ mutant, seed, ok, ...counts, runs: shrunk.runs, seconds: seconds.toFixed(1), ended: shrunk.ended });
  const row = rows.at(-1);
  console.log(
    Object.entries(row)
      .map(([name, value]) => `${name} ${value}`)
      .join('  '),
  );
}
const met = rows.filter(({ ok }) => ok).length;
console.log(`${met} of ${rows.length} within ${FAULTS_MAX} faults, ${OPERATIONS_MAX} operations and 60 s`);
process.exitCode = met >= rows.length * 0.9 ? 0 : 1;
