import { render } from 'ink-testing-library';
import { createElement } from 'react';
import { describe, expect, it } from 'vitest';
import { canDraw, wantsColour } from '../../src/cli/output.ts';
import { lineProgress, progressOn } from '../../src/cli/progress.ts';
import { LinesView } from '../../src/cli/progress-ink.ts';
import { runLines } from '../../src/cli/progress-text.ts';
import { listen } from './kit.ts';

describe('progress', () => {
  it('writes some twenty lines at most, the last one always, none before the first run', async () => {
    for (const [total, lines] of [
      [3, 3],
      [20, 20],
      [1_001, 20],
    ] as const) {
      const heard = listen();
      const progress = lineProgress(heard);
      for (let done = 0; done <= total; done++) progress.show({ label: 'running', total, done, latest: 'x' });
      const written = heard.err.trimEnd().split('\n');
      expect(written).toHaveLength(lines);
      expect(written.at(-1)).toBe(`running ${total}/${total}: x`);
      expect(heard.out).toBe('');
    }
  });

  it('draws a bar on a terminal', () => {
    const state = { label: 'running', total: 4, done: 1, latest: 'scn' };
    const { lastFrame } = render(createElement(LinesView, { lines: runLines(state) }));
    expect(lastFrame()).toBe(`running [${'#'.repeat(7)}${'.'.repeat(23)}] 1/4 scn`);
  });

  it('never draws with --json', async () => {
    const heard = { ...listen(), terminal: true };
    let lines = '';
    const progress = await progressOn({ ...heard, stderr: (text) => void (lines += text) }, true);
    progress.show({ label: 'running', total: 1, done: 1, latest: '' });
    expect(lines).toBe('running 1/1\n');
  });

  it.each([
    [{ isTTY: true, rows: 24, columns: 80 }, 'xterm', true],
    [{ isTTY: true, rows: 24, columns: 80 }, 'dumb', false],
    [{ isTTY: true, rows: 0, columns: 0 }, 'xterm', false],
    [{}, 'xterm', false],
  ])('is drawn on %j (%s): %s', (stream, term, drawn) => {
    expect(canDraw(stream, term)).toBe(drawn);
  });

  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ TERM: 'dumb' }, true, false],
    [{ TERM: 'xterm' }, true, true],
  ])('with %j and a terminal: %s, colours: %s', (variables, isTerminal, colours) => {
    expect(wantsColour(variables, isTerminal)).toBe(colours);
  });
});
