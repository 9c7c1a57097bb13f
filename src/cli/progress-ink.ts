import { Box, render, Text } from 'ink';
import { createElement, type ReactElement } from 'react';

/** Lines under each other, cut off at the edge of the terminal. */
export function LinesView({ lines }: { readonly lines: readonly string[] }): ReactElement {
  return createElement(
    Box,
    { flexDirection: 'column' },
    ...lines.map((line, key) => createElement(Text, { key, wrap: 'truncate' }, line)),
  );
}

/** What a state looks like, drawn in place on a terminal; `end` clears it. Ctrl-C is the command's own. */
export function inkProgress<State>(
  stderr: NodeJS.WriteStream,
  linesOf: (state: State) => readonly string[],
): { show(state: State): void; end(): void } {
  const app = render(createElement(LinesView, { lines: [] }), {
    stdout: stderr,
    stderr,
    patchConsole: false,
    exitOnCtrlC: false,
  });
  return {
    show(state) {
      app.rerender(createElement(LinesView, { lines: linesOf(state) }));
    },
    end() {
      app.clear();
      app.unmount();
    },
  };
}
