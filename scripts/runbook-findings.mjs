// Writes docs/runbook-findings.md: what goes wrong when the runbook is followed to the letter (R18, R30).
//
//   node scripts/runbook-findings.mjs [--seeds 200] [--directed 5] [--as-built 5] [--jobs 2] [--store FILE] [--out FILE]
//                                     [--fresh] [scenario ...]
//
// Each literal variant runs in three ways. Directed: as its file says, under the smallest faults that make it fail.
// Undirected: the incident's own faults as they are (those that wait for `prepared`), every other one at a time drawn from
// ten minutes and on a drawn replica, as chance would have it. As built: directed, in the profile `as_built`. Safe variants
// run in `as_built`, too. Results are kept in the store, one line a run, and never measured twice for the same plan.
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';

const built = new URL('../dist/', import.meta.url);
const { runPool, workerEntry } = await import(`${built}campaign/pool.js`);
const { knownNames } = await import(`${built}cli/known-names.js`);
const { failsAsDeclared } = await import(`${built}plan/expected.js`);
const { toPlan } = await import(`${built}scenarios/expand.js`);
const { readSections, SCENARIO_ROOT } = await import(`${built}scenarios/files.js`);
const { loadScenarios } = await import(`${built}scenarios/load.js`);
const { mix3 } = await import(`${built}sim/mix.js`);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '200' },
    directed: { type: 'string', default: '5' },
    'as-built': { type: 'string', default: '5' },
    jobs: { type: 'string', default: '2' },
    store: { type: 'string', default: 'reports/runbook-findings.jsonl' },
    out: { type: 'string', default: 'docs/runbook-findings.md' },
    fresh: { type: 'boolean', default: false },
  },
});

/** Span from which the time of an undirected fault is drawn, from the mark `prepared` on. */
const CHANCE_US = 600_000_000;

/** The faults of a plan as chance would have them: see the head of this file. */
function undirected(plan) {
  const { replicaCount } = plan.cluster;
  const faults = plan.faults.map((fault, index) => {
    const { trigger, target } = fault;
    if (trigger.kind === 'on' && trigger.mark === 'prepared') return fault;
    const delayUs = (mix3(plan.seed | 0, 91, index, 0, 0) >>> 0) % CHANCE_US;
    const host = (mix3(plan.seed | 0, 91, index, 1, 0) >>> 0) % replicaCount;
    const drawn = target.kind === 'hosts' && target.hosts.length === 1 && target.hosts[0] < replicaCount;
    return {
      ...fault,
      trigger: { kind: 'on', mark: 'prepared', nth: 1, host: -1, delayUs },
      target: drawn ? { kind: 'hosts', hosts: [host] } : target,
    };
  });
  return { ...plan, faults };
}

function plansOf(scenario) {
  const jobs = [];
  const add = (mode, variant, count, change) => {
    for (let seed = 1; seed <= count; seed++) jobs.push({ mode, plan: change(toPlan(scenario, variant, seed)) });
  };
  const asBuilt = (plan) => ({ ...plan, profile: 'as_built' });
  const same = (plan) => plan;
  if (scenario.variants.literal !== undefined) {
    add('directed', 'literal', Number(values.directed), same);
    add('undirected', 'literal', Number(values.seeds), undirected);
    add('as-built', 'literal', Number(values['as-built']), asBuilt);
  }
  if (scenario.variants.safe !== undefined) add('safe-as-built', 'safe', Number(values['as-built']), asBuilt);
  return jobs;
}

const all = loadScenarios(SCENARIO_ROOT, knownNames());
const chosen = positionals.length > 0 ? all.filter(({ id }) => positionals.includes(id)) : all;
if (values.fresh) rmSync(values.store, { force: true });
mkdirSync(dirname(values.store), { recursive: true });
const known = new Map();
if (existsSync(values.store)) {
  for (const line of readFileSync(values.store, 'utf8').split('\n')) {
    // A line that a kill cut short is measured again.
    if (line.startsWith('{') && line.endsWith('}')) known.set(JSON.parse(line).key, JSON.parse(line));
  }
}
const digestOf = (plan) => createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 24);
// Equal plans are run once, whatever for: where every fault begins the incident, chance is what the file says.
const wanted = chosen.flatMap((scenario) => plansOf(scenario).map((job) => ({ ...job, key: digestOf(job.plan) })));
const missing = new Map();
for (const { key, plan } of wanted) if (!known.has(key)) missing.set(key, plan);
process.stderr.write(`${wanted.length} runs wanted, ${missing.size} of them not in ${values.store}\n`);
let done = 0;

