// Whether two databases hold the same results: for campaigns that were killed, moved to a queue, or run by other
// numbers of workers, against an undisturbed one.
//   node scripts/compare-campaigns.mjs A.db B.db
// Compares the newest campaign of each, run by run, in everything stored but wall time. Exits 1 at a difference.
import Database from 'better-sqlite3';

const [left, right, ...rest] = process.argv.slice(2);
if (left === undefined || right === undefined || rest.length > 0) {
  console.error('two databases are needed: node scripts/compare-campaigns.mjs A.db B.db');
  process.exit(64);
}

const RUNS = `SELECT run.*, observed.coverage, observed.reached, failure.detail, signature.text AS signature, plan.json
  FROM run LEFT JOIN observed USING (campaign, idx) LEFT JOIN failure USING (campaign, idx)
  LEFT JOIN signature ON signature.id = failure.signature LEFT JOIN plan USING (campaign, idx)
  WHERE run.campaign = (SELECT max(id) FROM campaign) ORDER BY idx`;

const a = readRuns(left);
const b = readRuns(right);
let differing = 0;
for (const index of new Set([...a.keys(), ...b.keys()])) {
  const one = a.get(index);
  const other = b.get(index);
  if (one === other) continue;
  if (differing++ < 5) console.log(`run ${index}:\n  ${one ?? 'absent'}\n  ${other ?? 'absent'}`);
}
console.log(`${a.size} runs and ${b.size} runs, ${differing} differ`);
process.exit(differing > 0 || a.size === 0 ? 1 : 0);

/** Index to a text that holds all that must be equal. */
function readRuns(path) {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  const marks = new Map(
    db
      .prepare('SELECT id, name FROM mark')
      .all()
      .map(({ id, name }) => [id, name]),
  );
  const runs = new Map();
  for (const row of db.prepare(RUNS).iterate()) {
    const { campaign: _, wall_ms: __, coverage, reached, ...kept } = row;
    // Ids of marks are given out as marks come: only their names compare.
    const numbers = unpack(reached ?? []);
    const named = [];
    for (let at = 0; at < numbers.length; at += 2) named.push(`${marks.get(numbers[at])}=${numbers[at + 1]}`);
    const features = Buffer.from(coverage ?? []).toString('hex');
    runs.set(row.idx, JSON.stringify({ ...kept, marks: named.sort().join(' '), features }));
  }
  db.close();
  return runs;
}

/** LEB128, as src/store/run-codec.ts writes it. */
function unpack(bytes) {
  const numbers = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte % 128) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    numbers.push(value);
    value = 0;
    scale = 1;
  }
  return numbers;
}
