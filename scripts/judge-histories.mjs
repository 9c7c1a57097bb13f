/**
 * Judges every history of a folder and compares with the verdicts of its `verdicts.tsv` (file, tab, true or false).
 *
 *     node scripts/judge-histories.mjs ../shared/histories/etcd [more folders]
 *
 * Prints one line a folder (agreement, seconds, slowest) and one for each history that is judged otherwise. Exits 1 when
 * one is. One process judges all; the time includes reading the files and finding the counterexamples.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { checkHistory } from '../src/cli/check-history.ts';

const folders = process.argv.slice(2);
if (folders.length === 0) {
  console.error('name folders with a verdicts.tsv: node scripts/judge-histories.mjs ../shared/histories/etcd');
  process.exit(64);
}

let disagreed = 0;
for (const folder of folders) {
  const table = join(folder, 'verdicts.tsv');
  if (!existsSync(table)) {
    console.error(`${folder}: there is no verdicts.tsv; name a folder of recorded histories`);
    process.exit(64);
  }
  const rows = readFileSync(table, 'utf8').trim().split('\n').slice(1);
  let agreed = 0;
  let slowest = { name: '-', ms: 0 };
  const startMs = performance.now();
  for (const row of rows) {
    const [name, known] = row.split('\t');
    const beforeMs = performance.now();
    const answer = await verdictOf(join(folder, name));
    const ms = performance.now() - beforeMs;
    if (ms > slowest.ms) slowest = { name, ms };
    if (answer === known) agreed += 1;
    else console.log(`${join(folder, name)}: judged ${answer}, known to be ${known}`);
  }
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(2);
  console.log(
    `${folder}: ${agreed} of ${rows.length} agree, ${seconds} s, slowest ${slowest.name} (${Math.round(slowest.ms)} ms)`,
  );
  disagreed += rows.length - agreed;
}
process.exitCode = disagreed === 0 ? 0 : 1;

async function verdictOf(file) {
  let stdout = '';
  let stderr = '';
  const out = { stdout: (text) => (stdout += text), stderr: (text) => (stderr += text) };
  const code = await checkHistory({ file, json: true }, out);
  return code === 64 ? `bad input (${stderr.trim()})` : String(JSON.parse(stdout).linearizable);
}