/** Keeps a result at once, so that a killed measurement goes on where it was. */
function keep({ result }) {
  const key = digestOf(result.plan);
  const { plan, verdict, reason, property, faultsFired: fired, events } = result;
  const row = { key, scenario: plan.scenario, seed: plan.seed, verdict, reason, property, fired, events };
  known.set(key, { ...row, asDeclared: failsAsDeclared(result) });
  appendFileSync(values.store, `${JSON.stringify(known.get(key))}\n`);
  done++;
  if (done % 20 === 0) process.stderr.write(`${done} of ${missing.size}\n`);
}

if (missing.size > 0) {
  const options = { jobs: Number(values.jobs), worker: workerEntry(), watchdogMs: 600_000, onRun: keep };
  await runPool([...missing.values()], options);
}

/** Wilson's 95 % interval of a share, in percent. */
function interval(hits, count) {
  if (count === 0) return 'not measured';
  const z = 1.96;
  const share = hits / count;
  const middle = share + (z * z) / (2 * count);
  const half = z * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count));
  const bound = (value) => `${Math.round((1000 * value) / (1 + (z * z) / count)) / 10}`;
  return `${hits} of ${count} (${bound(Math.max(0, middle - half))} to ${bound(middle + half)} %)`;
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll(/\s+/g, ' ').trim();

function correctionOf({ why, title }) {
  return /[^.:]*smallest correction[^.]*\./i.exec(why)?.[0].trim() ?? title;
}

/** `3 failed by INV-A, 2 passed`. */
function verdicts(rows) {
  if (rows.length === 0) return 'not measured';
  const counts = new Map();
  for (const { verdict, property, reason } of rows) {
    const words = verdict === 'failed' ? `failed by ${property}` : verdict === 'inconclusive' ? reason : verdict;
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  const list = [...counts].sort(([, one], [, other]) => other - one);
  return list.map(([words, count]) => `${count} ${words}`).join(', ');
}

const sections = new Map(['kimberlite'].map((system) => [system, readSections(system)]));
const literalRows = [];
const builtRows = [];
for (const scenario of chosen) {
  const rows = wanted.filter(({ plan }) => plan.scenario === scenario.id);
  const of = (mode) => rows.filter((row) => row.mode === mode).flatMap(({ key }) => known.get(key) ?? []);
  const { literal } = scenario.variants;
  const section = sections.get(scenario.system)?.get(scenario.id);
  const where = section === undefined ? '' : ` (${section.section}, lines ${section.lines})`;
  if (literal !== undefined) {
    const failing = of('directed').filter(({ asDeclared }) => asDeclared);
    failing.sort((one, other) => one.fired.length - other.fired.length || one.events - other.events);
    const smallest = failing[0];
    const shown =
      smallest === undefined
        ? 'none found'
        : `${smallest.fired.join(', ')}: \`npx firedrill run ${scenario.id} --variant literal --seed ${smallest.seed}\``;
    const chance = of('undirected');
    literalRows.push([
      `\`${scenario.id}\``,
      `${literal.title ?? scenario.title}${where}`,
      literal.fails.property,
      `${failing.length} of ${of('directed').length}`,
      interval(chance.filter(({ asDeclared }) => asDeclared).length, chance.length),
      verdicts(of('as-built')),
      shown,
      correctionOf(scenario),
    ]);
  }
  if (of('safe-as-built').length > 0) builtRows.push([`\`${scenario.id}\``, verdicts(of('safe-as-built'))]);
}

function table(head, rows) {
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

const text = `# What the runbook gets wrong

Subject: firedrill's model of Kimberlite, profiles \`intended\` and \`as_built\`, anchored at 221c1b3; not the shipped binary
([fidelity.md](fidelity.md)). Made by \`node scripts/runbook-findings.mjs\`; do not edit.

## To the letter

A row for each literal variant: the instruction, the property that it breaks, how often it fails under its directed
faults (declared: on every seed, unless its file says \`some\`), and how often by chance: every fault that does not begin
the incident at a drawn time of ten minutes and on a drawn replica, with the 95 % interval of that rate. The column
\`as_built\` shows the directed runs on the product as its code was read; there, nothing is declared.

${table(
  [
    'id',
    'instruction',
    'property (profile `intended`)',
    'directed',
    'by chance',
    '`as_built`',
    'smallest counter-example',
    'correction',
  ],
  literalRows,
)}

## The corrected procedures on the product as it was read

What the safe variants end with in the profile \`as_built\`. A failure here is one of the product, not of the procedure.

${table(['id', 'safe variant'], builtRows)}
`;
writeFileSync(values.out, text);
process.stderr.write(`${values.out}: ${literalRows.length} literal and ${builtRows.length} safe variants\n`);
