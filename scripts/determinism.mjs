// Compares the hashes of the 50 golden plans (R23): pinned in test/golden, under the pinned Node and under Node 22 from
// npm, in ascending, descending and shuffled order, and each in a fresh process. Prints one line per comparison.
//   npm run determinism                    installs Node 22 into a temporary folder
//   npm run determinism -- PATH-TO-NODE    takes this one instead
// Exit code: 0 all equal, 3 a difference, 1 it could not be found out.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'firedrill-determinism-'));
const quiet = { cwd: work, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' };

/** Compiles src/ into the temporary folder, so that dist/ may be stale or in use. */
function build() {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options = ['-p', join(root, 'tsconfig.json'), '--outDir', join(work, 'dist'), '--sourceMap', 'false'];
  execFileSync(process.execPath, [tsc, ...options], { ...quiet, cwd: root });
  mkdirSync(join(work, 'scripts'));
  copyFileSync(join(root, 'scripts/golden.mjs'), join(work, 'scripts/golden.mjs'));
  copyFileSync(join(root, 'package.json'), join(work, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(work, 'node_modules'), 'dir');
}

/** The executable of Node 22 from npm. Its package fetches the binary in an install script, which must be approved. */
function installNode22() {
  const folder = join(work, 'node22');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "name": "node22", "private": true }\n');
  const npm = (...args) => execFileSync('npm', args, { ...quiet, cwd: folder });
  npm('install', '--no-audit', '--no-fund', 'node@22');
  const node = join(folder, 'node_modules/node/bin/node');
  if (!existsSync(node)) {
    npm('install-scripts', 'approve', 'node');
    npm('rebuild', 'node');
  }
  if (!existsSync(node)) throw new Error(`npm installed node@22 without its binary: ${node} is missing`);
  return node;
}

/** Hashes by seed, from one process of this Node. */
function hashes(node, wish) {
  return JSON.parse(execFileSync(node, [join(work, 'scripts/golden.mjs'), wish], quiet));
}

/** Prints the comparison; returns whether the hashes are equal. */
function compare(what, expected, got) {
  const seeds = Object.keys(expected);
  const moved = seeds.filter((seed) => expected[seed] !== got[seed]);
  const equal = moved.length === 0 && Object.keys(got).length === seeds.length;
  const first = moved.slice(0, 10).join(', ');
  console.log(
    `${equal ? 'equal' : 'DIFFER'}  ${what}${equal ? '' : `: ${moved.length} of ${seeds.length} seeds (${first})`}`,
  );
  return equal;
}

function compareAll(node22) {
  const pinnedNode = join(root, 'node_modules/node/bin/node');
  const node24 = existsSync(pinnedNode) ? pinnedNode : process.execPath;
  const version = (node) => `Node ${execFileSync(node, ['--version'], quiet).trim().slice(1)}`;
  const base = hashes(node24, 'ascending');
  const equal = [compare(`${version(node24)} ascending and test/golden/hashes.json`, readPinned(), base)];
  for (const node of [node24, node22]) {
    for (const order of ['ascending', 'descending', 'shuffled']) {
      if (node === node24 && order === 'ascending') continue;
      equal.push(compare(`${version(node)} ${order}`, base, hashes(node, order)));
    }
  }
  const fresh = Object.assign({}, ...Object.keys(base).map((seed) => hashes(node24, seed)));
  equal.push(compare(`${version(node24)} each seed in a fresh process`, base, fresh));
  return equal.every(Boolean);
}

function readPinned() {
  return JSON.parse(readFileSync(join(root, 'test/golden/hashes.json'), 'utf8'));
}

try {
  build();
  process.exitCode = compareAll(process.argv[2] ?? installNode22()) ? 0 : 3;
} catch (error) {
  // A child's own words say more than the error around them.
  console.error(`determinism: ${error.message}\n${error.stdout ?? ''}`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
