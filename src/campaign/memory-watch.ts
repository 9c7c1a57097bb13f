import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Resident memory that one worker may reach: 2 GiB, our own figure. Twice what a run may be charged (`src/sim/memory.ts`),
 * so that only memory which the model does not know comes here: a bug of the engine.
 */
export const RESIDENT_BYTES_MAX_DEFAULT = 2_147_483_648;

const PERIOD_MS = 100;
/** Where the answer takes a process of its own. */
const PERIOD_MS_ASKED = 2_000;

/**
 * Looks at a child's resident memory until the returned function is called, and calls `onOver` once when it has passed
 * `bytesMax`. A heap limit does not bound ArrayBuffers (R28), and a run that computes without a pause cannot report of
 * itself, so the parent looks: in /proc on Linux, with `ps` elsewhere. Where there is neither, nothing is watched.
 */
export function watchMemory(pid: number, bytesMax: number, onOver: () => void): () => void {
  let ended = false;
  const end = (): void => {
    ended = true;
    clearInterval(timer);
  };
  const judge = (bytes: number): void => {
    if (ended || bytes <= bytesMax) return;
    end();
    onOver();
  };
  const linux = process.platform === 'linux';
  const timer = setInterval(
    () => (linux ? judge(residentBytes(pid)) : askResidentBytes(pid, judge)),
    linux ? PERIOD_MS : PERIOD_MS_ASKED,
  );
  timer.unref();
  return end;
}

/** Resident bytes of a process as Linux tells them; 0 when it is gone. */
export function residentBytes(pid: number): number {
  try {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return line === null ? 0 : Number(line[1]) * 1_024;
  } catch {
    return 0;
  }
}

/** The same from `ps`, which POSIX has: in KiB; 0 when there is no answer. */
export function askResidentBytes(pid: number, heard: (bytes: number) => void): void {
  execFile('ps', ['-o', 'rss=', '-p', String(pid)], (error, stdout) => {
    heard(error === null ? Number(stdout.trim()) * 1_024 || 0 : 0);
  });
}
