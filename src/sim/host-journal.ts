import type { LogLevel } from './api.ts';
import type { Us } from './time.ts';

/** Lines that a host's journal keeps; older ones are rotated away. */
const JOURNAL_LINES = 4_000;

/** One line of a host's journal. `atWallUs` is the host's own wall clock. */
export interface JournalLine {
  readonly atUs: Us;
  readonly atWallUs: Us;
  readonly unit: string;
  readonly level: LogLevel;
  readonly text: string;
}

/** When the supervisor starts a dead process again (systemd's Restart= and RestartSec=). */
export interface Supervisor {
  policy: 'no' | 'on-failure' | 'always';
  delayUs: Us;
}

export type StopCause = 'exit' | 'crash' | 'assertion' | 'oom-kill' | 'power-loss' | 'stop';

/** An event that waits on a paused host, as the queue will get it again. */
export interface Deferred {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly ref: unknown;
}

/** The journal of a host: the newest lines, older ones rotated away. */
export class HostJournal {
  readonly lines: JournalLine[] = [];

  add(line: JournalLine): void {
    this.lines.push(line);
    if (this.lines.length > JOURNAL_LINES) this.lines.splice(0, JOURNAL_LINES / 4);
  }
}
