import { describe, expect, it } from 'vitest';
import { htmlReport } from '../../src/cli/report-html.ts';
import { CHROMIUM, inChromium, soon } from './browser.ts';
import { campaignModel, SIGNATURES } from './campaign-model.ts';

const model = campaignModel();

describe('a campaign of 5,000 runs', () => {
  it('is one page below 3 MB, with all twenty details', () => {
    const html = htmlReport(model);
    expect(Buffer.byteLength(html)).toBeLessThan(3_000_000);
    expect(model.totals.runs).toBe(5_000);
    expect(model.signatures.filter(({ detail }) => detail !== null)).toHaveLength(20);
    expect(html).not.toContain('no room');
  });
});

// skipped: there is no Chromium on this machine (said in browser.ts).
describe.skipIf(CHROMIUM === undefined)('a campaign of 5,000 runs in Chromium', () => {
  const opened = inChromium();

  it('opens with its worst failures before the table of the scenarios', async () => {
    const { page, heard } = await opened(model);
    expect(await page.locator('main h2').allTextContents()).toEqual([
      'Verdicts',
      'Failures, worst first',
      'By scenario',
    ]);
    expect(await page.locator('dd').first().textContent()).toBe('5,000');
    const tones = await page.locator('section:last-of-type tbody td:nth-child(7)').allTextContents();
    expect(tones.map((tone) => tone.startsWith('✓'))).toEqual([...tones].map((tone) => tone.startsWith('✓')).sort());
    expect(heard).toEqual([]);
  });

  it('every row of a run is reached by going on, and by a search; those left out are counted', async () => {
    const { page, heard } = await opened(model, '#/runs');
    const rows = page.locator('tbody tr');
    const status = page.getByRole('status');
    expect(await rows.count()).toBe(200);
    expect(await status.textContent()).toBe('2,000 of 2,000 rows; 3,000 runs that ended no worse left out');
    const more = page.locator('button.more');
    for (let drawn = 200; drawn < 2_000; drawn += 200) {
      await soon(() => rows.count()).toBe(drawn);
      await more.click();
    }
    await soon(() => rows.count()).toBe(2_000);
    expect(await more.count()).toBe(0);
    const seeds = new Set(await page.locator('tbody td:nth-child(2)').allTextContents());
    expect(seeds).toEqual(new Set(model.runs.map(({ seed }) => String(seed))));
    expect(await page.locator('tbody .shell').count()).toBe(2_000);
    await page.getByLabel('Search the runs').fill('INV-299');
    await soon(() => rows.count()).toBe(2);
    await page.getByLabel('Search the runs').fill('');
    await page.getByLabel('verdict').selectOption('failed');
    await soon(() => status.textContent()).toMatch(/^600 of/);
    expect(heard).toEqual([]);
  });

  it('every signature is reached; one without a detail says so', async () => {
    const { page, heard } = await opened(model, '#/failures');
    const rows = page.locator('tbody tr');
    expect(await rows.count()).toBe(200);
    await page.locator('button.more').click();
    await soon(() => rows.count()).toBe(SIGNATURES);
    await rows.last().locator('a').click();
    await soon(() => page.locator('main').textContent()).toContain('only the worst signatures are shown in full');
    await page.goBack();
    await rows.first().locator('a').click();
    await soon(() => page.locator('.events tr').count()).toBe(2_000);
    expect(heard).toEqual([]);
  });
});
