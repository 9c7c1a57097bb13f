// Builds dist/ from src/ with tsc: a clean folder first, so that a deleted source file leaves nothing behind. The page of
// the HTML report is bundled into two strings, which the writer of the report puts into its file.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
rmSync(`${root}dist`, { recursive: true, force: true });
execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}tsconfig.json`], {
  stdio: 'inherit',
  cwd: root,
});
const main = `${root}dist/cli/main.js`;
if (existsSync(main)) chmodSync(main, 0o755);

const page = await build({
  absWorkingDir: root,
  entryPoints: { page: 'src/page/main.tsx', style: 'src/page/page.css' },
  outdir: `${root}dist/page`,
  bundle: true,
  minify: true,
  write: false,
  format: 'iife',
  target: ['chrome109', 'firefox115', 'safari16.4'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  define: { 'process.env.NODE_ENV': '"production"' },
  charset: 'ascii',
  legalComments: 'none',
});
const built = (name) => page.outputFiles.find(({ path }) => path.endsWith(name)).text.trim();
// The chart library puts this style sheet into each chart; a strict policy must know it (src/cli/report-html.ts).
const library = readFileSync(`${root}node_modules/@observablehq/plot/src/plot.js`, 'utf8');
const chart = /`(:where\(\.\$\{className\}\)[^`]*)`/.exec(library)?.[1];
if (chart === undefined)
  throw new Error('@observablehq/plot has no style sheet where it had one: see scripts/build.mjs');
const parts = {
  script: built('page.js'),
  style: built('style.css'),
  chartStyle: chart.replaceAll(/\$\{className\}/g, 'plot-d6a7b5'),
};
mkdirSync(`${root}dist/page`, { recursive: true });
writeFileSync(`${root}dist/page/parts.json`, JSON.stringify(parts));
