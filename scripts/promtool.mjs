// Our evaluator of alert rules against Prometheus' own: `promtool check rules` reads every rule file, and `promtool test
// rules` evaluates the series that the monitoring of some runs scraped and must see the same alerts fire, with the same
// labels and annotations, at every evaluation. Prometheus 2 includes the oldest instant of a range, 3 does not: what was
// scraped is evaluated again by the rules of promtool's own major version, and by those of 3 it must come out as in the run.
//
//   node scripts/promtool.mjs [--promtool PATH] [--count 10] [--seed 1] [--lot 4] [--keep FOLDER] [scenario ...]
//
// Skips with a reason (exit code 0) where there is no promtool: it comes with Debian's package prometheus.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse, stringify } from 'yaml';

const built = new URL('../dist/', import.meta.url);
const { loadRuleSet } = await import(`${built}alerts/rule-file.js`);
const { RuleEngine } = await import(`${built}alerts/rules.js`);
const { SeriesStore } = await import(`${built}alerts/series.js`);
const { knownNames } = await import(`${built}cli/known-names.js`);
const { toPlan } = await import(`${built}scenarios/expand.js`);
const { readAlertRules, SCENARIO_ROOT } = await import(`${built}scenarios/files.js`);
const { loadScenarios } = await import(`${built}scenarios/load.js`);
const { runPlan } = await import(`${built}scenarios/run.js`);
const { mix2 } = await import(`${built}sim/mix.js`);

const STEP_US = 15_000_000;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    promtool: { type: 'string', default: 'promtool' },
    count: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    lot: { type: 'string', default: '4' },
    keep: { type: 'string' },
  },
});

const version = spawnSync(values.promtool, ['--version'], { encoding: 'utf8' });
if (version.status !== 0) {
  console.log(
    `skipped: ${values.promtool} cannot be run; install Debian's package prometheus, or name it with --promtool`,
  );
  process.exit(0);
}

const banner = `${version.stdout}${version.stderr}`.split('\n', 1)[0];
const major = Number(/version (\d+)\./.exec(banner)?.[1]) === 2 ? 2 : 3;
console.log(`${banner}: by the rules of Prometheus ${major}`);
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'firedrill-promtool-'));
mkdirSync(folder, { recursive: true });
const systems = [...new Set(loaded().map(({ system }) => system))];
for (const system of systems) {
  for (const { file, text } of readAlertRules(system)) {
    const copy = join(folder, file.replaceAll('/', '-'));
    writeFileSync(copy, text);
    execFileSync(values.promtool, ['check', 'rules', copy], { stdio: ['ignore', 'ignore', 'inherit'] });
    console.log(`check rules ${file}: no error`);
  }
}

/** What one run's monitoring stored and concluded, heard at the evaluator's two doors. */
let heard = null;
const { write } = SeriesStore.prototype;
SeriesStore.prototype.write = function (series, timeUs, value, stale) {
  heard?.log.push({ series, timeUs, value, stale });
  return write.call(this, series, timeUs, value, stale);
};
const { evaluate } = RuleEngine.prototype;
RuleEngine.prototype.evaluate = function (timeUs) {
  const steps = evaluate.call(this, timeUs);
  heard?.log.push({ timeUs, firing: firingOf(this) });
  return steps;
};

let failed = 0;
for (const scenario of chosen()) {
  heard = { log: [] };
  const plan = toPlan(scenario, 'safe', Number(values.seed));
  await runPlan(plan, { recording: false });
  const { log } = heard;
  heard = null;
  const result = compare(scenario, plan, log);
  console.log(`test rules ${scenario.id} seed ${plan.seed}: ${result}`);
}
console.log(failed === 0 ? 'promtool agrees with our evaluator' : `${failed} runs differ; see ${folder}`);
process.exitCode = failed === 0 ? 0 : 1;

function loaded() {
  return loadScenarios(SCENARIO_ROOT, knownNames());
}

/** Place of an id in the lot: whatever is added, the others keep their order. */
function keyOf(id) {
  return [...id].reduce((key, letter) => mix2(key, 78, letter.codePointAt(0), 0), Number(values.lot) | 0) >>> 0;
}

function chosen() {
  const all = loaded().filter(({ variants, signals }) => variants.safe !== undefined && signals !== undefined);
  if (positionals.length > 0) return all.filter(({ id }) => positionals.includes(id));
  const keyed = all.map((scenario) => ({ scenario, key: keyOf(scenario.id) }));
  keyed.sort((one, other) => one.key - other.key);
  return keyed.slice(0, Number(values.count)).map(({ scenario }) => scenario);
}

