import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ReportModel } from '../../src/report/model.ts';
import { CHROMIUM, inChromium, soon } from './browser.ts';
import { chainedRecords, fullModel } from './page-model.ts';

/** Milliseconds that the diagram shows. */
async function shownMs(page: Page): Promise<number> {
  const text = (await page.locator('.filters .quiet', { hasText: 'shown' }).textContent()) ?? '';
  const [, figure, unit] = /^([\d.]+) (µs|ms|s|min) shown$/.exec(text)!;
  return Number(figure) * { µs: 0.001, ms: 1, s: 1_000, min: 60_000 }[unit as 'µs' | 'ms' | 's' | 'min'];
}

// skipped: there is no Chromium on this machine (said in browser.ts).
describe.skipIf(CHROMIUM === undefined)('what a reader does with a failure', () => {
  const opened = inChromium();
  let model: ReportModel;
  beforeAll(async () => {
    model = await fullModel();
  });

  it('zooms by buttons, by keys, and by the wheel with Ctrl; the bare wheel scrolls the page', async () => {
    const { page, heard } = await opened(model, '#/failure/1');
    const first = await shownMs(page);
    await page.getByLabel('zoom in').click();
    await soon(() => shownMs(page)).toBeCloseTo(first / 2, 1);
    await page.getByLabel('zoom out').click();
    await soon(() => shownMs(page)).toBeCloseTo(first, 1);
    await page.locator('.spacetime').press('+');
    await soon(() => shownMs(page)).toBeCloseTo(first / 2, 1);
    const from = page.locator('.spacetime > text').first();
    const before = await from.textContent();
    await page.locator('.spacetime').press('ArrowLeft');
    await soon(() => from.textContent()).not.toBe(before);
    await page.getByRole('button', { name: 'the failure' }).click();
    await soon(() => shownMs(page)).toBeCloseTo(first, 1);
    await page.locator('.spacetime').scrollIntoViewIfNeeded();
    // At the right edge: what lies there stays there.
    const until = page.locator('.spacetime > text').last();
    const end = await until.textContent();
    const box = (await page.locator('.spacetime').boundingBox())!;
    await page.mouse.move(box.x + box.width - 1, box.y + box.height / 2);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -240);
    await page.keyboard.up('Control');
    await soon(() => shownMs(page)).toBeCloseTo(first / 2, 1);
    expect(Math.abs(Number.parseFloat((await until.textContent())!) - Number.parseFloat(end!))).toBeLessThan(0.001);
    const place = await page.evaluate('scrollY');
    await page.mouse.wheel(0, 120);
    await soon(() => page.evaluate('scrollY')).not.toBe(place);
    expect(await shownMs(page)).toBeCloseTo(first / 2, 1);
    expect(heard).toEqual([]);
  });

  it('points at an arrow to read the message, and clicks it to choose its event', async () => {
    const { page, heard } = await opened(model, '#/failure/1');
    const said = page.locator('.spacetime').locator('xpath=../following-sibling::p[1]');
    expect(await said.textContent()).toMatch(/^Point at an arrow/);
    await page.locator('.spacetime .message .wide').last().hover({ force: true });
    await soon(() => said.textContent()).toMatch(/^\w+ from \S+ to \S+, sent at [\d.]+ s, /);
    await page.locator('.spacetime .message .wide').last().click({ force: true });
    await soon(() => page.url()).toMatch(/#\/failure\/1\/event\/\d+$/);
    const event = /\d+$/.exec(page.url())![0];
    await soon(() => page.locator(`.events tr[data-event="${event}"]`).first().getAttribute('class')).toContain(
      'chosen',
    );
    expect(heard).toEqual([]);
  });

  it('sends the address of an event to somebody else, who sees the same event', async () => {
    const { page, heard } = await opened(model, '#/failure/1');
    const link = page.locator('.events tr a').nth(7);
    const event = await link.textContent();
    await link.click();
    await soon(() => page.url()).toMatch(new RegExp(`#/failure/1/event/${event}$`));
    const other = await page.context().newPage();
    await other.goto(page.url());
    await other.waitForSelector('#page[data-ready]');
    const chosen = other.locator('.events tr.chosen');
    await soon(() => chosen.first().getAttribute('data-event')).toBe(event);
    const { detail } = model.signatures[0]!.detail!.trace.records.find(({ index }) => String(index) === event)!;
    expect(await chosen.first().textContent()).toContain(detail);
    expect(await other.locator('.spacetime line.chosen').count()).toBe(1);
    expect(heard).toEqual([]);
  });

  it('goes to the search by a key, and filters by host and chain', async () => {
    const { page, heard } = await opened(model, '#/failure/1');
    const { chain, trace } = model.signatures[0]!.detail!;
    await page.keyboard.press('/');
    await soon(() => page.evaluate('document.activeElement.ariaLabel')).toBe('Search the events');
    await page.keyboard.type('no such thing 12');
    await soon(() => page.locator('.events tr').count()).toBe(0);
    await page.getByLabel('Search the events').fill('');
    await page.locator('.choice select').last().selectOption(trace.hosts[1]!.name);
    const of = trace.records.filter(({ host }) => host === trace.hosts[1]!.host);
    await soon(() => page.locator('.events tr').count()).toBe(of.length);
    await page.locator('.choice select').last().selectOption('');
    await page.getByLabel('only the causal chain', { exact: true }).check();
    const chained = chainedRecords(trace.records, chain);
    await soon(() => page.locator('.events tr').count()).toBe(chained.length);
    expect(heard).toEqual([]);
  });

  it('follows the system between light and dark, and prints dark words on white', async () => {
    const { page, heard } = await opened(model, '#/failure/1');
    const ink = () => page.evaluate('getComputedStyle(document.body).color');
    const paper = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.emulateMedia({ colorScheme: 'light' });
    const [lightInk, lightPaper] = [await ink(), await paper()];
    await page.emulateMedia({ colorScheme: 'dark' });
    await soon(paper).not.toBe(lightPaper);
    expect(await ink()).not.toBe(lightInk);
    await page.emulateMedia({ colorScheme: 'dark', media: 'print' });
    expect([await ink(), await paper()]).toEqual([lightInk, lightPaper]);
    const { chain, trace } = model.signatures[0]!.detail!;
    const printed = chainedRecords(trace.records, chain);
    expect(await page.locator('.events tr:visible').count()).toBe(printed.length);
    expect(await page.locator('button.copy').first().isVisible()).toBe(false);
    await page.emulateMedia({ colorScheme: 'light', media: 'screen' });
    await page.locator('button.theme').click();
    await soon(paper).not.toBe(lightPaper);
    await page.emulateMedia({ colorScheme: 'light', media: 'print' });
    expect([await ink(), await paper()]).toEqual([lightInk, lightPaper]);
    expect(heard).toEqual([]);
  });
});
