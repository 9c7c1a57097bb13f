import { readFileSync } from 'node:fs';
import { isUserError } from '../plan/user-error.ts';
import type { Versions } from './bundle.ts';
import { readCommandLine } from './command-line.ts';
import type { Command } from './command-table.ts';
import type { Engine } from './engine.ts';
import { EXIT } from './exit-codes.ts';
import type { CommandOutput } from './output.ts';

/** Reads the argument list, runs the command and returns the exit code. Nothing that goes wrong leaves as an exception. */
export async function dispatch(argv: readonly string[], out: CommandOutput): Promise<number> {
  const versions = ownVersions();
  try {
    const line = await readCommandLine(argv, versions.firedrill);
    switch (line.kind) {
      case 'text':
        out.stdout(line.text);
        return EXIT.expected;
      case 'usage':
        out.stderr(`firedrill: ${line.message}\n`);
        return EXIT.usage;
      case 'command':
        return await runCommand(line.command, out, versions);
    }
  } catch (error) {
    if (isUserError(error)) {
      out.stderr(`firedrill: ${error.message}\n`);
      return EXIT.usage;
    }
    out.stderr(bugReport(error, argv, versions));
    return EXIT.internal;
  }
}

async function runCommand(command: Command, out: CommandOutput, versions: Versions): Promise<number> {
  switch (command.name) {
    case 'list':
      return (await import('./commands/list.ts')).list(command.options, out, await engine(versions));
    case 'explain':
      return (await import('./commands/explain.ts')).explain(
        command.options,
        out,
        (await import('./scenario-pages.ts')).ownPages(),
      );
    case 'run':
      return (await import('./commands/run.ts')).run(command.options, out, await engine(versions));
    case 'fuzz':
      return (await import('./commands/fuzz.ts')).fuzz(command.options, out, await engine(versions));
    case 'replay':
      return (await import('./commands/replay.ts')).replay(command.options, out, await engine(versions));
    case 'tui':
      return (await import('./commands/tui.ts')).tui(command.options, out, await engine(versions), {
        stdin: process.stdin,
        stdout: process.stdout,
        variables: process.env,
      });
    case 'shrink':
      return (await import('./commands/shrink.ts')).shrinkBundle(command.options, out, await engine(versions));
    case 'report':
      return (await import('./commands/report.ts')).report(
        command.options,
        out,
        await engine(versions),
        (await import('./scenario-pages.ts')).ownPages(),
      );
    case 'gate':
      return (await import('./commands/gate.ts')).gate(
        command.options,
        out,
        await engine(versions),
        (await import('./scenario-pages.ts')).ownPages(),
      );
    case 'mutants':
      return (await import('./commands/mutants.ts')).mutants(command.options, out, await engine(versions));
    case 'bench':
      return (await import('./commands/bench.ts')).bench(command.options, out);
    case 'check-history':
      return (await import('./check-history.ts')).checkHistory(command.options, out);
    case 'corpus':
      return (await import('./commands/corpus.ts')).corpus(command.options, out, await engine(versions));
    case 'bisect':
      return (await import('./commands/bisect.ts')).bisect(command.options, out);
    case 'worker':
      return (await import('./commands/worker.ts')).worker(command.options, out, await engine(versions));
  }
}

async function engine(versions: Versions): Promise<Engine> {
  return (await import('./own-engine.ts')).ownEngine(versions);
}

function ownVersions(): Versions {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return { firedrill: version, node: process.version };
}

/** The words around an error that is ours: what happened, and a report that only has to be sent. */
export function bugReport(error: unknown, argv: readonly string[], { firedrill, node }: Versions): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    'firedrill: an error of firedrill itself; it says nothing about the system under test. Please report it:',
    '',
    `  firedrill ${firedrill}, Node ${node}, ${process.platform} ${process.arch}`,
    `  arguments: ${JSON.stringify(argv)}`,
    ...stack.split('\n').map((line) => `  ${line}`),
    '',
  ].join('\n');
}
