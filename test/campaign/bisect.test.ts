import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type BisectOutcome, bisect, repositoryAround } from '../../src/campaign/bisect.ts';
import { stepCommand } from '../../src/campaign/bisect-entry.ts';
import { judge, replayCommit } from '../../src/campaign/bisect-replay.ts';
import { bundleOf, bundleText } from '../../src/cli/bundle.ts';
import { bisect as command } from '../../src/cli/commands/bisect.ts';
import { listen } from '../cli/kit.ts';
import { failedResult } from '../support/sample-plan.ts';

function git(folder: string, ...rest: readonly string[]): string {
  return execFileSync('git', rest, { cwd: folder, encoding: 'utf8', stdio: 'pipe' }).trim();
}

function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firedrill-bisect-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A repository whose commits each say in `state` how the fake replay ends there; returns the commits. */
function repository(folder: string, states: readonly number[]): string[] {
  git(folder, 'init', '--quiet', '--initial-branch=main');
  const stream = states.map((state, index) => {
    const [message, text] = [`commit ${index}`, `${state} ${index}\n`];
    return [
      'commit refs/heads/main',
      `committer test <test@example.invalid> ${1_770_000_000 + index} +0000`,
      `data ${message.length}\n${message}`,
      `M 100644 inline state\ndata ${text.length}\n${text}`,
    ].join('\n');
  });
  execFileSync('git', ['fast-import', '--quiet'], { cwd: folder, input: stream.join(''), stdio: 'pipe' });
  git(folder, 'reset', '--quiet', '--hard');
  return git(folder, 'rev-list', '--reverse', 'main').split('\n');
}

/** Exits with what `state` says. */
const FAKE = ['sh', '-c', 'read code rest < state; exit $code'];

function leftovers(folder: string): string[] {
  const worktrees = git(folder, 'worktree', 'list').split('\n').slice(1);
  const states = ['worktrees', 'BISECT_LOG', 'BISECT_START'].filter((name) => existsSync(join(folder, '.git', name)));
  return [...worktrees, ...states.filter((name) => name !== 'worktrees')];
}

async function searched(states: readonly number[], replay: readonly string[] = FAKE) {
  const folder = testFolder();
  const commits = repository(folder, states);
  writeFileSync(join(folder, 'state'), 'changed by the user\n');
  const options = { repository: folder, good: commits[0]!, bad: 'HEAD', command: replay, say: () => {} };
  let outcome: BisectOutcome | string;
  try {
    outcome = await bisect(options);
  } catch (error) {
    outcome = String(error);
  }
  expect(leftovers(folder)).toEqual([]);
  expect(git(folder, 'status', '--short')).toBe('M state');
  expect(git(folder, 'branch', '--show-current')).toBe('main');
  return { outcome, commits };
}

/** Whether a process group has a process that is more than a name in the table. */
function isAlive(group: number): boolean {
  const rows = execFileSync('ps', ['-eo', 'pgid=,stat='], { encoding: 'utf8' }).trim().split('\n');
  return rows.some((row) => Number(row.trim().split(/\s+/)[0]) === group && !/\sZ/.test(row));
}

