import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { htmlReport } from '../../src/cli/report-html.ts';
import type { ReportModel } from '../../src/report/model.ts';

export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (CHROMIUM === undefined) console.info('skipped: the page of the report needs a Chromium (apt-get install chromium)');

/** Waits for what the page shows, patiently: the machine may be busy. */
export const soon = (read: () => unknown) => expect.poll(read, { timeout: 20_000 });

export interface Opened {
  readonly page: Page;
  /** What the console said, which dialogs opened, what was asked of a network: must stay empty. */
  readonly heard: string[];
}

/** A browser for the tests of a block; the function opens a report, or the file of one, and closes it after the test. */
export function inChromium(): (report: ReportModel | string, hash?: string) => Promise<Opened> {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox'] });
  });
  afterAll(async () => await browser?.close());
  return async (report, hash = '') => {
    const path = typeof report === 'string' ? report : written(report);
    const context = await browser.newContext({ viewport: { width: 1_024, height: 768 } });
    onTestFinished(async () => await context.close());
    const heard: string[] = [];
    const own = pathToFileURL(path).href;
    context.on('page', (page) => {
      page.on('console', (message) => heard.push(`${message.type()}: ${message.text()}`));
      page.on('pageerror', (error) => heard.push(error.message));
      page.on('dialog', (dialog) => heard.push(`dialog ${dialog.message()}`));
      page.on('request', (request) => {
        if (request.url().split('#')[0] !== own) heard.push(`asked for ${request.url()}`);
      });
    });
    const page = await context.newPage();
    await page.goto(`${own}${hash}`);
    await page.waitForSelector('#page[data-ready]');
    return { page, heard };
  };
}

function written(model: ReportModel): string {
  const folder = mkdtempSync(join(tmpdir(), 'firedrill-page-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'report.html');
  writeFileSync(path, htmlReport(model));
  return path;
}
