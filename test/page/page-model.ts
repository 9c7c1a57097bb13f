import { detailOfTrace } from '../../src/cli/report-detail.ts';
import { traceRun } from '../../src/cli/trace-of-run.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import type { ReportModel, ReportScenario } from '../../src/report/model.ts';
import type { TraceEntry } from '../../src/report/trace-model.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import { documentRun, failedRun, HOSTILE, modelOf } from '../report/export-model.ts';

/** A report with something in every part, its failure a real run; every text of a person is hostile. */
export async function fullModel(): Promise<ReportModel> {
  const model = modelOf([documentRun(), failedRun(3, 'INV-DURABLE-ACK'), failedRun(4, 'INV-B')]);
  const [first, second] = model.signatures;
  const run = model.runs.find(({ property }) => property === 'INV-DURABLE-ACK')!;
  // Fails within a second: acknowledgements leave before anything is synced.
  const traced = await traceRun({ ...swarmPlan(3), guardsOff: ['fsync'] }, runPlan);
  const detail = detailOfTrace(traced, { ...run, explanation: HOSTILE });
  const shown = { ...detail, trace: { ...detail.trace, hosts: hostile(detail.trace.hosts) } };
  return {
    ...model,
    kind: 'campaign',
    signatures: [{ ...first!, meaning: HOSTILE, note: HOSTILE, detail: shown }, second!],
    scenarios: [rehearsal()],
    coverage: { features: 90, points: [{ runs: 1, features: 40 }, { runs: 3, features: 90 }] }, // biome-ignore format: a table
    marks: [{ mark: HOSTILE, runs: 1, rare: true, onlyElsewhere: '', scenarios: ['fake-loses'] }],
    mutants: [MUTANT],
    runbookFindings: [
      {
        scenario: 'fake-loses',
        title: HOSTILE,
        source: HOSTILE,
        property: 'INV-A',
        meaning: HOSTILE,
        runs: 2,
        failed: 2,
      },
    ],
    problems: [HOSTILE],
  };
}

/** Records of the causal chain: an event's marks and log lines are no part of it. */
export function chainedRecords(records: readonly TraceEntry[], chain: readonly number[]): TraceEntry[] {
  const told = ['fault', 'crash', 'start'];
  return records.filter(({ index, kind, message }) => chain.includes(index) && (message >= 0 || told.includes(kind)));
}

/** The same as a gate shows it. */
export function gateModel(): ReportModel {
  const reasons = [{ rule: 'no-new-failures', text: HOSTILE, replay: 'npx firedrill replay x.json' }];
  return modelOf([documentRun()], {
    kind: 'gate',
    gate: { verdict: 'failed', policy: 'gate.yaml', policySha256: 'ab'.repeat(32), reasons },
  });
}

function hostile<T extends { readonly name: string }>(hosts: readonly T[]): T[] {
  return hosts.map((host, place) => (place === 0 ? { ...host, name: '<b>host</b>' } : host));
}

const MUTANT = {
  id: HOSTILE,
  part: 'protocol',
  property: 'INV-A',
  killed: true,
  status: 'killed',
  medianSeeds: 3,
  p95Seeds: 9,
  maxSeeds: 11,
  medianVirtualUs: 1_000_000,
  p95VirtualUs: 2_000_000,
  maxVirtualUs: 3_000_000,
  runs: 20,
  fired: 18,
};

function rehearsal(): ReportScenario {
  const step = { id: 'look', on: '', run: HOSTILE, shows: [] };
  return {
    page: {
      subject: 'a model',
      id: 'fake-loses',
      system: 'kimberlite',
      title: HOSTILE,
      severity: 'P1',
      why: HOSTILE,
      source: { document: 'runbook', section: HOSTILE, lines: '1-2', literal: 'unsafe', ambiguities: [HOSTILE] },
      breaks: [{ label: 'a', kind: 'crash', text: HOSTILE }],
      alerts: [{ id: 'ALERT-A', severity: 'P1', expr: 'up < 1', text: HOSTILE }],
      mayFire: [],
      silentCount: 2,
      starts: HOSTILE,
      prepare: [],
      diagnose: [step],
      resolve: [{ ...step, id: 'mend' }],
      gates: [],
      wrong: {
        title: HOSTILE,
        property: 'INV-A',
        meaning: 'm',
        seeds: 'every',
        adversary: [],
        guardsOff: [],
        steps: [],
      },
      proven: [HOSTILE],
    },
    mttrUs: 60_000_000,
    recovery: {
      targetUs: 60_000_000,
      samplesUs: [20_000_000, 30_000_000, 70_000_000],
      count: 3,
      overTarget: 1,
      medianUs: 30_000_000,
      p95Us: 70_000_000,
      maxUs: 70_000_000,
      without: 0,
    },
  };
}
