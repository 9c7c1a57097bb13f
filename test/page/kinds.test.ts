import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rowOf } from '../../src/campaign/run-row.ts';
import { bundleOf, writeBundle } from '../../src/cli/bundle.ts';
import { gate } from '../../src/cli/commands/gate.ts';
import { report } from '../../src/cli/commands/report.ts';
import type { ScenarioSource } from '../../src/cli/scenario-source.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import type { ReportModel } from '../../src/report/model.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import { CampaignStore } from '../../src/store/campaign-store.ts';
import { fakeEngine, fakeSource, listen } from '../cli/kit.ts';
import { documentRun, failedRun } from '../report/export-model.ts';
import { CHROMIUM, inChromium, soon } from './browser.ts';

const PAGES = { ids: [], page: () => null };
const EXECUTED_AGAIN = join(import.meta.dirname, '../../corpus/inv-exactly-once-executed-again-e4aa0ae2.json');
const VERSIONS = { firedrill: '9.9.9', node: 'v99.0.0' };
const SPEC = {
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
};

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'firedrill-kinds-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What the command writes. */
async function written(what: string, format: 'html' | 'json' = 'html'): Promise<string> {
  const out = `${what}.${format}`;
  const options = { what, format, out, campaign: null, mutants: null, reports: join(what, '..', 'reports') };
  expect(await report(options, listen(), fakeEngine({ runPlan }), PAGES)).toBe(0);
  return out;
}

