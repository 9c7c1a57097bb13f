// Golden trace hashes of 50 swarm plans (R23), by the compiled engine (`npm run build`). Prints a JSON object {seed: hash}; runs on any supported Node.
//   node scripts/golden.mjs [ascending|descending|shuffled]   the order in which the one process runs them
//   node scripts/golden.mjs 7                                 this seed only
const built = new URL('../dist/', import.meta.url);
const { swarmPlan } = await import(`${built}faults/swarm.js`);
const { runPlan } = await import(`${built}scenarios/run.js`);

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
