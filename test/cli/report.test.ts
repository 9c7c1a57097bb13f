import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rowOf } from '../../src/campaign/run-row.ts';
import { bundleOf, writeBundle } from '../../src/cli/bundle.ts';
import { type ReportOptions, report } from '../../src/cli/commands/report.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import type { ReportModel } from '../../src/report/model.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import { CampaignStore } from '../../src/store/campaign-store.ts';
import { documentRun, failedRun, modelOf } from '../report/export-model.ts';
import { fakeEngine, listen } from './kit.ts';

const PAGES = { ids: [], page: () => null };
const VERSIONS = { firedrill: '9.9.9', node: 'v99.0.0' };

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'firedrill-report-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function shown(what: string, changes: Partial<ReportOptions> = {}): Promise<string> {
  const heard = listen();
  const options: ReportOptions = {
    what,
    format: 'json',
    out: null,
    campaign: null,
    mutants: null,
    reports: join(what, '..', 'reports'),
    ...changes,
  };
  expect(await report(options, heard, fakeEngine({ runPlan }), PAGES)).toBe(0);
  return heard.out;
}

/** Fails within a second: acknowledgements leave before anything is synced. */
function failingPlan(): RunPlan {
  return { ...swarmPlan(3), guardsOff: ['fsync'] };
}

describe('firedrill report', () => {
  it('of a run document, and of the report that it makes of it', async () => {
    const path = join(folder(), 'runs.json');
    writeFileSync(path, JSON.stringify({ runs: [documentRun(), failedRun(2, 'INV-A')], totals: {} }));
    const first = await shown(path);
    const model = JSON.parse(first) as ReportModel;
    expect(model).toMatchObject({ kind: 'run', totals: { runs: 2, passed: 1, failed: 1, unexpected: 1 } });
    expect(model.signatures).toMatchObject([{ signature: 'INV-A @ a-site', seeds: [2], detail: null }]);
    writeFileSync(path, first);
    expect(await shown(path)).toBe(first);
    expect(await shown(path, { format: 'github' })).toMatch(/^::error title=INV-A @ a-site::/);
  });

  it('of a bundle: what led to the failure, with messages, states and logs', async () => {
    const path = join(folder(), 'b.json');
    const { result } = await runPlan(failingPlan(), { recording: false });
    expect(result.property).toBe('INV-DURABLE-ACK');
    writeBundle(path, bundleOf(result, VERSIONS));
    const model = JSON.parse(await shown(path)) as ReportModel;
    const detail = model.signatures[0]!.detail!;
    expect(model.problems).toEqual([]);
    expect(detail.run).toMatchObject({ property: 'INV-DURABLE-ACK', traceHash: result.traceHash, bundle: path });
    expect(detail.chain.length).toBeGreaterThan(2);
    expect(detail.trace.messages.some(({ kind }) => kind === 'prepareOk')).toBe(true);
    expect(detail.trace.records.length).toBeLessThanOrEqual(2_000);
    const chrome = JSON.parse(await shown(path, { format: 'perfetto' })) as { otherData: { run: string } };
    expect(chrome.otherData.run).toBe('swarm swarm seed 3');
    expect(await shown(path, { format: 'shiviz' })).toMatch(/^\S+ \{"/);
  });

  it('of a campaign: the first failure of a signature is made again, and its bundle written', async () => {
    const at = folder();
    const path = join(at, 'c.db');
    const store = CampaignStore.open(path);
    const { result } = await runPlan(failingPlan(), { recording: false });
    const id = store.create({
      system: 'kimberlite',
      scenarios: ['swarm'],
      variants: ['swarm'],
      strategy: 'swarm',
      seedFrom: 3,
      seedTo: 3,
      unrestricted: false,
      campaignSeed: 3,
      profile: 'intended',
      ...VERSIONS,
    });
    const slot = { index: 0, seed: 3, scenario: 'swarm', variant: 'swarm' } as const;
    store.putRuns(id, [rowOf(slot, 'swarm', { result, wallMs: 5 }, null)]);
    store.setState(id, 'finished');
    store.close();
    const model = JSON.parse(await shown(path)) as ReportModel;
    expect(model).toMatchObject({ kind: 'campaign', problems: [], totals: { runs: 1, failed: 1 } });
    const [signature] = model.signatures;
    expect(signature!.replay).toMatch(/^npx firedrill replay .*swarm-swarm-3-[0-9a-f]{8}\.json$/);
    expect(JSON.parse(readFileSync(signature!.bundle!, 'utf8'))).toMatchObject({
      expected: { hash: result.traceHash },
    });
    expect(model.marks.find(({ mark }) => mark === 'view-started')).toMatchObject({ runs: 1, rare: false });
  });

  it('refuses a report, a run and a kill table with parts missing, with the place', async () => {
    const path = join(folder(), 'x.json');
    const refused = async (value: unknown, text: string, changes: Partial<ReportOptions> = {}): Promise<void> => {
      writeFileSync(path, JSON.stringify(value));
      await expect(shown(path, { format: 'markdown', ...changes })).rejects.toThrow(text);
    };
    const model = modelOf([documentRun(), failedRun(2, 'INV-A')]);
    const { totals: _, ...bare } = model;
    await refused(bare, 'totals is missing');
    await refused({ ...model, groups: [{}] }, 'groups[0].scenario is missing');
    await refused({ ...model, mutants: [{}] }, 'mutants[0].id is missing');
    await refused({ ...model, gate: {} }, 'gate');
    await refused({ ...model, runs: [{}] }, 'runs[0].id is missing');
    await refused({ ...model, runs: [{ ...model.runs[0]!, verdict: 'maybe' }] }, 'runs[0].verdict is none of passed');
    await refused({ runs: [{ ...documentRun(), verdict: 'maybe' }], totals: {} }, 'runs[0].verdict is none of passed');
    await refused(
      { runs: [{ ...documentRun(), findings: [null] }], totals: {} },
      'runs[0].findings[0] is no group of fields',
    );
    writeFileSync(path, JSON.stringify({ mutants: [{ killed: true }] }));
    await expect(shown(path, { mutants: path })).rejects.toThrow('mutants[0].id is missing');
    await refused({ runs: [], totals: {} }, 'is the very file that is read', { out: path });
  });

  it('refuses what it cannot show', async () => {
    const path = join(folder(), 'x.json');
    const refused = async (content: string, changes: Partial<ReportOptions> = {}): Promise<void> => {
      writeFileSync(path, content);
      await shown(path, changes);
    };
    await expect(refused('[]')).rejects.toThrow('none of the documents that can be reported');
    await expect(refused('{')).rejects.toThrow('is not JSON');
    await expect(refused('{"runs": [{}], "totals": {}}')).rejects.toThrow('runs[0].scenario is missing');
    await expect(refused('{"format": "firedrill-report", "version": 2}')).rejects.toThrow('no report of version 1');
    await expect(refused('{"runs": [], "totals": {}}', { format: 'perfetto' })).rejects.toThrow('draws a single run');
    await expect(refused('{"runs": [], "totals": {}}', { campaign: 1 })).rejects.toThrow('is no database');
  });
});