describe('bisect', () => {
  it('finds the first bad commit beside some that cannot be replayed, and leaves the repository as it was', async () => {
    const { outcome, commits } = await searched([0, 125, 0, 0, 1, 125, 1]);
    expect(outcome).toEqual({ kind: 'found', commit: commits[4], subject: 'commit 4' });
  });

  it('names all candidates when the ones between cannot be replayed', async () => {
    const { outcome, commits } = await searched([0, 125, 125, 1]);
    expect(outcome).toMatchObject({ kind: 'only-skipped' });
    const { candidates } = outcome as Extract<BisectOutcome, { kind: 'only-skipped' }>;
    expect([...candidates].sort()).toEqual(commits.slice(1).sort());
  });

  it('does not search between ends that are not what they are said to be', async () => {
    const fails = await searched([1, 1, 1]);
    expect(fails.outcome).toEqual({ kind: 'wrong-end', end: 'good', commit: fails.commits[0], code: 1 });
    const passes = await searched([0, 1, 0]);
    expect(passes.outcome).toEqual({ kind: 'wrong-end', end: 'bad', commit: passes.commits[2], code: 0 });
  });

  it('stops, and cleans up, when the command breaks or does not exist', async () => {
    expect((await searched([0, 0, 200, 1, 1])).outcome).toContain('git bisect ended with code');
    expect((await searched([0, 1], ['no-such-program-of-the-test'])).outcome).toContain('ENOENT');
  });

  it('refuses a revision that there is not, one that looks like an option, and a folder without a repository', async () => {
    const folder = testFolder();
    repository(folder, [0, 1]);
    const start = (good: string) => bisect({ repository: folder, good, bad: 'HEAD', command: FAKE, say: () => {} });
    await expect(start('v9')).rejects.toThrow(`there is no revision v9 in ${folder}`);
    await expect(start('--all')).rejects.toThrow('there is no revision --all');
    expect(leftovers(folder)).toEqual([]);
    expect(() => repositoryAround(testFolder())).toThrow('is not in a git repository');
  });

  it('takes the worktree away when it is told to stop, and ends what it started', async () => {
    const folder = testFolder();
    const [good] = repository(folder, [0, 1]);
    const module = fileURLToPath(new URL('../../src/campaign/bisect.ts', import.meta.url));
    const told = join(folder, 'told');
    const slow = ['sh', '-c', `echo $$ > ${told}.new; mv ${told}.new ${told}; sleep 600; true`];
    const options = JSON.stringify({ repository: folder, good, bad: 'HEAD', command: slow });
    const text = `import { bisect } from ${JSON.stringify(module)}; await bisect({ ...${options}, say: () => {} });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: 'ignore' });
    const ended = new Promise<number | null>((settle) => child.on('close', settle));
    while (!existsSync(told)) await new Promise((settle) => setTimeout(settle, 20));
    child.kill('SIGTERM');
    expect(await ended).toBe(143);
    expect(leftovers(folder)).toEqual([]);
    const group = Number(readFileSync(told, 'utf8'));
    // Its first process and the one that sleeps: killed, and reaped by whoever inherited them.
    await expect.poll(() => isAlive(group), { timeout: 10_000 }).toBe(false);
  });
});

describe('what a commit says of a plan', () => {
  const run = (changes: object) => JSON.stringify({ runs: [{ verdict: 'failed', property: 'INV-A', ...changes }] });

  it.each<[string, string, number]>([
    ['a pass', run({ verdict: 'passed', property: '' }), 0],
    ['the failure', run({}), 1],
    ['the failure among others', run({ property: 'INV-B', findings: [{ property: 'INV-A' }] }), 1],
    ['another failure', run({ property: 'INV-B', findings: [{ property: 'INV-B' }] }), 125],
    ['nothing proved', run({ verdict: 'inconclusive', property: '' }), 125],
    ['a refusal', '', 125],
    ['another document', '{"totals": 3}', 125],
    ['no document', 'null', 125],
  ])('%s', (_words, text, code) => {
    expect(judge(text, 'INV-A')).toBe(code);
  });

  /** A commit that "builds" by a script and whose `dist` prints a document. */
  function commit(document: string, build = 'exit 0'): string {
    const tree = testFolder();
    writeFileSync(join(tree, 'package.json'), JSON.stringify({ name: 'fake', version: '0.0.0', scripts: { build } }));
    writeFileSync(join(tree, 'package-lock.json'), '{"lockfileVersion": 3}');
    mkdirSync(join(tree, 'dist', 'cli'), { recursive: true });
    const main = `console.log(${JSON.stringify(document)}); process.exitCode = 1;`;
    writeFileSync(join(tree, 'dist', 'cli', 'main.js'), main);
    return tree;
  }

  beforeEach(() => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    return () => vi.restoreAllMocks();
  });

  it('is asked after it was built, with the packages of the repository where the locks agree', () => {
    const tree = commit(run({}), 'test -L node_modules');
    mkdirSync(join(tree, 'here'));
    const repositoryOfIt = testFolder();
    writeFileSync(join(repositoryOfIt, 'package-lock.json'), '{"lockfileVersion": 3}');
    mkdirSync(join(repositoryOfIt, 'node_modules', 'kept'), { recursive: true });
    const step = { planFile: 'plan.json', property: 'INV-A', repository: repositoryOfIt, reports: 'reports' };
    expect(replayCommit(tree, step)).toBe(1);
    // The process that git starts, in a tree that has its packages already.
    const [program, ...rest] = stepCommand(testFolder(), step);
    const { status, stderr } = spawnSync(program!, rest, { cwd: tree, encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, 'bisect: this commit fails INV-A\n']);
    rmSync(tree, { recursive: true });
    expect(readdirSync(join(repositoryOfIt, 'node_modules'))).toEqual(['kept']);
    expect(replayCommit(commit(run({}), 'exit 3'), step)).toBe(125);
  });
});

describe('firedrill bisect', () => {
  let bundle = '';
  const folder = mkdtempSync(join(tmpdir(), 'firedrill-bisect-bundle-'));
  beforeAll(() => {
    bundle = join(folder, 'bundle.json');
    const versions = { firedrill: '9.9.9', node: 'v99.0.0' };
    writeFileSync(bundle, bundleText(bundleOf(failedResult(['INV-DURABLE-ACK']), versions)));
    return () => rmSync(folder, { recursive: true, force: true });
  });

  const start = async (states: readonly number[], changes: object = {}) => {
    const place = testFolder();
    const commits = repository(place, states);
    mkdirSync(join(place, 'inner'));
    const heard = listen();
    const options = { bundle, good: commits[0]!, bad: 'HEAD', json: false, ...changes };
    const code = await command(options, heard, { folder: join(place, 'inner'), command: FAKE });
    return { code, out: heard.out, err: heard.err, commits };
  };

  it('prints the first bad commit', async () => {
    const { code, out, err, commits } = await start([0, 0, 1]);
    expect([code, out]).toEqual([0, `first bad commit: ${commits[2]} commit 2\n`]);
    expect(err).toContain('is the first bad commit');
    const json = await start([0, 1], { json: true });
    expect(JSON.parse(json.out)).toEqual({ kind: 'found', commit: json.commits[1], subject: 'commit 1' });
  });

  it('exits 2 when only skipped commits are left, and refuses wrong ends by name', async () => {
    const { code, out } = await start([0, 125, 1]);
    expect(code).toBe(2);
    expect(out).toMatch(
      /^the first bad commit is one of these, none of which can be replayed:\n( {2}[0-9a-f]{40}\n){2}$/,
    );
    await expect(start([1, 1], { bad: 'main' })).rejects.toThrow(
      /the good revision [0-9a-f]{40} \([0-9a-f]{12}\) must pass and fails/,
    );
    await expect(start([0, 125])).rejects.toThrow(/the bad revision HEAD .* must fail and cannot be replayed/);
  });
});
