// Which steps of a procedure carry: for scenarios chosen by lot, takes each step of `resolve` out in turn and runs the safe
// variant without it. A step carries when the run then fails, or proves nothing because what must be reached is not.
//
//   node scripts/load-bearing.mjs [--lot 4] [--count 10] [--seed 1] [--jobs 2] [--json FILE] [scenario ...]
//
// Exits 1 when a scenario that does not heal alone has no step that carries. Steps that only look or record do not carry;
// a file may say why (`not_load_bearing`), and the output counts those that say nothing.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const built = new URL('../dist/', import.meta.url);
const { runPool, workerEntry } = await import(`${built}campaign/pool.js`);
const { knownNames } = await import(`${built}cli/known-names.js`);
const { toPlan } = await import(`${built}scenarios/expand.js`);
const { SCENARIO_ROOT } = await import(`${built}scenarios/files.js`);
const { loadScenarios } = await import(`${built}scenarios/load.js`);
const { mix2 } = await import(`${built}sim/mix.js`);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    lot: { type: 'string', default: '4' },
    count: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    json: { type: 'string' },
  },
});

function keyOf(lot, id) {
  return [...id].reduce((key, letter) => mix2(key, 77, letter.codePointAt(0), 0), lot) >>> 0;
}

/** Order of the lot: by a mix of the lot's seed and the id, so that anybody can draw it again, whatever comes in between. */
function drawn(scenarios) {
  const lot = Number(values.lot) | 0;
  const keyed = scenarios.map((scenario) => ({ scenario, key: keyOf(lot, scenario.id) }));
  keyed.sort((one, other) => one.key - other.key);
  return keyed.slice(0, Number(values.count)).map(({ scenario }) => scenario);
}

const known = loadScenarios(SCENARIO_ROOT, knownNames()).filter(({ variants }) => variants.safe !== undefined);
const chosen = positionals.length > 0 ? known.filter(({ id }) => positionals.includes(id)) : drawn(known);
const cases = [];
for (const scenario of chosen) {
  const plan = toPlan(scenario, 'safe', Number(values.seed));
  const reasons = new Map(
    (scenario.variants.safe.resolve ?? scenario.resolve).map((step) => [step.id, step.not_load_bearing ?? '']),
  );
  for (const [index, step] of (plan.operator?.steps ?? []).entries()) {
    if (step.phase !== 'resolve') continue;
    const steps = plan.operator.steps.filter((_, at) => at !== index);
    cases.push({
      scenario: scenario.id,
      step: step.id,
      reason: reasons.get(step.id) ?? '',
      healsAlone: scenario.heals_alone ?? '',
      plan: { ...plan, operator: { ...plan.operator, steps } },
    });
  }
}

const runs = await runPool(
  cases.map(({ plan }) => plan),
  {
    jobs: Number(values.jobs),
    worker: workerEntry(),
    watchdogMs: 600_000,
    onRun: ({ result }) => process.stderr.write(`${result.plan.scenario} ${result.verdict}\n`),
  },
);

const rows = cases.map(({ scenario, step, reason, healsAlone }, index) => {
  const { verdict, property, reason: why } = runs[index].result;
  const carries = verdict === 'failed' || (verdict === 'inconclusive' && why === 'vacuous');
  return { scenario, step, carries, verdict, by: property === '' ? why : property, reason, healsAlone };
});
let silent = 0;
let idle = 0;
for (const { id, heals_alone: healsAlone } of chosen) {
  const steps = rows.filter(({ scenario }) => scenario === id);
  const carrying = steps.filter(({ carries }) => carries).length;
  process.stdout.write(`${id}: ${carrying} of ${steps.length} steps carry\n`);
  for (const { step, carries, by, reason } of steps) {
    const said = reason === '' ? 'and the file gives no reason' : reason;
    process.stdout.write(`  ${carries ? 'carries ' : 'does not'}  ${step}: ${carries ? by : said}\n`);
    if (!carries && reason === '' && healsAlone === undefined) silent++;
  }
  if (healsAlone !== undefined) process.stdout.write(`  heals alone: ${healsAlone}\n`);
  else if (carrying === 0) idle++;
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
process.stdout.write(
  `${chosen.length} scenarios of lot ${values.lot}, ${rows.length} steps, ${silent} do not carry and say no reason; ${idle} scenarios without a step that carries\n`,
);
process.exitCode = idle > 0 ? 1 : 0;
