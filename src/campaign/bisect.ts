import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../plan/user-error.ts';

/** What the replay command says of a commit, as `git bisect run` reads it. */
export const STEP = { passes: 0, fails: 1, skip: 125 } as const;

export interface BisectOptions {
  /** Top of the repository that is searched; only a worktree of it is touched, and taken away again. */
  readonly repository: string;
  /** A revision where the plan passes, and a later one where it fails. */
  readonly good: string;
  readonly bad: string;
  /** Run at the top of the worktree for each commit; its exit code is one of `STEP`. */
  readonly command: readonly string[];
  /** Heard of everything that git and the command print. */
  readonly say: (text: string) => void;
}

export type BisectOutcome =
  | { readonly kind: 'found'; readonly commit: string; readonly subject: string }
  /** The answer is among these, none of which could be tested. */
  | { readonly kind: 'only-skipped'; readonly candidates: readonly string[] }
  /** The search has no ground: the good end does not pass, or the bad end does not fail. */
  | { readonly kind: 'wrong-end'; readonly end: 'good' | 'bad'; readonly commit: string; readonly code: number };

/**
 * Finds the first commit at which a command fails, with `git bisect run` in a temporary worktree. Both ends are tested
 * first: git takes them on trust, and would name some commit whatever they are. Throws a `UserError` for a revision that
 * there is not and for a command that is neither passing, failing nor skipping. The worktree goes in every case, also
 * after SIGINT and SIGTERM, which end the process then.
 */
export async function bisect(options: BisectOptions): Promise<BisectOutcome> {
  const good = commitOf(options.repository, options.good);
  const bad = commitOf(options.repository, options.bad);
  const folder = mkdtempSync(join(tmpdir(), 'firedrill-bisect-'));
  const search = new Search(options, join(folder, 'tree'));
  const stop = (signal: NodeJS.Signals): void => {
    search.kill();
    search.removeTree();
    rmSync(folder, { recursive: true, force: true });
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    return await search.run(good, bad);
  } finally {
    search.removeTree();
    rmSync(folder, { recursive: true, force: true });
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/** The top of the repository around a folder. Throws a `UserError` where there is none. */
export function repositoryAround(folder: string): string {
  try {
    return git(folder, 'rev-parse', '--show-toplevel');
  } catch {
    throw new UserError(`${folder} is not in a git repository`, 'run it in a clone of firedrill with its history');
  }
}

class Search {
  private readonly options: BisectOptions;
  private readonly tree: string;
  private group: number;

  constructor(options: BisectOptions, tree: string) {
    this.options = options;
    this.tree = tree;
    this.group = 0;
  }

  async run(good: string, bad: string): Promise<BisectOutcome> {
    git(this.options.repository, 'worktree', 'add', '--detach', this.tree, bad);
    const [program, ...rest] = this.options.command;
    for (const [end, commit, wanted] of [
      ['bad', bad, STEP.fails],
      ['good', good, STEP.passes],
    ] as const) {
      git(this.tree, 'checkout', '--detach', '--quiet', commit);
      const { code } = await this.heard(program!, rest);
      if (code !== wanted) return { kind: 'wrong-end', end, commit, code };
    }
    git(this.tree, 'bisect', 'start', bad, good);
    const { code, text } = await this.heard('git', ['bisect', 'run', ...this.options.command]);
    return readLog(git(this.tree, 'bisect', 'log'), code, text);
  }

  /** Runs a command in the tree, in a process group of its own so that all of it can be ended. */
  private async heard(program: string, rest: readonly string[]): Promise<{ code: number; text: string }> {
    const child = spawn(program, rest, {
      cwd: this.tree,
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.group = child.pid ?? 0;
    let text = '';
    const hear = (chunk: string): void => {
      text += chunk;
      this.options.say(chunk);
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    const code = await new Promise<number>((settle, fail) => {
      child.on('error', fail);
      child.on('close', (exit) => settle(exit ?? -1));
    });
    this.group = 0;
    return { code, text };
  }

  kill(): void {
    if (this.group === 0) return;
    try {
      process.kill(-this.group, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }

  /** Takes the worktree away with its bisect state; leaves nothing in the repository. */
  removeTree(): void {
    if (!existsSync(this.tree)) return;
    try {
      // Twice forced: also when it is locked.
      git(this.options.repository, 'worktree', 'remove', '--force', '--force', this.tree);
    } catch {
      rmSync(this.tree, { recursive: true, force: true });
      git(this.options.repository, 'worktree', 'prune');
    }
  }
}

function readLog(log: string, code: number, text: string): BisectOutcome {
  const found = /^# first bad commit: \[([0-9a-f]+)\] (.*)$/m.exec(log);
  if (found !== null) return { kind: 'found', commit: found[1]!, subject: found[2]! };
  const candidates = [...log.matchAll(/^# possible first bad commit: \[([0-9a-f]+)\]/gm)].map((match) => match[1]!);
  if (candidates.length > 0) return { kind: 'only-skipped', candidates };
  const last = text.trim().split('\n').at(-1) ?? '';
  throw new UserError(
    `git bisect ended with code ${code} and found nothing: ${last}`,
    'see what was printed before; the good revision must be an ancestor of the bad one',
  );
}

function commitOf(repository: string, revision: string): string {
  try {
    return git(repository, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`);
  } catch {
    throw new UserError(
      `there is no revision ${revision} in ${repository}`,
      'name a commit, a tag or a branch; in a shallow clone fetch the history first (git fetch --unshallow)',
    );
  }
}

function git(folder: string, ...rest: readonly string[]): string {
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  return execFileSync('git', rest, { cwd: folder, env: cleanEnvironment(), encoding: 'utf8', stdio }).trim();
}

/** Without what git tells its hooks: a bisection from within one would work on the wrong repository. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const names = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_PREFIX', 'GIT_COMMON_DIR', 'GIT_OBJECT_DIRECTORY'];
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.includes(name)));
}
