import { Box, render, Text } from 'ink';
import { createElement, type ReactElement } from 'react';
import type { Progress, ProgressState } from './progress.ts';

const BAR_CELLS = 30;

/** A bar, the count and the latest run. */
export function ProgressView({ label, total, done, latest }: ProgressState): ReactElement {
  const filled = total === 0 ? 0 : Math.floor((BAR_CELLS * done) / total);
  const bar = '#'.repeat(filled) + '.'.repeat(BAR_CELLS - filled);
  return createElement(
    Box,
    null,
    createElement(Text, { wrap: 'truncate' }, `${label} [${bar}] ${done}/${total} ${latest}`),
  );
}

/** Draws on a terminal and clears itself at the end. */
export function inkProgress(stderr: NodeJS.WriteStream): Progress {
  const app = render(createElement(ProgressView, { label: '', total: 0, done: 0, latest: '' }), {
    stdout: stderr,
    stderr,
    patchConsole: false,
    exitOnCtrlC: false,
  });
  return {
    show(state) {
      app.rerender(createElement(ProgressView, state));
    },
    end() {
      app.clear();
      app.unmount();
    },
  };
}