// skipped: there is no Chromium on this machine (said in browser.ts).
describe.skipIf(CHROMIUM === undefined)('what the commands write opens in Chromium', () => {
  const opened = inChromium();

  it('the document of a run', async () => {
    const path = join(folder(), 'runs.json');
    writeFileSync(path, JSON.stringify({ runs: [documentRun(), failedRun(2, 'INV-A')], totals: {} }));
    const { page, heard } = await opened(await written(path), '#/failures');
    await soon(() => page.locator('tbody a').first().textContent()).toBe('INV-A @ a-site');
    expect(heard).toEqual([]);
  });

  it('a campaign', async () => {
    const path = join(folder(), 'c.db');
    const { result } = await runPlan({ ...swarmPlan(3), guardsOff: ['fsync'] }, { recording: false });
    const store = CampaignStore.open(path);
    const id = store.create(SPEC);
    const slot = { index: 0, seed: 3, scenario: 'swarm', variant: 'swarm' } as const;
    store.putRuns(id, [rowOf(slot, 'swarm', { result, wallMs: 5 }, null)]);
    store.setState(id, 'finished');
    store.close();
    const { page, heard } = await opened(await written(path));
    await page.locator('main a', { hasText: 'INV-DURABLE-ACK' }).click();
    await soon(() => page.locator('.spacetime .message.chain').count()).toBeGreaterThan(0);
    expect(heard).toEqual([]);
  });

  it('a bundle whose replicas applied different entries: the first op on which they differ is marked', async () => {
    const path = join(folder(), 'b.json');
    // A planted bug: a replica passes over a hole in its log and applies what follows.
    const { result } = await runPlan({ ...swarmPlan(3), mutant: 'hole-skipped' }, { recording: false });
    expect(result.property).toBe('INV-PREFIX');
    writeBundle(path, bundleOf(result, VERSIONS));
    const model = JSON.parse(readFileSync(await written(path, 'json'), 'utf8')) as ReportModel;
    const { logs } = model.signatures[0]!.detail!;
    // The checker saw it by itself: the first op after which a state differs from what others had there.
    const seen = result.findings.find(({ site }) => site === 'state-differs')!.args['op'];
    expect(logs.firstDisagreement).toBe(seen);
    const differing = logs.rows.filter(({ entries }) => new Set(entries.flatMap((each) => each?.hash ?? [])).size > 1);
    expect(differing[0]!.op).toBe(seen);
    const { page, heard } = await opened(await written(path), '#/failure/1');
    await soon(() => page.locator('tr.disagree td').first().textContent()).toBe(`${seen} ✗ first disagreement`);
    expect(await page.locator('tr.disagree').count()).toBe(1);
    // Beside each other whatever the width: who holds which of the entries that differ.
    expect(await page.locator('.differing li').count()).toBeGreaterThan(1);
    expect((await page.locator('.differing li').allTextContents()).join(' ')).toMatch(/replica-\d.*: view \d+, /);
    const inView = "(row) => row.offsetTop - row.closest('.logs').scrollTop";
    await soon(() => page.evaluate(`(${inView})(document.querySelector('tr.disagree'))`)).toBeLessThan(460);
    expect(await page.evaluate("document.querySelector('.logs').scrollTop")).toBeGreaterThan(0);
    expect(heard).toEqual([]);
  }, 180_000);

  it('a bundle that fails long before its end: its logs show the op that the finding names', async () => {
    const path = join(folder(), 'b.json');
    const plan = (JSON.parse(readFileSync(EXECUTED_AGAIN, 'utf8')) as { plan: RunPlan }).plan;
    const { result } = await runPlan(plan, { recording: false });
    writeBundle(path, bundleOf(result, VERSIONS));
    const named = result.findings[0]!.args['op'];
    const { page, heard } = await opened(await written(path), '#/failure/1');
    const row = page.locator('.logs tr.named');
    await soon(() => row.locator('td').first().textContent()).toBe(`${named} ✗ named by the finding`);
    const { bottom, rows } = await page.evaluate<{ bottom: number; rows: number }>(`(() => {
      const list = document.querySelector('.logs');
      return { bottom: document.querySelector('tr.named').offsetTop - list.scrollTop, rows: list.querySelectorAll('tr').length };
    })()`);
    expect(bottom).toBeGreaterThan(0);
    expect(bottom).toBeLessThan(460);
    expect(rows).toBe(61);
    expect(await page.locator('main').textContent()).toContain(`Around op ${named}, which the finding names.`);
    expect(await row.textContent()).toMatch(/client-\d+ request/);
    expect(heard).toEqual([]);
  }, 180_000);

  it('the report that a gate leaves in its folder', async () => {
    const at = folder();
    const policy = join(at, 'gate.yaml');
    writeFileSync(
      policy,
      'version: 1\nname: a test\nrehearsals:\n  seeds: 2\n  scenarios: [fake-broken, fake-loses]\n',
    );
    const source: ScenarioSource = {
      list: () => [...fakeSource.list(), { ...fakeSource.list()[2]!, id: 'fake-broken' }],
      plan: fakeSource.plan,
    };
    const options = { accepted: null, commit: null, configFrom: null, configSchema: false, jobs: 1, json: false };
    const code = await gate({ ...options, policy, out: join(at, 'out') }, listen(), fakeEngine({ source }), PAGES, {
      today: '2026-11-21',
      startedAt: '2026-11-21T00:00:00.000Z',
      commit: { commit: 'c0ffee', dirty: false },
    });
    expect(code).toBe(1);
    const { page, heard } = await opened(join(at, 'out', 'report.html'));
    expect(await page.locator('main h2').first().textContent()).toBe('The gate failed');
    expect(await page.locator('main ol li').first().textContent()).toMatch(
      /^unexpected-failure .*npx firedrill replay/,
    );
    for (const part of await page.locator('nav a').allTextContents()) {
      await page.locator('nav a', { hasText: new RegExp(`^${part}$`) }).click();
      await page.locator(`nav a[aria-current]:text-is("${part}")`).waitFor();
    }
    await page.locator('nav a', { hasText: 'Failures' }).click();
    await page.locator('tbody a', { hasText: 'INV-DURABLE-ACK' }).first().click();
    await soon(() => page.locator('.events tr').count()).toBeGreaterThan(0);
    expect(heard).toEqual([]);
  });
});
