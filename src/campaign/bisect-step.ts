/** The entry of one step of `git bisect run`: see `bisect-replay.ts`. */
import { readFileSync } from 'node:fs';
import { type BisectStep, replayCommit } from './bisect-replay.ts';

process.exitCode = replayCommit(process.cwd(), JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as BisectStep);
