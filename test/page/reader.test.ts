import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ReportDetail, ReportModel } from '../../src/report/model.ts';
import { documentRun, failedRun, modelOf } from '../report/export-model.ts';
import { CHROMIUM, inChromium, soon } from './browser.ts';
import { chainedRecords, fullModel } from './page-model.ts';

/** Whether an element stands in the window, and inside the box that scrolls it. */
async function inSight(page: Page, selector: string): Promise<boolean> {
  return await page.evaluate(`(() => {
    const element = document.querySelector(${JSON.stringify(selector)});
    if (element === null) return false;
    const { left, right, top, bottom } = element.getBoundingClientRect();
    const box = element.closest('.events, .scroll, .chart').getBoundingClientRect();
    const across = left >= Math.max(0, box.left) - 1 && right <= Math.min(innerWidth, box.right) + 1;
    return across && top >= box.top - 1 && bottom <= Math.min(box.bottom, innerHeight) + 1;
  })()`);
}

// skipped: there is no Chromium on this machine (said in browser.ts).
describe.skipIf(CHROMIUM === undefined)('where a reader stands', () => {
  const opened = inChromium();
  let model: ReportModel;
  let detail: ReportDetail;
  beforeAll(async () => {
    model = await fullModel();
    detail = model.signatures[0]!.detail!;
  });

  it('j and k go on from the failure, also after a tick, not with Ctrl, and bring the list in sight', async () => {
    const { records } = detail.trace;
    // A failure in the midst, as it is where a run goes on after it.
    const [signature] = model.signatures;
    const findings = [{ ...detail.findings[0]!, atUs: records[1_500]!.atUs }];
    const signatures = [{ ...signature!, detail: { ...detail, findings } }];
    const { page, heard } = await opened({ ...model, signatures }, '#/failure/1');
    const failed = records.findLastIndex(({ atUs }) => atUs <= findings[0]!.atUs);
    const place = async () => Number(await page.locator('.events tr.chosen').getAttribute('data-place'));
    await page.keyboard.press('Control+j');
    expect(await page.locator('.events tr.chosen').count()).toBe(0);
    await page.keyboard.press('k');
    await soon(place).toBe(failed - 1);
    await soon(() => inSight(page, '.events tr.chosen')).toBe(true);
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await soon(place).toBe(failed + 1);
    // Several records may share one event; one of them is chosen.
    expect(await page.locator('.events tr.chosen').count()).toBe(1);
    await page.getByLabel('only the causal chain', { exact: true }).check();
    await page.keyboard.press('k');
    await soon(() => page.locator('.events tr.chosen.chain').count()).toBe(1);
    // The list and the diagram count the same chain.
    const count = chainedRecords(detail.trace.records, detail.chain).length;
    await soon(() => page.locator('.events tr').count()).toBe(count);
    expect(await page.locator('label', { hasText: `only the causal chain (${count})` }).count()).toBe(1);
    await page.keyboard.press('3');
    await page.locator('nav a[aria-current]:text-is("Runs")').waitFor();
    expect(heard).toEqual([]);
  });

  it('a permalink shows its event, again when it is opened again, and says when the event is not there', async () => {
    const { records } = detail.trace;
    const { index } = records[Math.floor(records.length / 3)]!;
    const { page, heard } = await opened(model, `#/failure/1/event/${index}`);
    const chosen = async () => Number(await page.locator('.events tr.chosen').getAttribute('data-event'));
    await soon(() => inSight(page, '.events tr.chosen')).toBe(true);
    await page.keyboard.press('k');
    await page.keyboard.press('k');
    await soon(chosen).toBeLessThan(index);
    await page.evaluate(`location.hash = '#/failure/1/event/${index}'`);
    await soon(chosen).toBe(index);
    await page.locator('.choice select').last().selectOption('client-0');
    await soon(() => page.locator('.missing').textContent()).toBe(`Event ${index} is hidden by the filters.`);
    await page.locator('.choice select').last().selectOption('');
    await page.evaluate("location.hash = '#/failure/1/event/987654321'");
    await soon(() => page.locator('.missing').textContent()).toMatch(/^Event 987654321 is not among the .* records/);
    expect(await page.locator('.events tr.chosen').count()).toBe(0);
    const at = records.findLastIndex(({ atUs }) => atUs <= detail.findings[0]!.atUs);
    await soon(() => inSight(page, `.events tr[data-place="${at}"]`)).toBe(true);
    expect(heard).toEqual([]);
  });

  it('a link opens at the top with its heading in focus; Back finds the search and the offset', async () => {
    const { page, heard } = await opened(model, '#/');
    await page.setViewportSize({ width: 1_024, height: 400 });
    await page.getByLabel('Search the scenarios').fill('fake');
    const link = page.locator('section:last-of-type tbody a').last();
    await link.scrollIntoViewIfNeeded();
    const left = await page.evaluate<number>('scrollY');
    expect(left).toBeGreaterThan(100);
    await link.click();
    await soon(() => page.evaluate('document.activeElement.tagName')).toBe('H2');
    expect(await page.evaluate('scrollY')).toBe(0);
    await page.evaluate('scrollTo(0, 50)');
    await page.goBack();
    await soon(() => page.getByLabel('Search the scenarios').inputValue()).toBe('fake');
    await soon(() => page.evaluate('scrollY')).toBe(left);
    await page.goForward();
    await soon(() => page.evaluate('scrollY')).toBe(50);
    // Loaded again it stands where it stood.
    await soon(() => page.evaluate('history.state.top')).toBe(50);
    await page.reload();
    await page.waitForSelector('#page[data-ready]');
    await soon(() => page.evaluate('scrollY')).toBe(50);
    expect(heard).toEqual([]);
  });

  it('the diagram stays within the records', async () => {
    const { page, heard } = await opened(model, '#/failure/1');
    const ends = page.locator('.spacetime > text');
    const seconds = async () => (await ends.allTextContents()).map((text) => Number.parseFloat(text));
    const { records } = detail.trace;
    const [from, to] = [records[0]!.atUs / 1_000_000, records.at(-1)!.atUs / 1_000_000];
    const pad = (to - from) * 0.05 + 0.001;
    for (let press = 0; press < 25; press++) await page.locator('.spacetime').press('-');
    await soon(async () => (await seconds())[0]).toBeLessThan(from);
    const [first, last] = await seconds();
    expect(first).toBeGreaterThan(from - pad);
    expect(last).toBeLessThan(to + pad);
    expect(heard).toEqual([]);
  });

  it('a phone shows the target of a chart, and the failure in both drawings', async () => {
    const { page, heard } = await opened(model, '#/rehearsal/fake-loses');
    await page.setViewportSize({ width: 390, height: 844 });
    const target = "[...document.querySelectorAll('.chart .target line, .chart line.target')].length";
    await soon(() => page.evaluate(target)).toBeGreaterThan(0);
    await soon(() =>
      page.evaluate("document.querySelector('.chart').scrollWidth - document.querySelector('.chart').clientWidth"),
    ).toBe(0);
    await page.evaluate("location.hash = '#/failure/1'");
    const shown = (drawing: string) =>
      page.evaluate(`(() => {
        const { left } = document.querySelector('.${drawing} line.failed').getBoundingClientRect();
        return left > 0 && left < innerWidth;
      })()`);
    await soon(() => shown('timeline')).toBe(true);
    await soon(() => shown('spacetime')).toBe(true);
    await page.evaluate("document.querySelector('.spacetime').parentElement.scrollLeft = 0");
    await page.getByRole('button', { name: 'the failure' }).click();
    await soon(() => shown('spacetime')).toBe(true);
    expect(heard).toEqual([]);
  });

  it('where nothing was sent and no chain is known the page says so, and prints what is folded and near', async () => {
    const findings = Array.from({ length: 9 }, () => detail.findings[0]!);
    const bare = { ...detail, chain: [], findings, trace: { ...detail.trace, messages: [] } };
    const { page, heard } = await opened(modelOf([documentRun()], { kind: 'bundle', shown: bare }), '#/failure/0');
    expect(await page.locator('.hovered').last().textContent()).toMatch(/^Nothing was sent in this part\./);
    expect(await page.locator('details:not([open])').count()).toBeGreaterThan(0);
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('details:not([open])').count()).toBe(0);
    expect(await page.locator('.events tr:visible').count()).toBeGreaterThan(20);
    expect(await page.locator('.events tr:visible').count()).toBeLessThan(50);
    expect(await page.locator('.printed').isVisible()).toBe(true);
    await page.evaluate("dispatchEvent(new Event('afterprint'))");
    expect(await page.locator('details:not([open])').count()).toBeGreaterThan(0);
    expect(heard).toEqual([]);
  });

  it('a run document tells how to get a failure in full', async () => {
    const run = modelOf([failedRun(3, 'INV-DURABLE-ACK')]);
    const signatures = [run.signatures[0]!, run.signatures[0]!].map((signature, at) => {
      return { ...signature, bundle: at === 0 ? null : 'reports/runs/b.json' };
    });
    const { page, heard } = await opened({ ...run, signatures }, '#/failure/1');
    expect(await page.locator('main').textContent()).toContain('Make a bundle with run --bundle, and report that.');
    await page.evaluate("location.hash = '#/failure/2'");
    await soon(() => page.locator('main').textContent()).toContain('Report its bundle, reports/runs/b.json.');
    expect(heard).toEqual([]);
  });
});
