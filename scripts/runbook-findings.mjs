// Writes docs/runbook-findings.md, what goes wrong when the runbook is followed to the letter (R18, R30), and
// docs/recovery-times.md, how long the corrected procedures take beside the runbook's targets.
//
//   node scripts/runbook-findings.mjs [--undirected 200] [--directed 20] [--safe 500] [--as-built 5] [--jobs 2]
//                                     [--minutes N] [--store FILE] [--fresh] [--list] [scenario ...]
//
// Each literal variant runs in three ways. Directed: as its file says, under the smallest faults that make it fail.
// Undirected: the incident's own faults as they are (those that wait for `prepared`), every other one at a time drawn from
// ten minutes and on a drawn replica, as chance would have it. As built: directed, in the profile `as_built`. Safe variants
// run under the same faults, in both profiles. Named scenarios restrict what is measured, never what is written.
//
// A long measurement goes in pieces. Every result is kept in the store, one line a run, and the same plan is never measured
// twice: an interrupted measurement (--minutes, Ctrl+C) goes on where it was, one with more seeds runs the new ones only.
// Seeds come in rounds, so that every scenario has its first seeds soon. A line belongs to the plan and not to the build:
// after a change of the model, start with --fresh. --list only says which `unsafe` ids lack a literal variant.
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';

const built = new URL('../dist/', import.meta.url);
const { Pool, workerEntry } = await import(`${built}campaign/pool.js`);
const { knownNames } = await import(`${built}cli/known-names.js`);
const { failsAsDeclared } = await import(`${built}plan/expected.js`);
const { toPlan } = await import(`${built}scenarios/expand.js`);
const { AS_BUILT } = await import(`${built}scenarios/profiles.js`);
const { readSections, SCENARIO_ROOT } = await import(`${built}scenarios/files.js`);
const { durationText } = await import(`${built}report/duration.js`);
const { loadScenarios } = await import(`${built}scenarios/load.js`);
const { mix3 } = await import(`${built}sim/mix.js`);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    undirected: { type: 'string', default: '200' },
    directed: { type: 'string', default: '20' },
    safe: { type: 'string', default: '500' },
    'as-built': { type: 'string', default: '5' },
    jobs: { type: 'string', default: '2' },
    minutes: { type: 'string', default: '100000' },
    store: { type: 'string', default: 'reports/runbook-findings.jsonl' },
    fresh: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
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

/** The runs that a scenario wants, by the ways of the head of this file: `{way, plan}`. */
function plansOf(scenario) {
  const jobs = [];
  const add = (way, variant, count, change) => {
    for (let seed = 1; seed <= Number(count); seed++) jobs.push({ way, plan: change(toPlan(scenario, variant, seed)) });
  };
  const asBuilt = (plan) => ({ ...plan, profile: 'as_built' });
  const same = (plan) => plan;
  if (scenario.variants.literal !== undefined) {
    add('directed', 'literal', values.directed, same);
    add('undirected', 'literal', values.undirected, undirected);
    add('as-built', 'literal', values['as-built'], asBuilt);
  }
  if (scenario.variants.safe !== undefined) {
    add('safe', 'safe', values.safe, same);
    add('safe-as-built', 'safe', values['as-built'], asBuilt);
  }
  return jobs;
}

const digestOf = (plan) => createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 24);

/** Results of the store by the digest of their plan. A line that a kill cut short is measured again. */
function readStore() {
  const rows = new Map();
  if (!existsSync(values.store)) return rows;
  for (const line of readFileSync(values.store, 'utf8').split('\n')) {
    if (!line.startsWith('{') || !line.endsWith('}')) continue;
    const row = JSON.parse(line);
    rows.set(row.key, row);
  }
  return rows;
}

