/** `firedrill fuzz` over the fake engine, as a process that a test can kill: node fuzz-child.ts <arguments>. */
import { readCommandLine } from '../../src/cli/command-line.ts';
import { fuzz } from '../../src/cli/commands/fuzz.ts';
import { processOutput } from '../../src/cli/output.ts';
import { fakeEngine } from '../cli/kit.ts';

const line = await readCommandLine(['fuzz', ...process.argv.slice(2)], '9.9.9');
if (line.kind !== 'command' || line.command.name !== 'fuzz') throw new Error(JSON.stringify(line));
process.exitCode = await fuzz(line.command.options, processOutput(), fakeEngine());
