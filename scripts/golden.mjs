// Golden trace hashes of 50 swarm plans (R23). Prints a JSON object {seed: hash}; runs on any supported Node.
//   node scripts/golden.mjs            ascending order
//   node scripts/golden.mjs shuffled   another order in the same process
import { swarmPlan } from '../dist/faults/swarm.js';
import { runPlan } from '../dist/scenarios/run.js';

const seeds = [];
for (let seed = 1; seed <= 50; seed++) seeds.push(seed);
if (process.argv[2] === 'shuffled') seeds.sort((left, right) => ((left * 7919) % 51) - ((right * 7919) % 51));
if (process.argv[2] === 'descending') seeds.reverse();
const hashes = {};
for (const seed of seeds) hashes[seed] = (await runPlan(swarmPlan(seed), { recording: false })).result.traceHash;
const sorted = {};
for (let seed = 1; seed <= 50; seed++) sorted[seed] = hashes[seed];
console.log(JSON.stringify(sorted));
