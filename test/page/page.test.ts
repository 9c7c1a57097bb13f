import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { htmlReport } from '../../src/cli/report-html.ts';
import type { ReportModel } from '../../src/report/model.ts';
import { documentRun, HOSTILE, modelOf } from '../report/export-model.ts';
import { CHROMIUM, inChromium, soon } from './browser.ts';
import { fullModel, gateModel } from './page-model.ts';

let model: ReportModel;
beforeAll(async () => {
  model = await fullModel();
});

describe('the page as text', () => {
  it('has a strict policy, nothing from outside, and no text of a run as markup', async () => {
    const html = htmlReport(model);
    expect(html.length).toBeLessThan(3_000_000);
    // A parser would change these, and the hashes of the policy would no longer fit.
    expect([...new Set(html)].filter((char) => char < ' ')).toEqual(['\n']);
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^ ]*'; style-src 'sha256-[^ ]*' 'sha256-[^ ]*'; /);
    expect(policy).not.toContain('unsafe');
    expect(html).not.toContain('<img');
    expect(html.match(/<\/script/g)).toHaveLength(2);
    expect(html).not.toContain('<!--');
  });

  it('leaves out details that have no room, and says so in its data', async () => {
    const [first] = model.signatures;
    // Digits that do not repeat, so that they cannot be packed below the limit.
    let state = 1;
    const noise = Array.from({ length: 3_000_000 }, () => (state = (state * 48_271) % 2_147_483_647).toString(36)[1]);
    const big = { ...first!.detail!, findings: [{ property: 'INV-A', site: '', atUs: 1, text: noise.join('') }] };
    const html = htmlReport({ ...model, signatures: [first!, { ...first!, signature: 'big', detail: big }] });
    expect(html.length).toBeLessThan(3_000_000);
    const packed = /id="report">([^<]*)</.exec(html)![1]!;
    const { problems, signatures } = JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString()) as ReportModel;
    expect(problems.at(-1)).toContain('no room for 1 of 2 details');
    expect(signatures.map(({ detail }) => detail === null)).toEqual([false, true]);
  });
});

