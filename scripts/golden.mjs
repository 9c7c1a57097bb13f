// Golden trace hashes of 50 swarm plans (R23). Prints a JSON object {seed: hash}; runs on any supported Node.
//   node scripts/golden.mjs [ascending|descending|shuffled]   the order in which the one process runs them
//   node scripts/golden.mjs 7                                 this seed only
import { swarmPlan } from '../dist/faults/swarm.js';
import { runPlan } from '../dist/scenarios/run.js';

const wish = process.argv[2] ?? 'ascending';
const seeds = [];
if (/^\d+$/.test(wish)) seeds.push(Number(wish));
else for (let seed = 1; seed <= 50; seed++) seeds.push(seed);
if (wish === 'shuffled') seeds.sort((left, right) => ((left * 7919) % 51) - ((right * 7919) % 51));
if (wish === 'descending') seeds.reverse();
const hashes = {};
for (const seed of seeds) hashes[seed] = (await runPlan(swarmPlan(seed), { recording: false })).result.traceHash;
// Keys that are integers come in ascending order whatever the order of the runs.
console.log(JSON.stringify(hashes));
