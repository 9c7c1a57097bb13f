import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Build } from './job.ts';

/** Folders beside `campaign` whose code decides what a run does, and those that make plans of seeds. */
const FOLDERS = ['sim', 'plan', 'cluster', 'faults', 'checkers', 'alerts', 'scenarios', 'campaign'] as const;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DATA = ['package.json', 'scenarios/'] as const;

/**
 * What tells this installation from another: the version, and a digest of the engine's own files, of the scenarios and
 * of `package.json`, which names the libraries. Two machines with the same checkout, built the same way, have the same.
 * Reads about two hundred files; call it once.
 */
export function ownBuild(firedrill: string): Build {
  const hash = createHash('sha256');
  for (const folder of FOLDERS) digest(hash, ROOT, `${folder}/`, /\.[jt]s$/);
  for (const path of DATA) digest(hash, fileURLToPath(new URL('../../../', import.meta.url)), path, /\.(ya?ml|json)$/);
  return { firedrill, build: hash.digest('hex').slice(0, 16) };
}

function digest(hash: ReturnType<typeof createHash>, root: string, path: string, wanted: RegExp): void {
  if (!path.endsWith('/')) {
    if (!wanted.test(path) || path.endsWith('.d.ts')) return;
    hash
      .update(`${path}\0`)
      .update(readFileSync(root + path))
      .update('\0');
    return;
  }
  const entries = readdirSync(root + path, { withFileTypes: true });
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  for (const name of names.sort((left, right) => (left < right ? -1 : left > right ? 1 : 0))) {
    digest(hash, root, path + name, wanted);
  }
}