/** Runs what is wanted and not known yet, in rounds of seeds, until it is done or the time is up. */
async function measure(wanted, known) {
  const missing = new Map();
  for (const { key, plan } of wanted) if (!known.has(key)) missing.set(key, plan);
  const plans = [...missing.values()].sort((one, other) => one.seed - other.seed);
  process.stderr.write(`${wanted.length} runs wanted, ${plans.length} of them not in ${values.store}\n`);
  if (plans.length === 0) return;
  let done = 0;
  const keep = ({ result }) => {
    const { plan, verdict, reason, property, findings, faultsFired: fired, events } = result;
    const { alertToRecoveryUs: recoveryUs } = result;
    const asDeclared = failsAsDeclared(result);
    const { scenario, seed } = plan;
    const row = {
      key: digestOf(plan),
      scenario,
      seed,
      verdict,
      reason,
      property,
      site: findings.find((found) => found.property === property)?.site ?? '',
      fired,
      events,
      recoveryUs,
      asDeclared,
    };
    known.set(row.key, row);
    appendFileSync(values.store, `${JSON.stringify(row)}\n`);
    done++;
    if (done % 20 === 0) process.stderr.write(`${done} of ${plans.length}\n`);
  };
  const end = Date.now() + Number(values.minutes) * 60_000;
  // Small orders, so that the time is looked at between them, to processes that stay.
  const size = 8 * Number(values.jobs);
  const pool = new Pool({ jobs: Number(values.jobs), worker: workerEntry(), watchdogMs: 600_000, onRun: keep });
  try {
    for (let at = 0; at < plans.length && Date.now() < end; at += size) await pool.run(plans.slice(at, at + size));
  } finally {
    pool.close();
  }
  if (done < plans.length) process.stderr.write(`${plans.length - done} runs are left: run the same command again\n`);
}

const scenarios = loadScenarios(SCENARIO_ROOT, knownNames());
const sections = readSections('kimberlite');
const rehearsed = new Map(scenarios.map((scenario) => [scenario.id, scenario]));
const lacking = [...sections]
  .filter(([id, { literal }]) => literal === 'unsafe' && rehearsed.get(id)?.variants.literal === undefined)
  .map(([id]) => (rehearsed.has(id) ? `\`${id}\` (no literal variant)` : `\`${id}\` (no rehearsal)`));
if (values.list) {
  process.stdout.write(`${lacking.join('\n')}${lacking.length > 0 ? '\n' : ''}`);
  process.exit(0);
}
if (values.fresh) rmSync(values.store, { force: true });
mkdirSync(dirname(values.store), { recursive: true });
const known = readStore();
// Equal plans are run once, whatever for: where every fault begins the incident, chance is what the file says.
const all = scenarios.flatMap((scenario) => plansOf(scenario).map((job) => ({ ...job, key: digestOf(job.plan) })));
const isChosen = ({ plan }) => positionals.length === 0 || positionals.includes(plan.scenario);
await measure(all.filter(isChosen), known);
const rowsOf = (id, way) =>
  all.filter((job) => job.plan.scenario === id && job.way === way).flatMap(({ key }) => known.get(key) ?? []);

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

/** What its file says of the correction; else the guard that makes the difference; else what the safe variant is about. */
function correctionOf({ why, title, variants }) {
  const said =
    /[^.:]*smallest correction[^.]*\./i.exec(why) ??
    /[^.:]*\b(?:correction|corrected|safe means|safe one)\b[^.]*\./i.exec(why);
  if (said !== null) return said[0].trim();
  const off = new Set(variants.safe?.guards_off ?? []);
  const guards = (variants.literal.guards_off ?? []).filter((guard) => !off.has(guard));
  if (guards.length > 0)
    return `The guard${guards.length > 1 ? 's' : ''} ${guards.map((guard) => `\`${guard}\``).join(', ')}: ${title}`;
  return variants.safe?.title ?? title;
}

/** `3 failed by INV-A, 2 passed`. */
function verdicts(rows) {
  if (rows.length === 0) return 'not measured';
  const counts = new Map();
  for (const { verdict, property, site, reason } of rows) {
    const failed = `failed by ${property} (${site})`;
    const words = verdict === 'failed' ? failed : verdict === 'inconclusive' ? reason : verdict;
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  const list = [...counts].sort(([, one], [, other]) => other - one);
  return list.map(([words, count]) => `${count} ${words}`).join(', ');
}

/** `12 of 12`, with what the others ended with. */
function asWanted(rows, isWanted) {
  const others = rows.filter((row) => !isWanted(row));
  return `${rows.length - others.length} of ${rows.length}${others.length > 0 ? `; ${verdicts(others)}` : ''}`;
}

/** The failing run with the fewest faults, then events, as a command line. */
function smallestOf(id, rows) {
  const failing = rows.filter(({ asDeclared, fired }) => asDeclared && fired !== undefined);
  failing.sort((one, other) => one.fired.length - other.fired.length || one.events - other.events);
  const [smallest] = failing;
  if (smallest === undefined) return 'none found';
  return `${smallest.fired.join(', ') || 'no fault'}: \`npx firedrill run ${id} --variant literal --seed ${smallest.seed}\``;
}

