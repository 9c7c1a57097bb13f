/**
 * Writes a large history of a key-value store, lets `firedrill check-history` judge it in a process of its own, and
 * prints the time and the largest resident set of that process.
 *
 *     node scripts/million-history.mjs [--operations 1000000] [--keys 10000] [--clients 100] [--out FOLDER]
 *
 * Two histories: one of a correct store, one in which a single get of it sees what it cannot. The store is simulated, so
 * each operation takes effect at one instant between its call and its return; keys are drawn so that some are hot, and
 * 1 in 2,000 writes never returns. The same numbers give the same files. Exits 1 when a verdict is wrong or a bound of
 * issue 3 (30 s, 1 GiB) is passed.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const SECONDS_MAX = 30;
const RESIDENT_MIB_MAX = 1_024;
const MAIN = new URL('../src/cli/main.ts', import.meta.url).pathname;

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '1000000' },
    keys: { type: 'string', default: '10000' },
    clients: { type: 'string', default: '100' },
    out: { type: 'string' },
  },
});
const size = { operations: Number(values.operations), keys: Number(values.keys), clients: Number(values.clients) };
const folder = values.out ?? mkdtempSync(join(tmpdir(), 'firedrill-million-'));
mkdirSync(folder, { recursive: true });

let failed = false;
for (const violated of [false, true]) {
  const file = join(folder, violated ? 'violated.ndjson' : 'linearizable.ndjson');
  writeHistory(file, size, violated ? Math.floor(size.operations * 0.7) : -1);
  const mib = (statSync(file).size / 2 ** 20).toFixed(0);
  const { answer, seconds, residentMib } = judge(file);
  const right = answer === String(!violated);
  const within = seconds <= SECONDS_MAX && residentMib <= RESIDENT_MIB_MAX;
  failed ||= !right || !within;
  console.log(
    `${violated ? 'one violation' : 'linearizable '}: ${size.operations} operations over ${size.keys} keys, ${mib} MiB: ` +
      `judged ${answer} in ${seconds.toFixed(1)} s, at most ${residentMib.toFixed(0)} MiB resident` +
      `${right ? '' : ' - WRONG'}${within ? '' : ` - beyond ${SECONDS_MAX} s or ${RESIDENT_MIB_MAX} MiB`}`,
  );
}
if (values.out === undefined) rmSync(folder, { recursive: true });
process.exitCode = failed ? 1 : 0;

/** Runs the command. */
function judge(file) {
  // The child reports its own peak at its end: a hook that is loaded before the command.
  const peak = "process.on('exit',()=>process.stderr.write('maxrss '+process.resourceUsage().maxRSS+'\\n'))";
  const hook = `data:text/javascript,${encodeURIComponent(peak)}`;
  const startMs = performance.now();
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', hook, MAIN, 'check-history', file, '--json'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const seconds = (performance.now() - startMs) / 1_000;
  const residentMib = Number(/maxrss (\d+)/.exec(stderr)?.[1] ?? Number.NaN) / 1_024;
  if (stdout === '') throw new Error(stderr);
  return { answer: String(JSON.parse(stdout).linearizable), seconds, residentMib };
}

/** `violateAt`: the operation that, if it is a get, sees something else (or else the next get). */
function writeHistory(file, { operations, keys, clients }, violateAt) {
  const draw = numbers(20_260_206);
  const store = new Map();
  const idle = Array.from({ length: clients }, (_, client) => client);
  /** Operations that were called: a draw decides which one takes its next step, its effect or its return. */
  const running = [];
  const output = openSync(file, 'w');
  let lines = [`{"format":"firedrill-history","version":1,"model":"kv"}`];
  let started = 0;
  let violated = violateAt < 0;
  for (let position = 1; started < operations || running.length > 0; position += 1) {
    if (started < operations && idle.length > 0 && (running.length === 0 || draw(3) === 0)) {
      const at = draw(idle.length);
      const client = idle[at];
      idle[at] = idle.at(-1);
      idle.pop();
      running.push({ ...newOperation(draw, keys, started), client, call: position, done: false, result: undefined });
      started += 1;
      continue;
    }
    const at = draw(running.length);
    const each = running[at];
    if (!each.done) {
      each.result = apply(store, each);
      each.done = true;
      continue;
    }
    running[at] = running.at(-1);
    running.pop();
    idle.push(each.client);
    const { client, call, op, key, value, from, to } = each;
    let { result } = each;
    if (!violated && op === 'get' && started > violateAt) {
      result = 'never written';
      violated = true;
    }
    const unknown = op !== 'get' && draw(2_000) === 0;
    const line = { client, call, return: unknown ? null : position, op, key, value, from, to };
    lines.push(JSON.stringify(unknown ? line : { ...line, result }));
    if (lines.length >= 10_000) {
      writeSync(output, `${lines.join('\n')}\n`);
      lines = [];
    }
  }
  writeSync(output, `${lines.join('\n')}\n`);
  closeSync(output);
}

/** Half of the operations go to a tenth of the keys. Every value is written once. */
function newOperation(draw, keys, number) {
  const key = `key-${draw(2) === 0 ? draw(Math.max(1, Math.floor(keys / 10))) : draw(keys)}`;
  const kind = draw(20);
  if (kind < 9) return { op: 'get', key };
  if (kind < 14) return { op: 'put', key, value: `v${number}.` };
  if (kind < 18) return { op: 'append', key, value: `a${number}.` };
  if (kind < 19) return { op: 'cas', key, from: null, to: `c${number}.` };
  return { op: 'delete', key };
}

function apply(store, { op, key, value, from, to }) {
  const held = store.get(key) ?? null;
  switch (op) {
    case 'get':
      return held;
    case 'put':
      store.set(key, value);
      return undefined;
    case 'append':
      store.set(key, (held ?? '') + value);
      return undefined;
    case 'delete':
      store.delete(key);
      return undefined;
    default:
      if (held === from) store.set(key, to);
      return held === from;
  }
}

/** A small generator (xorshift32): the same files everywhere. */
function numbers(seed) {
  let x = seed;
  return (bound) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % bound;
  };
}
