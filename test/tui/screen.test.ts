import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { render } from 'ink-testing-library';
import { createElement } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { App, Screen } from '../../src/tui/app.ts';
import { compareRuns } from '../../src/tui/compare.ts';
import { keyName } from '../../src/tui/keys.ts';
import { cellText, line, lineWidth, shortNames } from '../../src/tui/line.ts';
import { KEYS } from '../../src/tui/panes/help.ts';
import { linkLines } from '../../src/tui/panes/links.ts';
import { press } from '../../src/tui/press.ts';
import { screenLines, withinScreen } from '../../src/tui/screen.ts';
import { hostNamed } from '../../src/tui/seek.ts';
import { firstView, type Session, type View } from '../../src/tui/view.ts';
import { PROPERTY, plainText, screenHash, smallRun } from './kit.ts';

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

  const many = Array.from({ length: 40 }, (_, index) => ({ row: 5, tone: 'output' as const, text: `line ${index}` }));
  const findings = Array.from({ length: 30 }, (_, index) => ({
    row: 380,
    property: index === 29 ? PROPERTY : 'INV-OTHER',
    text: `finding ${index}`,
  }));
  const wordy: Session = { runs: [smallRun(400, { terminal: many, findings })], comparison: null };

  it.each([
    ['3', '}', '{', 'finding 29', 'finding 28'],
    ['2', '{', '}', 'line 39', 'line 0'],
  ])('the lower pane %s shows all of its text: %s goes on, %s back', (pane, on, back, first, last) => {
    const size = { columns: 80, rows: 23 };
    const step = (view: View, key: string): View => withinScreen(wordy, press(wordy, view, key), size);
    const shown = (view: View): string => plainText(screenLines(wordy, view, size));
    const start = step(step(firstView(wordy), '!'), pane);
    expect(shown(start)).toContain(first);
    expect(shown(start)).not.toMatch(new RegExp(`${last}$`, 'm'));
    let end = start;
    for (let times = 0; times < 20; times++) end = step(end, on);
    expect(shown(end)).toMatch(new RegExp(`^\\W*${last} *$`, 'm'));
    let again = end;
    for (let times = 0; times < 8; times++) again = step(again, back);
    expect(screenHash(screenLines(wordy, again, size))).toBe(screenHash(screenLines(wordy, start, size)));
    expect(step(end, '1').scroll).toBe(0);
  });

  it('keeps room for the lower pane on the smallest terminal', () => {
    const names = ['replica-0', 'replica-1', 'replica-2', 'replica-3', 'replica-100'];
    const large: Session = { runs: [smallRun(400, {}, 400, names)], comparison: null };
    for (const [pane, text] of [
      ['1', /^>.*deliver/m],
      ['2', /^\$ date/m],
      ['3', /^failed by INV-DURABLE-ACK/m],
      ['4', /^alerts -/m],
    ] as const) {
      const view = press(large, press(large, firstView(large), '!'), pane);
      expect(plainText(screenLines(large, view, { columns: 60, rows: 16 }))).toMatch(text);
    }
  });

  it.each([
    [['node1', 'node2', 'node3'], 'n2', '2', 1],
    [['replica-0', 'replica-1', 'replica-100'], 'r100', '100', 2],
    [['replica-0', 'replica-1', 'replica-100'], 'r1', '1', 1],
  ])('hosts %s have different short names, which prompts take', (names, short, number, host) => {
    const named = smallRun(400, {}, 400, names);
    const session: Session = { runs: [named, named], comparison: compareRuns(named, named) };
    const text = plainText(screenLines(session, firstView(session), { columns: 80, rows: 23 }));
    for (const name of names) expect(text).toMatch(new RegExp(`^[> ]${shortNames(name)} +(up|-|\\?)`, 'm'));
    expect(plainText(linkLines(named, named.stateAt(0)))).toMatch(
      new RegExp(`^ +${names.map(shortNames).join(' +')} +cl`),
    );
    expect(hostNamed(named, short)).toBe(host);
    expect(hostNamed(named, number)).toBe(host);
    expect(hostNamed(named, '7')).toBe(-1);
  });

  it('two runs: shows pace, filter and every pane, and reads a filter for each run', () => {
    const named = smallRun(400, { title: 'other' }, 200, ['replica-1', 'replica-0', 'replica-2']);
    const session: Session = { runs: [run, named], comparison: compareRuns(run, named) };
    const size = { columns: 120, rows: 30 };
    const asked = [...'/host:r0'].reduce((view, key) => press(session, view, key), firstView(session));
    const filtered = press(session, asked, 'return');
    const text = plainText(screenLines(session, filtered, size));
    expect(text).toMatch(/log: they differ \(filter: host:r0\).*log: they differ \(filter: host:r0\)/);
    expect(text).toContain('paused 10 events/s');
    expect(filtered.filter?.matches.map((match, index) => session.runs[index]?.find(-1, 1, match.accepts))).toEqual([
      0, 0,
    ]);
    const hosts = filtered.filter?.matches.map((match, index) => {
      const found = session.runs[index]?.find(3, 1, match.accepts) ?? -1;
      const { host, peer } = session.runs[index]?.row(found) ?? { host: -1, peer: -1 };
      return [host, peer].includes(index);
    });
    expect(hosts).toEqual([true, true]);
    expect(plainText(screenLines(session, press(session, filtered, '3'), size))).toMatch(/^failed by .* failed by /m);
  });

  it('the list of keys stops at its end, and goes back from there', () => {
    const size = { columns: 80, rows: 23 };
    const step = (view: View, key: string): View => withinScreen(one, press(one, view, key), size);
    let view = step(firstView(one), '?');
    for (let times = 0; times < 12; times++) view = step(view, 'space');
    const end = plainText(screenLines(one, view, size));
    expect(end).toContain('timeline: operator, alert, fault, failure');
    expect(plainText(screenLines(one, step(view, 'up'), size))).not.toBe(end);
  });

  it('says which size a terminal needs, as the guide does', () => {
    expect(plainText(screenLines(one, firstView(one), { columns: 50, rows: 9 }))).toContain(
      '50x10 is too small: 60x17',
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
