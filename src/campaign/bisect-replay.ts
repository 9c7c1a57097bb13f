import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { STEP } from './bisect.ts';

type StepCode = (typeof STEP)[keyof typeof STEP];

/** What the step needs to know; it stands in a file, whose path is the step's only argument. */
export interface BisectStep {
  readonly planFile: string;
  /** The failure that is searched for. */
  readonly property: string;
  /** Repository whose installed packages serve every commit with the same lock file. */
  readonly repository: string;
  /** Where bundles of the replays go; outside the tree. */
  readonly reports: string;
}

/**
 * Installs, builds and replays in the commit that is checked out in `tree`. Everything that keeps it from an answer is a
 * skip: packages or sources that do not build, a plan that this commit cannot read, another failure.
 */
export function replayCommit(tree: string, { planFile, property, repository, reports }: BisectStep): StepCode {
  try {
    install(tree, repository);
    npm(tree, 'run', 'build');
  } catch (error) {
    console.error(`bisect: this commit does not build: skipped (${(error as Error).message.trim()})`);
    return STEP.skip;
  }
  const code = judge(replay(tree, planFile, reports), property);
  const word = code === STEP.skip ? 'tells nothing: skipped' : code === STEP.fails ? `fails ${property}` : 'passes';
  console.error(`bisect: this commit ${word}`);
  return code;
}

/** Links the packages of the repository where the lock files are equal; else installs, once for each lock file. */
function install(tree: string, repository: string): void {
  const modules = join(tree, 'node_modules');
  const lock = lockOf(tree);
  if (lock === lockOf(repository) && existsSync(join(repository, 'node_modules'))) {
    discard(modules);
    symlinkSync(join(repository, 'node_modules'), modules);
    return;
  }
  const installedFor = join(modules, '.bisect-lock.json');
  if (existsSync(installedFor) && readFileSync(installedFor, 'utf8') === lock) return;
  discard(modules);
  // The scripts of a commit build it; that follows.
  npm(tree, 'ci', '--no-audit', '--no-fund');
  cpSync(join(tree, 'package-lock.json'), installedFor);
}

function discard(modules: string): void {
  if (lstatSync(modules, { throwIfNoEntry: false }) === undefined) return;
  // A link is removed, never followed.
  rmSync(modules, { recursive: true, force: true });
}

function lockOf(folder: string): string {
  const path = join(folder, 'package-lock.json');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function npm(tree: string, ...rest: readonly string[]): void {
  const { status, stderr, error } = spawnSync('npm', rest, { cwd: tree, encoding: 'utf8', stdio: 'pipe' });
  if (status !== 0) throw new Error(`npm ${rest.join(' ')}: ${error?.message ?? stderr}`);
}

function replay(tree: string, planFile: string, reports: string): string {
  const entry = join(tree, 'dist', 'cli', 'main.js');
  try {
    const rest = [entry, 'run', '--plan', planFile, '--json', '--reports', reports];
    return execFileSync(process.execPath, rest, {
      cwd: tree,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      maxBuffer: 1 << 28,
    });
  } catch (error) {
    // A failing run exits 1 and still prints its document.
    const { stdout } = error as { readonly stdout?: unknown };
    return typeof stdout === 'string' ? stdout : '';
  }
}

/** Reads the document of `firedrill run --plan FILE --json`, of whatever version, for the property. */
export function judge(text: string, property: string): StepCode {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return STEP.skip;
  }
  const { runs } = Object(document) as { readonly runs?: unknown };
  const [run] = Array.isArray(runs) ? (runs as readonly ReplayedRun[]) : [];
  if (run?.verdict === 'passed') return STEP.passes;
  if (run?.verdict !== 'failed') return STEP.skip;
  const names = [run.property, ...(run.findings ?? []).map((finding) => finding.property)];
  return names.includes(property) ? STEP.fails : STEP.skip;
}

interface ReplayedRun {
  readonly verdict?: string;
  readonly property?: string;
  readonly findings?: readonly { readonly property?: string }[];
}
