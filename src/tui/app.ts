import { Box, Text, useApp, useInput, useStdout } from 'ink';
import { createElement, type ReactElement, useEffect, useState } from 'react';
import { keyName } from './keys.ts';
import type { Line, Tone } from './line.ts';
import { play } from './play.ts';
import { press } from './press.ts';
import { type ScreenSize, screenLines, withinScreen } from './screen.ts';
import { firstView, type Session, type View } from './view.ts';

/** How often a playing run moves on. */
const TICK_MS = 50;

interface Style {
  readonly color?: string;
  readonly bold?: boolean;
  readonly dimColor?: boolean;
  readonly inverse?: boolean;
}

const COLOURED: Readonly<Record<Tone, Style>> = {
  plain: {},
  title: { bold: true, color: 'cyan' },
  good: { color: 'green' },
  warn: { color: 'yellow' },
  bad: { bold: true, color: 'red' },
  quiet: { dimColor: true },
  cursor: { inverse: true },
};

/** With NO_COLOR: weight and inversion only. */
const UNCOLOURED: Readonly<Record<Tone, Style>> = {
  plain: {},
  title: { bold: true },
  good: {},
  warn: {},
  bad: { bold: true },
  quiet: {},
  cursor: { inverse: true },
};

/** Lines of the screen, as ink draws them. */
export function Screen({ lines, colour }: { readonly lines: readonly Line[]; readonly colour: boolean }): ReactElement {
  const styles = colour ? COLOURED : UNCOLOURED;
  return createElement(
    Box,
    { flexDirection: 'column' },
    ...lines.map((parts, row) =>
      createElement(
        Text,
        { key: row, wrap: 'truncate' },
        ...parts.map(({ text, tone }, column) => createElement(Text, { key: column, ...styles[tone] }, text)),
      ),
    ),
  );
}

/** The terminal view: keys and time change the view, the view is drawn. */
export function App({ session, colour }: { readonly session: Session; readonly colour: boolean }): ReactElement {
  const { exit } = useApp();
  const { stdout } = useStdout();
  const [size, setSize] = useState(() => sizeOf(stdout));
  const [view, setView] = useState<View>(() => firstView(session));
  useInput((input, key) => {
    // Several characters come as one when they are pasted or typed fast.
    const names = keyName(input, key);
    setView((before) => names.reduce((now, name) => withinScreen(session, press(session, now, name), size), before));
  });
  useEffect(() => {
    if (view.quit) exit();
  }, [view.quit, exit]);
  useEffect(() => {
    if (!view.playing) return;
    const timer = setInterval(() => setView((before) => play(session, before, TICK_MS)), TICK_MS);
    return () => clearInterval(timer);
  }, [view.playing, session]);
  useEffect(() => {
    const resized = (): void => {
      // What stood there was wrapped anew by the terminal: nothing of it can be drawn over.
      stdout.write('\u001b[2J\u001b[H');
      setSize(sizeOf(stdout));
    };
    stdout.on('resize', resized);
    return () => {
      stdout.off('resize', resized);
    };
  }, [stdout]);
  return createElement(Screen, { lines: screenLines(session, view, size), colour });
}

/** One row stays free: ink clears the whole terminal, with its history, for an output as high as the screen. */
function sizeOf({ columns, rows }: { readonly columns?: number; readonly rows?: number }): ScreenSize {
  return { columns: columns ?? 80, rows: (rows ?? 24) - 1 };
}