function firingOf(engine) {
  return engine.states().filter(({ phase }) => phase === 'firing');
}

/** What a run's monitoring heard, evaluated again by the rules of a major version: what fires at each evaluation. */
function again(plan, log, version) {
  const rules = loadRuleSet(readAlertRules(plan.system), new Set(plan.alerts.rules));
  const store = new SeriesStore(rules.retentionUs + STEP_US);
  const engine = new RuleEngine(rules, store, plan.startWallMs * 1_000, version);
  const evaluations = [];
  for (const { series, timeUs, value, stale, firing } of log) {
    if (firing !== undefined) {
      engine.evaluate(timeUs);
      evaluations.push({ timeUs, firing: firingOf(engine) });
    } else if (stale) store.markStale(store.find(series.name, series.labels), timeUs);
    else store.append(series.name, series.labels, timeUs, value);
  }
  return evaluations;
}

function compare(scenario, plan, log) {
  const samples = log.filter(({ firing }) => firing === undefined);
  const ours = log.filter(({ firing }) => firing !== undefined);
  if (JSON.stringify(again(plan, log, 3)) !== JSON.stringify(ours)) {
    failed++;
    return 'DIFFERS: evaluated again, the series of the run give other alerts than in the run';
  }
  const evaluations = again(plan, log, major);
  if (evaluations.some(({ timeUs }) => timeUs % STEP_US !== 0)) return 'skipped: evaluations off the 15 s grid';
  const groups = rulesOf(plan);
  const texts = groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)).join('\n');
  const rows = new Map();
  for (const { series, timeUs, value, stale } of samples) {
    if (!texts.includes(series.name)) continue;
    const name = `${series.name}{${series.labels.map(([key, text]) => `${key}=${JSON.stringify(text)}`).join(',')}}`;
    const row = rows.get(name) ?? [];
    rows.set(name, row);
    const at = timeUs / STEP_US;
    while (row.length < at) row.push('_');
    // promtool's clock begins at 1970: timestamps are told relative to the run's first instant.
    const shift = series.name.endsWith('_timestamp_seconds') ? plan.startWallMs / 1_000 : 0;
    row[at] = stale ? 'stale' : numberText(value - shift);
  }
  const rulesFile = join(folder, `${scenario.id}-rules.yml`);
  writeFileSync(rulesFile, stringify({ groups }));
  const names = [...new Set(groups.flatMap(({ rules }) => rules.map(({ alert }) => alert)))];
  const alertTests = evaluations.flatMap(({ timeUs, firing }) =>
    names.map((alertname) => ({
      eval_time: `${timeUs / 1_000_000}s`,
      alertname,
      exp_alerts: firing
        .filter(({ alert }) => alert === alertname)
        .map(({ labels, annotations }) => ({
          exp_labels: Object.fromEntries(labels),
          exp_annotations: Object.fromEntries(annotations),
        })),
    })),
  );
  const input = [...rows].map(([series, row]) => ({ series, values: row.join(' ') }));
  const testFile = join(folder, `${scenario.id}-test.yml`);
  const tests = [{ interval: '15s', input_series: input, alert_rule_test: alertTests }];
  writeFileSync(testFile, stringify({ rule_files: [rulesFile], evaluation_interval: '15s', tests }, { lineWidth: 0 }));
  const told = spawnSync(values.promtool, ['test', 'rules', testFile], { encoding: 'utf8' });
  const firings = evaluations.reduce((sum, { firing }) => sum + firing.length, 0);
  const counts = `${evaluations.length} evaluations of ${names.length} alerts, ${input.length} series, ${firings} firings`;
  if (told.status === 0) return `agrees (${counts})`;
  failed++;
  return `DIFFERS (${counts})\n${`${told.stdout}${told.stderr}`.split('\n').slice(0, 30).join('\n')}`;
}

/** The rules that a plan loads, as they stand in their files. */
function rulesOf(plan) {
  const wanted = new Set(plan.alerts.rules);
  return readAlertRules(plan.system)
    .flatMap(({ text }) => parse(text).groups)
    .map((group) => ({ ...group, rules: group.rules.filter(({ labels }) => wanted.has(labels.id)) }))
    .filter(({ rules }) => rules.length > 0);
}

function numberText(value) {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Inf' : '-Inf';
  return String(value);
}
