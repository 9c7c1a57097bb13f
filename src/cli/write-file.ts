import { chmodSync, lstatSync, mkdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemReason, UserError } from '../plan/user-error.ts';

/**
 * Writes a file in one step: under another name first, so that no reader and no full disk ever leaves half of one, and
 * what was there before stays until the new text is whole. A pipe or a device is written to as it is. Throws what the
 * file system says.
 */
export function writeWhole(path: string, text: string): void {
  const place = ordinaryPlace(path);
  if (place === null) {
    writeFileSync(path, text);
    return;
  }
  const unfinished = `${place}.unfinished-${process.pid}`;
  try {
    writeFileSync(unfinished, text, { flush: true });
    const before = statSync(place, { throwIfNoEntry: false });
    if (before !== undefined) chmodSync(unfinished, before.mode & 0o7777);
    renameSync(unfinished, place);
  } catch (error) {
    discard(unfinished);
    throw error;
  }
}

/** The file that a path names, behind its symbolic links; null for what must not be replaced by a file. */
function ordinaryPlace(path: string): string | null {
  if (/^\/(dev|proc)\//.test(path)) return null;
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined) return found.isFile() ? realpathSync(path) : null;
  // A link to a file that is not there yet makes that file.
  return lstatSync(path, { throwIfNoEntry: false }) === undefined ? path : null;
}

/** A folder and those above it. Node's own `recursive` calls a read-only file system a missing file. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makeFolder(dirname(path));
    mkdirSync(path);
  }
}

/** Makes a folder and a file in it, which goes again: what cannot be written must be known before the work. */
export function checkFolder(folder: string): void {
  const probe = join(folder, `probe.unfinished-${process.pid}`);
  try {
    makeFolder(folder);
    writeFileSync(probe, 'firedrill', { flush: true });
    rmSync(probe);
  } catch (error) {
    discard(probe);
    throw new UserError(
      `cannot write into ${folder}: ${systemReason(error)}`,
      'free or unlock the folder, or name another one with --out FOLDER',
    );
  }
}

/** Refuses to write a result over the file that it is made from. */
export function refuseOwnInput(input: string, output: string | null, option: string): void {
  if (output === null || !sameFile(input, output)) return;
  throw new UserError(`${option} ${output} is the very file that is read`, `name another file with ${option}`);
}

function sameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    // One of them is not there, which is told by whoever reads it.
    return false;
  }
}

/** Refuses a place that a file of ours would destroy: a symbolic link, a folder, a pipe, a device. */
export function refuseOddPlace(path: string, what: string, remedy: string): void {
  let found: ReturnType<typeof lstatSync>;
  try {
    found = lstatSync(path, { throwIfNoEntry: false });
  } catch {
    // Told by whoever writes there.
    return;
  }
  if (found === undefined || found.isFile()) return;
  const kind = found.isSymbolicLink() ? 'a symbolic link' : found.isDirectory() ? 'a folder' : 'no ordinary file';
  throw new UserError(`cannot write ${what} ${path}: it is ${kind}`, remedy);
}

export function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Where nothing could be written nothing can be removed either; the first error is the one to tell.
  }
}
