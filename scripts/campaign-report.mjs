// The campaign that a release rests on (R19): its seeds derive from the commit, so that nobody has tried them before,
// and it runs once for each commit. A failure means: fix, new commit, new seeds.
//   node scripts/campaign-report.mjs [number of seeds, default 100000] [further options of firedrill fuzz]
// Writes reports/kept/campaign-COMMIT.json and .md. Started again after an interruption it resumes.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [count = '100000', ...more] = process.argv.slice(2);
if (!/^[1-9]\d{0,8}$/.test(count)) stop(`${count} is no number of seeds`);

const git = (...words) => execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
if (git('status', '--porcelain', '--untracked-files=no') !== '')
  stop('files differ from the commit: commit them first');
const commit = git('rev-parse', 'HEAD');
const name = `campaign-${commit.slice(0, 12)}`;
// Relative to the checkout, because the command stands in the report.
const report = `reports/kept/${name}.json`;
if (existsSync(root + report))
  stop(`${report} exists: a commit's seeds are run once; make another commit for other seeds`);

// 31 bits of the commit: room for the range below the largest seed.
const from = Number.parseInt(commit.slice(0, 8), 16) >>> 1;
const to = from + Number(count) - 1;
const db = `reports/${name}.db`;
const seeds = existsSync(root + db) ? ['--resume'] : ['--seeds', `${from}..${to}`];
const words = ['fuzz', '--system', 'kimberlite', ...seeds, '--db', db, '--keep', name];
const { status } = spawnSync(process.execPath, ['dist/cli/main.js', ...words, ...more], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 70);

function stop(problem) {
  console.error(problem);
  process.exit(64);
}
