// Our evaluator of alert rules against Prometheus' own: `promtool check rules` reads every rule file, and `promtool test
// rules` evaluates the series that the monitoring of some runs scraped and must see the same alerts fire, with the same
// labels and annotations, at every evaluation.
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
import { RuleEngine } from '../src/alerts/rules.ts';
import { SeriesStore } from '../src/alerts/series.ts';
import { knownNames } from '../src/cli/known-names.ts';
import { toPlan } from '../src/scenarios/expand.ts';
import { readAlertRules, SCENARIO_ROOT } from '../src/scenarios/files.ts';
import { loadScenarios } from '../src/scenarios/load.ts';
import { runPlan } from '../src/scenarios/run.ts';
import { mix2 } from '../src/sim/mix.ts';

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

if (spawnSync(values.promtool, ['--version']).status !== 0) {
  console.log(
    `skipped: ${values.promtool} cannot be run; install Debian's package prometheus, or name it with --promtool`,
  );
  process.exit(0);
}

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
  heard?.samples.push({ series, timeUs, value, stale });
  return write.call(this, series, timeUs, value, stale);
};
const { evaluate } = RuleEngine.prototype;
RuleEngine.prototype.evaluate = function (timeUs) {
  const steps = evaluate.call(this, timeUs);
  heard?.evaluations.push({ timeUs, firing: this.states().filter(({ phase }) => phase === 'firing') });
  return steps;
};

let failed = 0;
for (const scenario of chosen()) {
  heard = { samples: [], evaluations: [] };
  const plan = toPlan(scenario, 'safe', Number(values.seed));
  await runPlan(plan, { recording: false });
  const result = compare(scenario, plan, heard);
  heard = null;
  console.log(`test rules ${scenario.id} seed ${plan.seed}: ${result}`);
}
console.log(failed === 0 ? 'promtool agrees with our evaluator' : `${failed} runs differ; see ${folder}`);
process.exitCode = failed === 0 ? 0 : 1;

function loaded() {
  return loadScenarios(SCENARIO_ROOT, knownNames());
}

function chosen() {
  const all = loaded().filter(({ variants, signals }) => variants.safe !== undefined && signals !== undefined);
  if (positionals.length > 0) return all.filter(({ id }) => positionals.includes(id));
  const keyed = all.map((scenario, index) => ({ scenario, key: mix2(Number(values.lot) | 0, 78, index, 0) >>> 0 }));
  keyed.sort((one, other) => one.key - other.key);
  return keyed.slice(0, Number(values.count)).map(({ scenario }) => scenario);
}

function compare(scenario, plan, { samples, evaluations }) {
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