// skipped: there is no Chromium on this machine (said in browser.ts).
describe.skipIf(CHROMIUM === undefined)('the page in Chromium', () => {
  const opened = inChromium();
  const PARTS = ['Overview', 'Failures', 'Runs', 'Rehearsals', 'Runbook findings', 'Coverage', 'Mutants'];

  it('every part opens by click and by key, hostile texts stay text, nothing leaves the page', async () => {
    const { page, heard } = await opened(model);
    expect(await page.locator('nav a').allTextContents()).toEqual(PARTS);
    for (const [place, part] of PARTS.entries()) {
      await page.locator('nav a', { hasText: new RegExp(`^${part}$`) }).click();
      await page.locator(`nav a[aria-current]:text-is("${part}")`).waitFor();
      await soon(() => page.locator('main h2').count()).toBeGreaterThan(0);
      await page.keyboard.press(String(((place + 1) % PARTS.length) + 1));
      await page.locator(`nav a[aria-current]:text-is("${PARTS[(place + 1) % PARTS.length]}")`).waitFor();
    }
    await page.locator('nav a', { hasText: 'Rehearsals' }).click();
    await page.locator('main a', { hasText: 'fake-loses' }).click();
    await soon(() => page.locator('.chart svg rect').count()).toBeGreaterThan(1);
    await soon(() => page.locator('main').textContent()).toContain(HOSTILE.slice(0, 40));
    await page.locator('nav a', { hasText: 'Coverage' }).click();
    await soon(() => page.locator('.chart svg path').count()).toBeGreaterThan(0);
    await soon(() => page.locator('img').count()).toBe(0);
    expect(heard).toEqual([]);
  });

  it('a failure: search, filter, chain, permalink, keys, diagram and timeline', async () => {
    const { page, heard } = await opened(model, '#/failure/1');
    const rows = page.locator('.events tr');
    const { records } = model.signatures[0]!.detail!.trace;
    await soon(() => rows.count()).toBe(records.length);
    await page.getByLabel('Search the events').fill('PREPAREOK');
    const found = records.filter((record) => `${record.kind} ${record.detail}`.toLowerCase().includes('prepareok'));
    await soon(() => rows.count()).toBe(found.length);
    await page.getByLabel('Search the events').fill('');
    await page.getByLabel('kind').selectOption('deliver');
    await soon(() => rows.count()).toBe(records.filter(({ kind }) => kind === 'deliver').length);
    await rows.first().click();
    const first = await rows.first().getAttribute('data-event');
    expect(page.url()).toMatch(new RegExp(`#/failure/1/event/${first}$`));
    await page.locator('h1').click();
    await page.keyboard.press('j');
    await soon(() => rows.nth(1).getAttribute('class')).toContain('chosen');
    await page.keyboard.press('k');
    await soon(() => rows.first().getAttribute('class')).toContain('chosen');
    await soon(() => page.locator('.spacetime .message').count()).toBeGreaterThan(0);
    const before = await page.locator('.filters', { hasText: 'shown' }).textContent();
    await page.getByLabel('zoom in').click();
    await page.locator('.spacetime').press('-');
    await page.locator('.spacetime').press('-');
    expect(await page.locator('.filters', { hasText: 'shown' }).textContent()).not.toBe(before);
    await page.getByRole('button', { name: 'the failure' }).click();
    await soon(() => page.locator('.spacetime .message.chain').count()).toBeGreaterThan(0);
    await page.locator('.timeline .bar').first().hover();
    await soon(() => page.locator('.hovered').first().textContent()).toMatch(/ s to .* s \(/);
    await soon(() => page.locator('.logs tr').count()).toBeGreaterThan(1);
    expect(heard).toEqual([]);
  });

  it('a permalink opens at its event; the replay line is copied', async () => {
    const { records } = model.signatures[0]!.detail!.trace;
    const { index } = records[Math.floor(records.length / 2)]!;
    const { page, heard } = await opened(model, `#/failure/1/event/${index}`);
    const row = page.locator(`.events tr[data-event="${index}"]`).first();
    expect(await row.getAttribute('class')).toContain('chosen');
    const seen = "(row) => { const list = row.closest('.events'); return row.offsetTop - list.scrollTop; }";
    expect(await row.evaluate(`(${seen})(document.querySelector('.events tr[data-event="${index}"]'))`)).toBeLessThan(
      460,
    );
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator('button.copy').first().click();
    await page.locator('button.copy', { hasText: 'copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(model.signatures[0]!.replay);
    expect(heard).toEqual([]);
  });

  it('dark, light, print and a phone', async () => {
    const { page, heard } = await opened(model, '#/failure/1');
    const paper = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await paper();
    await page.locator('button.theme').click();
    await soon(paper).not.toBe(light);
    for (const hash of [
      '#/',
      '#/failures',
      '#/failure/1',
      '#/runs',
      '#/rehearsal/fake-loses',
      '#/coverage',
      '#/mutants',
    ]) {
      await page.setViewportSize({ width: 390, height: 844 });
      await page.evaluate(`location.hash = '${hash}'`);
      await page.waitForTimeout(50);
      expect([hash, await page.evaluate('document.documentElement.scrollWidth - innerWidth')]).toEqual([hash, 0]);
    }
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('nav').isVisible()).toBe(false);
    expect(heard).toEqual([]);
  });

  it.each([
    ['a run document', () => modelOf([documentRun()]), 'Verdicts'],
    ['a gate', gateModel, 'The gate failed'],
    ['nothing', () => modelOf([]), 'Verdicts'],
  ] as const)('%s opens', async (_, make, heading) => {
    const { page, heard } = await opened(make());
    expect(await page.locator('main h2').allTextContents()).toContain(heading);
    expect(heard).toEqual([]);
  });

  it('a bundle that did not fail opens at its run', async () => {
    const { signatures } = model;
    const { page, heard } = await opened(modelOf([documentRun()], { kind: 'bundle', shown: signatures[0]!.detail }));
    await page.locator('nav a', { hasText: 'The run' }).click();
    await soon(() => page.locator('.spacetime').count()).toBe(1);
    expect(heard).toEqual([]);
  });
});
