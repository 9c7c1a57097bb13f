import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BisectStep } from './bisect-replay.ts';

/** The command of one step, which `git bisect run` starts in the worktree. `folder` gets the file that says what to do. */
export function stepCommand(folder: string, step: BisectStep): string[] {
  const path = join(folder, 'step.json');
  writeFileSync(path, JSON.stringify(step));
  return [process.execPath, fileURLToPath(stepEntry()), path];
}

/** The entry beside this file: compiled in `dist`, as written under a test. */
function stepEntry(): URL {
  const entry = new URL('./bisect-step.ts', import.meta.url);
  if (import.meta.url.endsWith('.js')) entry.pathname = entry.pathname.replace(/\.ts$/, '.js');
  return entry;
}
