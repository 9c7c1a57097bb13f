import { readFileSync } from 'node:fs';
import { LoadedShell } from '../../src/scenarios/shell-loaded.ts';
import { drive, rig } from './shell-kit.ts';

// Runs the script on stdin in a fresh process in which no command of the shell has been loaded, and prints its transcript.
const { getCommandNames } = await import('just-bash');
const NOT = [
  'date',
  'sleep',
  'timeout',
  'time',
  'hostname',
  'whoami',
  'sqlite3',
  'xan',
  'html-to-markdown',
  'history',
  'help',
  'clear',
  'alias',
  'unalias',
];
const cold = new LoadedShell(getCommandNames().filter((name) => !NOT.includes(name)) as never);
const { world, shell } = await rig(cold);
const run = await drive(world, shell.start(readFileSync(0, 'utf8'), 'bastion'));
process.stdout.write(JSON.stringify([run.result, run.calls, world.nowUs]));
