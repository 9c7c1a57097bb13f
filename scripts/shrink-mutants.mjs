// Shrinks the killing plan of every mutant (test/selfcheck/kills.json and storm-kills.json) and prints what is left, as
// a table with totals.
//
//   node scripts/shrink-mutants.mjs [--for 60] [--runs 5000] [--json FILE] [id ..]
//
// The goal (issue 3, section 4): at most 5 faults and 20 client operations for 90 % of them, within 60 s each on one
// core. Counts are those up to the failure. Seconds are CPU time of this process, which runs every plan itself, so that
// a busy machine does not count. Exits 1 when the goal is missed.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { shrink } from '../src/campaign/shrink/shrink.ts';
import { stormPlan } from '../src/faults/storms.ts';
import { swarmPlan } from '../src/faults/swarm.ts';
import { runPlan } from '../src/scenarios/run.ts';

const FAULTS_MAX = 5;
const OPERATIONS_MAX = 20;
const SHARE = 0.9;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    for: { type: 'string', default: '60' },
    runs: { type: 'string', default: '5000' },
    json: { type: 'string' },
  },
});

function killsIn(file, strategy, planOf) {
  const kills = JSON.parse(readFileSync(new URL(`../test/selfcheck/${file}`, import.meta.url), 'utf8'));
  return Object.entries(kills).map(([mutant, seed]) => ({ mutant, strategy, seed, plan: planOf(seed) }));
}

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function rowOf({ mutant, strategy, seed, plan }) {
  const startMs = cpuMs();
  const shrunk = await shrink({ ...plan, mutant }, runPlan, {
    runsMax: Number(values.runs),
    wallMs: Number(values.for) * 1000,
    nowMs: cpuMs,
    cancelled: () => false,
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    onPass: process.env.VERBOSE ? (progress) => console.error(JSON.stringify(progress)) : () => {},
  });
  const seconds = Number(((cpuMs() - startMs) / 1000).toFixed(1));
  const head = { mutant, strategy, seed };
  if (shrunk === null) return { ...head, met: false, ended: 'does not fail' };
  const { original, minimal, runs, ended } = shrunk;
  const { faults, decisions, operations, clients, replicas } = minimal.counts;
  const met = faults <= FAULTS_MAX && operations <= OPERATIONS_MAX && seconds <= 60;
  const from = `${original.faults}/${original.operations}`;
  return { ...head, from, faults, operations, decisions, clients, replicas, runs, seconds, ended, met };
}

const COLUMNS = [
  ['mutant', 27],
  ['strategy', -8],
  ['seed', 5],
  ['from', 8],
  ['faults', 6],
  ['operations', 10],
  ['decisions', 9],
  ['clients', 7],
  ['replicas', 8],
  ['runs', 5],
  ['seconds', 7],
  ['ended', -9],
  ['met', -5],
];

function cells(wordOf) {
  const cell = ([name, width]) => {
    const text = String(wordOf(name));
    return width < 0 || name === 'mutant' ? text.padEnd(Math.abs(width)) : text.padStart(width);
  };
  return COLUMNS.map(cell).join('  ').trimEnd();
}

const kills = [...killsIn('kills.json', 'swarm', swarmPlan), ...killsIn('storm-kills.json', 'storm', stormPlan)].filter(
  ({ mutant }) => positionals.length === 0 || positionals.includes(mutant),
);

console.log(cells((name) => name));
const rows = [];
for (const kill of kills) {
  const row = await rowOf(kill);
  rows.push(row);
  console.log(cells((name) => row[name] ?? '-'));
}

const met = rows.filter((row) => row.met).length;
const seconds = rows.map((row) => row.seconds ?? 0).sort((one, other) => one - other);
const total = seconds.reduce((sum, each) => sum + each, 0);
console.log(`${met} of ${rows.length} within ${FAULTS_MAX} faults, ${OPERATIONS_MAX} operations and 60 s of CPU time`);
console.log(
  `CPU time: median ${seconds[seconds.length >> 1]} s, maximum ${seconds.at(-1)} s, in all ${total.toFixed(0)} s; ` +
    `${rows.reduce((sum, row) => sum + (row.runs ?? 0), 0)} runs`,
);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 1)}\n`);
process.exitCode = met >= rows.length * SHARE ? 0 : 1;
