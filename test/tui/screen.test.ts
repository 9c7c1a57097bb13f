import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { render } from 'ink-testing-library';
import { createElement } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { App, Screen } from '../../src/tui/app.ts';
import { compareRuns } from '../../src/tui/compare.ts';
import { keyName } from '../../src/tui/keys.ts';
import { cellText, line, lineWidth } from '../../src/tui/line.ts';
import { KEYS } from '../../src/tui/panes/help.ts';
import { press } from '../../src/tui/press.ts';
import { screenLines } from '../../src/tui/screen.ts';
import { firstView, type Session } from '../../src/tui/view.ts';
import { plainText, screenHash, smallRun } from './kit.ts';

const run = smallRun();
const one: Session = { runs: [run], comparison: null };
const two: Session = { runs: [run, smallRun(400, {}, 200)], comparison: compareRuns(run, smallRun(400, {}, 200)) };
/** Waits until the frame shows a text; a busy machine may take its time. */
const shows = (frame: () => string | undefined, text: RegExp): Promise<void> =>
  vi.waitFor(() => expect(frame()).toMatch(text), { timeout: 30_000, interval: 50 });
/** Effects (where keys are listened to) come after the first frame. */
const listening = (): Promise<void> => new Promise((settle) => setTimeout(settle, 500));

describe('the screen', () => {
  it.each([
    ['one run', one],
    ['two runs', two],
  ])('of %s fills any size exactly', (_, session) => {
    for (const [columns, rows] of [
      [80, 23],
      [120, 39],
      [60, 16],
      [200, 60],
      [61, 17],
      [30, 5],
    ] as const) {
      for (const key of ['1', '2', '3', '4', '?', '/', '!']) {
        const lines = screenLines(session, press(session, firstView(session), key), { columns, rows });
        expect(lines.length).toBeLessThanOrEqual(rows);
        expect(lines.every((parts) => lineWidth(parts) === columns)).toBe(true);
      }
    }
  });

  it('says in words what is the matter at the failure', () => {
    const at = press(one, firstView(one), '!');
    const text = plainText(screenLines(one, at, { columns: 80, rows: 23 }));
    expect(text).toContain('FAILED INV-DURABLE-ACK');
    expect(text).toContain('t 0.350000 s');
    expect(text).toContain('ACTIVE');
    expect(text).toMatch(/^ r1 {2}> /m);
    expect(text).toMatch(/^>.*0\.350000 replica-2 {2}deliver/m);
    expect(plainText(screenLines(one, firstView(one), { columns: 80, rows: 23 }))).toContain(
      'will fail INV-DURABLE-ACK',
    );
  });

  it('has room for large numbers, and says how to quit, on 60 columns, too', () => {
    const long = smallRun(30_000);
    const session: Session = { runs: [long], comparison: null };
    const typed = [...'bmark'].reduce((view, key) => press(session, view, key), firstView(session));
    const view = press(session, press(session, press(session, typed, 'return'), 'G'), '4');
    for (const columns of [60, 80]) {
      const text = plainText(screenLines(session, { ...view, message: '' }, { columns, rows: 23 }));
      expect(text).toMatch(/^t 29\.999000 s {2}event 29,999\b.* 1 breakpoint {2}paused 10 events\/s$/m);
      expect(text).toMatch(/^\? keys {2}q quit/m);
    }
  });

  it('shows two runs at one height, the other by what was changed in it', () => {
    const changed = smallRun(400, { title: 'small run without net.partition (cut)', faults: [] }, 200);
    const session: Session = { runs: [run, changed], comparison: compareRuns(run, changed) };
    const text = plainText(screenLines(session, firstView(session), { columns: 80, rows: 23 }));
    expect(text).toMatch(/^small run {32}without net\.partition \(cut\) *$/m);
    expect(text).toMatch(/^log: they differ -+ {2}log: they differ -+$/m);
    expect(text).toMatch(/^ r1 .* r1 /m);
    expect(text).not.toContain('replica-');
    expect(text).toContain('s other run  d first difference');
  });

  it('is the same after a hundred events back and on again', () => {
    const at = press(one, firstView(one), '!');
    const back = press(one, at, 'pageup');
    const size = { columns: 80, rows: 23 };
    expect(screenHash(screenLines(one, back, size))).not.toBe(screenHash(screenLines(one, at, size)));
    expect(screenHash(screenLines(one, press(one, back, 'pagedown'), size))).toBe(
      screenHash(screenLines(one, at, size)),
    );
  });

  it('lets no text of a run move the cursor', () => {
    expect(cellText('\u001b[2J\u0007a\tb\u200e漢')).toBe('?[2J?a  b??');
  });

  it('lists every key that the page explains', () => {
    const page = readFileSync(fileURLToPath(new URL('../../docs/terminal-view.md', import.meta.url)), 'utf8');
    const keys = KEYS.slice(0, 4).flatMap(([, rows]) => rows.flatMap(([key]) => key.split(' ')));
    const capital = (key: string): boolean => /^[A-Z]$/.test(key) && page.includes(`\`${key.toLowerCase()}\``);
    expect(keys.filter((key) => !page.includes(key.length === 1 ? `\`${key}\`` : key) && !capital(key))).toEqual([]);
  });
});

describe('ink', () => {
  it('draws the view and takes keys', async () => {
    const { lastFrame, stdin, unmount } = render(createElement(App, { session: one, colour: false }));
    expect(lastFrame()).toContain('small run');
    await listening();
    for (const [key, text] of [
      ['!', /FAILED INV-DURABLE-ACK/],
      ['\u001b[D', /t 0\.349000 s/],
      ['?', /next and previous event/],
    ] as const) {
      stdin.write(key);
      await shows(lastFrame, text);
    }
    unmount();
  });

  it('plays while nobody types', async () => {
    const { lastFrame, stdin, unmount } = render(createElement(App, { session: one, colour: false }));
    await listening();
    stdin.write('++++ ');
    await shows(lastFrame, /playing 250 events\/s/);
    await shows(lastFrame, /event [1-9]/);
    unmount();
  });

  it('has no colour where none is wanted', () => {
    const tones = ['plain', 'title', 'good', 'warn', 'bad', 'quiet', 'cursor'] as const;
    const lines = tones.map((tone) => line(tone, tone));
    const { lastFrame, unmount } = render(createElement(Screen, { lines, colour: false }));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences that set a colour
    expect(lastFrame()).not.toMatch(/\u001b\[(3[0-9]|4[0-9]|9[0-7]|10[0-7]|38|48)/);
    unmount();
  });

  it('names keys', () => {
    expect(keyName('', { leftArrow: true })).toEqual(['left']);
    expect(keyName('c', { ctrl: true })).toEqual(['ctrl-c']);
    expect(keyName('a \r', {})).toEqual(['a', 'space', 'return']);
  });
});