function literalRow(scenario) {
  const { id, variants } = scenario;
  const section = sections.get(id);
  const where = section === undefined ? '' : ` (${section.section}, lines ${section.lines})`;
  const chance = rowsOf(id, 'undirected');
  return [
    `\`${id}\``,
    section?.literal ?? '',
    `${variants.literal.title ?? scenario.title}${where}`,
    variants.literal.fails.property,
    asWanted(rowsOf(id, 'directed'), ({ asDeclared }) => asDeclared),
    interval(chance.filter(({ asDeclared }) => asDeclared).length, chance.length),
    asWanted(rowsOf(id, 'safe'), ({ verdict }) => verdict === 'passed'),
    verdicts(rowsOf(id, 'as-built')),
    smallestOf(id, rowsOf(id, 'directed')),
    correctionOf(scenario),
  ];
}

/** Shortest, median and longest time from the first alert to full redundancy, beside the target. */
function timesRow({ id, title, recovered }) {
  const times = rowsOf(id, 'safe')
    .map(({ recoveryUs }) => recoveryUs)
    .filter((us) => us >= 0);
  times.sort((one, other) => one - other);
  const words = [0, (times.length - 1) >> 1, times.length - 1].map((at) => durationText(times[at] ?? -1));
  const withinUs = recovered?.within ?? -1;
  const late = times.filter((us) => withinUs >= 0 && us > withinUs).length;
  return [`\`${id}\``, title, `${times.length}`, ...words, durationText(withinUs), `${late}`];
}

const literalRows = scenarios.filter(({ variants }) => variants.literal !== undefined).map(literalRow);
const safe = scenarios.filter(({ variants }) => variants.safe !== undefined);
const builtRows = safe.map(({ id }) => [`\`${id}\``, verdicts(rowsOf(id, 'safe-as-built'))]);

function table(head, rows) {
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** Of what a page is true, and how it was made. */
function head(title, profiles) {
  return `# ${title}

Subject: firedrill's model of Kimberlite, ${profiles}, anchored at 221c1b3; not the shipped binary
([fidelity.md](fidelity.md)). Made by \`node scripts/runbook-findings.mjs\`; do not edit.`;
}

const findings = `${head('What the runbook gets wrong', 'profiles `intended` and `as_built`')}

## To the letter

A row for each literal variant: what the catalogue says of the text, the instruction, the property that it breaks; how often
it fails under its directed faults (declared: on every seed, unless its file says \`some\`), and how often by chance, with
the 95 % interval of that rate: every fault that does not begin the incident at a drawn time of ten minutes and on a drawn
replica; how often the corrected procedure passes under the directed faults. The column \`as_built\` shows the directed
runs on the product as its code was read; there, nothing is declared.

${table(
  [
    'id',
    'catalogue',
    'instruction',
    'property (profile `intended`)',
    'directed: fails',
    'by chance: fails',
    'corrected: passes',
    '`as_built`',
    'smallest counter-example',
    'correction',
  ],
  literalRows,
)}

Ids that the catalogue calls unsafe and that have no row: ${lacking.length === 0 ? 'none' : lacking.join(', ')}.

## The corrected procedures on the product as it was read

What the safe variants end with in the profile \`as_built\`. A failure here is one of the product, not of the procedure:
the profile differs from \`intended\` in what follows. Nearly every procedure restarts a replica at some time, and every
run ends with a restart of all; where the replica had a durable checkpoint before, a blank one has taken back what it had
committed, and INV-COMMIT-MONOTONIC (\`restarted-below-checkpoint\`) says so before anything worse can come of it.

${AS_BUILT.map(({ id, source, what }) => `- \`${id}\`: ${what} (${source})`).join('\n')}

${table(['id', 'safe variant'], builtRows)}
`;
const times = `${head('How long recovery takes', 'profile `intended`')}

From the first alert that must fire to full redundancy, in virtual time, over the seeds of the corrected (safe) variants;
the target is the scenario's \`recovered: {within}\`, which is the runbook's where it gives one. A run that is later than
its target fails INV-RECOVERS.

${table(['id', 'incident', 'seeds', 'shortest', 'median', 'longest', 'target', 'later'], safe.map(timesRow))}
`;
writeFileSync('docs/runbook-findings.md', findings);
writeFileSync('docs/recovery-times.md', times);
process.stderr.write(`docs/runbook-findings.md: ${literalRows.length} literal and ${builtRows.length} safe variants\n`);
