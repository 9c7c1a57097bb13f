import { render } from 'ink';
import { createElement } from 'react';
import { App } from './app.ts';
import type { Session } from './view.ts';

/** Where the view is drawn and its keys come from. */
export interface ViewTerminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly colour: boolean;
}

/** The alternate screen, empty, without a cursor; and back to what was there before. */
const ENTER = '\u001b[?1049h\u001b[2J\u001b[H\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Shows a session until somebody quits. Whatever ends it (a key, a signal, an error of ours), the terminal has its
 * screen, its cursor and its line mode back before anything else is printed.
 */
export async function openView(session: Session, { stdin, stdout, colour }: ViewTerminal): Promise<void> {
  let open = true;
  const leave = (): void => {
    if (!open) return;
    open = false;
    stdout.write(LEAVE);
    if (stdin.isTTY) stdin.setRawMode(false);
  };
  stdout.write(ENTER);
  process.once('exit', leave);
  // An error that nobody caught is printed right after this: not on the screen that is about to vanish.
  process.once('uncaughtExceptionMonitor', leave);
  const app = render(createElement(App, { session, colour }), {
    stdin,
    stdout,
    patchConsole: false,
    exitOnCtrlC: false,
  });
  const stops = Object.entries(SIGNALS).map(([signal, number]) => {
    const stop = (): void => {
      app.unmount();
      leave();
      process.exit(128 + number);
    };
    process.once(signal, stop);
    return () => process.off(signal, stop);
  });
  try {
    await app.waitUntilExit();
  } finally {
    leave();
    process.off('exit', leave);
    process.off('uncaughtExceptionMonitor', leave);
    for (const stop of stops) stop();
  }
}
