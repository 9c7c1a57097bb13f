import type { CommandRecord } from '../plan/result.ts';
import type { CommandTable, OperatorCommand } from './command.ts';
import type { Monitor } from './monitor.ts';
import type { Simulation } from './simulation.ts';

/**
 * Looks on while a plan runs, for recordings. It is told when the parts of a run exist and may read all of them; it must
 * not change anything, so that a watched run has the hash of an unwatched one.
 */
export interface Watcher {
  /** The simulation is built and nothing has run. */
  built(simulation: Simulation): void;
  /** A rehearsal has its monitoring. */
  monitored(monitor: Monitor): void;
  /** It has an operator, whose steps enter `steps` as they end. */
  hired(steps: readonly CommandRecord[]): void;
  /** The operator begins a command on a host. */
  commandBegins(onHost: string, argv: readonly string[]): void;
  /** A command has printed something, on either stream. */
  commandPrints(text: string): void;
  commandEnds(code: number): void;
}

/** The same commands, each of which tells the watcher what it does. */
export function watchedCommands<Fleet>(table: CommandTable<Fleet>, watcher: Watcher): CommandTable<Fleet> {
  const commands = new Map<string, OperatorCommand<Fleet>>();
  for (const [name, command] of table.commands) commands.set(name, watched(name, command, watcher));
  return { commands };
}

function watched<Fleet>(name: string, command: OperatorCommand<Fleet>, watcher: Watcher): OperatorCommand<Fleet> {
  return function* (argv, stdin, ctx) {
    watcher.commandBegins(ctx.onHost, [name, ...argv]);
    const print = (text: string): void => {
      watcher.commandPrints(text);
      ctx.print(text);
    };
    const result = yield* command(argv, stdin, { ...ctx, print });
    watcher.commandPrints(result.stdout + result.stderr);
    watcher.commandEnds(result.code);
    return result;
  };
}
