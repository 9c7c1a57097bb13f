import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHistory } from '../../src/checkers/history-file.ts';
import { NEVER_RETURNED } from '../../src/checkers/sequential-model.ts';
import { type CheckHistoryOptions, checkHistory } from '../../src/cli/check-history.ts';
import { runAndWriteHistory } from '../../src/cli/write-history.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import { runPlan } from '../../src/scenarios/run.ts';

const HISTORIES = fileURLToPath(new URL('../../../shared/histories/', import.meta.url));

describe('check-history', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'firedrill-history-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const line = (process: number, event: string, operation: string, value: string) =>
    `INFO  jepsen.util - ${process}\t:${event}\t:${operation}\t${value}`;
  async function run(text: string | undefined, options: Partial<CheckHistoryOptions> = {}) {
    const file = join(folder, text === undefined ? 'absent.log' : 'history.log');
    if (text !== undefined) await writeFile(file, text);
    let stdout = '';
    let stderr = '';
    const out = { stdout: (part: string) => void (stdout += part), stderr: (part: string) => void (stderr += part) };
    const code = await checkHistory({ file, json: false, ...options }, out);
    return { code, stdout, stderr };
  }
  const good = [line(0, 'invoke', 'write', '3'), line(0, 'ok', 'write', '3'), line(1, 'invoke', 'read', 'nil')];

  it('prints the verdict, and where a bad history goes wrong', async () => {
    const fine = await run([...good, line(1, 'ok', 'read', '3'), ''].join('\n'));
    expect(fine).toMatchObject({ code: 0, stderr: '' });
    expect(fine.stdout).toMatch(/history\.log: linearizable \(2 operations, 0 of unknown outcome/);
    const stale = await run([...good, line(1, 'ok', 'read', 'nil')].join('\r\n'));
    expect(stale.code).toBe(1);
    expect(stale.stdout).toContain('read -> nil  (client 1, called at line 3, answered at line 4)');
    expect(stale.stdout).toContain('client 0  |1: write 3|\n  client 1              !read -> nil!\n');
  });

  it('prints exactly one JSON document', async () => {
    const fine = await run([...good, line(1, 'ok', 'read', '3')].join('\n'), { json: true });
    expect(JSON.parse(fine.stdout)).toMatchObject({ linearizable: true, operations: 2 });
    const stale = await run([...good, line(1, 'ok', 'read', '4')].join('\n'), { json: true });
    expect(JSON.parse(stale.stdout)).toMatchObject({
      linearizable: false,
      counterexample: {
        key: null,
        positions: 'line',
        shortest: true,
        endsAt: 4,
        operations: [
          { client: 0, operation: 'write 3', call: 1, return: 2, place: 1, input: { kind: 'write', value: 3 } },
          { client: 1, operation: 'read -> 4', call: 3, return: 4, place: null },
        ],
        state: 3,
        blocked: { operation: 'read -> 4', client: 1, call: 3, return: 4 },
      },
    });
  });

  it('gives up as unknown when its seconds are over', async () => {
    const writes = Array.from({ length: 40 }, (_, at) => line(at, 'invoke', 'write', `${at}`));
    const returns = Array.from({ length: 40 }, (_, at) => line(at, 'ok', 'write', `${at}`));
    const impossible = [line(99, 'invoke', 'read', 'nil'), line(99, 'ok', 'read', '77')];
    const text = [...writes, ...returns, ...impossible].join('\n');
    const late = await run(text, { json: true, seconds: 0.05 });
    expect(late.code).toBe(2);
    expect(JSON.parse(late.stdout)).toMatchObject({ linearizable: 'unknown', reason: 'stopped' });
  });

  it('refuses bad input with place and remedy', async () => {
    expect(await run(undefined)).toMatchObject({ code: 64, stdout: '', stderr: expect.stringMatching(/no such file/) });
    expect(await run(good.join('\n'), { model: 'kv' })).toMatchObject({
      code: 64,
      stdout: '',
      stderr: expect.stringMatching(
        /history\.log: this is a history of model register, not kv\n {2}remedy: use --model register/,
      ),
    });
    expect(await run(good.join('\n'), { model: 'queue' })).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/--model register, kv, log/),
    });
    expect(await run(good.join('\n'), { seconds: 0 })).toMatchObject({ code: 64, stdout: '' });
    const broken = await run([...good, 'INFO  jepsen.util - 1\t:okay\t:read\t3'].join('\n'), { json: true });
    expect(broken).toMatchObject({ code: 64, stdout: '' });
    expect(broken.stderr).toMatch(
      /history\.log:4: not a line[\s\S]*text: "INFO {2}jepsen[\s\S]*:okay[\s\S]*remedy: write/,
    );
  });

  it.each([
    ['', 0, 'no operation to judge'],
    ['hello', 1, 'no history that we know'],
    ['INFO  jepsen', 1, 'not a line'],
    [line(0, 'ok', 'read', '3'), 1, 'no open operation'],
    [`${good[0]}\n\n${good[0]}`, 3, 'has not finished the :write of line 1'],
    [`${good[0]}\n${line(0, 'ok', 'read', '3')}`, 2, 'an open :write (line 1)'],
    [`${good[0]}\n${line(0, 'ok', 'write', '4')}`, 2, 'completed with other arguments'],
    [line(0, 'invoke', 'append', '3'), 1, 'unknown operation :append'],
    [line(0, 'invoke', 'cas', '3'), 1, ':cas is invoked with'],
    [line(0, 'invoke', 'write', '9007199254740993'), 1, ':write is invoked with'],
    [`${line(0, 'invoke', 'read', 'nil')}\n${line(0, 'ok', 'read', ':timed-out')}`, 2, ':read returned'],
    ['INFO  jepsen.util - :bob\t:invoke\t:read\tnil', 1, 'process ":bob" is not a number'],
  ])('names the line in %j', (text, at, problem) => {
    const parsed = readHistory(text);
    if (parsed.kind !== 'malformed') throw new Error('accepted');
    expect(parsed).toMatchObject({ line: at, problem: expect.stringContaining(problem) });
    expect(parsed.remedy).not.toBe('');
  });

  it('knows what happened, what did not, and what nobody knows', () => {
    const events: [string, string, string][] = [
      ['write', 'info', ':timed-out'],
      ['write', 'fail', ':timed-out'],
      ['write', 'fail', ':connection-refused'],
      ['read', 'fail', ':timed-out'],
      ['read', 'info', ':timed-out'],
      ['cas', 'fail', '[1 2]'],
      ['cas', 'info', ':timed-out'],
      ['cas', 'fail', ':connection-refused'],
    ];
    const argument: Record<string, string> = { read: 'nil', write: '3', cas: '[1 2]' };
    const text = events.flatMap(([name, event, value], process) => [
      line(process, 'invoke', name, argument[name]!),
      line(process, event, name, value),
    ]);
    text.push('INFO  jepsen.util - :nemesis\t:info\t:start\tnil', line(8, 'invoke', 'write', '4'));
    text.push(line(9, 'invoke', 'read', 'nil'));
    const parsed = readHistory(text.join('\n'));
    if (parsed.kind !== 'history' || parsed.model !== 'register') throw new Error('refused');
    expect(parsed.operations.map((each) => [each.process, each.callSeq, each.returnSeq])).toEqual([
      [0, 1, NEVER_RETURNED],
      [1, 3, NEVER_RETURNED],
      [5, 11, 12],
      [6, 13, NEVER_RETURNED],
      [8, 18, NEVER_RETURNED],
    ]);
    expect(parsed.operations[2]!.output).toEqual({ kind: 'compared', swapped: false });
  });

  it('judges a store by key, and draws what does not fit', async () => {
    const kv = (process: number, type: string, f: string, key: string, value: string) =>
      `{:process ${process}, :type :${type}, :f :${f}, :key "${key}", :value ${value}}`;
    const text = [
      kv(0, 'invoke', 'append', 'x', '"a"'),
      kv(1, 'invoke', 'put', 'y', '"b"'),
      kv(0, 'ok', 'append', 'x', '"a"'),
      kv(0, 'invoke', 'get', 'x', 'nil'),
      kv(0, 'ok', 'get', 'x', '""'),
    ].join('\n');
    const { code, stdout } = await run(text, { model: 'kv' });
    expect(code).toBe(1);
    expect(stdout.split('\n').slice(1, 6)).toEqual([
      '  Key "x": the shortest part that no order explains',
      '  has 2 operations and ends at line 5:',
      '',
      '  client 0  |1: append "a"|!get -> ""!',
      '',
    ]);
    expect(stdout).toContain('Then the key holds "a", and this does not fit:');
  });

  it('is unknown beyond its steps and its memory', async () => {
    const writes = Array.from({ length: 40 }, (_, at) => line(at, 'invoke', 'write', `${at}`));
    const returns = Array.from({ length: 40 }, (_, at) => line(at, 'ok', 'write', `${at}`));
    const text = [...writes, ...returns, line(99, 'invoke', 'read', 'nil'), line(99, 'ok', 'read', '77')].join('\n');
    expect(await run(text, { steps: 1_000 })).toMatchObject({ code: 2, stdout: expect.stringMatching(/step limit/) });
    expect(await run(text, { memoryMb: 1 })).toMatchObject({ code: 2, stdout: expect.stringMatching(/memory limit/) });
  });

  it('judges what a run of ours wrote down, and finds one answer changed in it', async () => {
    const path = join(folder, 'own.ndjson');
    const plan = swarmPlan(8);
    const plain = await runPlan(plan, { recording: false });
    const outcome = await runAndWriteHistory(path, plan, runPlan, { recording: false });
    expect(outcome.result.traceHash).toBe(plain.result.traceHash);
    const text = readFileSync(path, 'utf8');
    expect(await run(text, { model: 'log' })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(' linearizable'),
    });
    const lines = text.trim().split('\n');
    expect(lines.length - 1).toBeGreaterThanOrEqual(outcome.result.acknowledged);
    const at = lines.findIndex((each, index) => index > 100 && each.includes('"result"'));
    const changed = lines.with(at, lines[at]!.replace('"length":', '"length":1'));
    const { code, stdout } = await run(changed.join('\n'), { json: true });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ linearizable: false, model: 'log', format: 'firedrill' });
    await expect(
      runAndWriteHistory(join(folder, 'no/such.ndjson'), plan, runPlan, { recording: false }),
    ).rejects.toThrow(/cannot write the history .*remedy/s);
  });

  it('reads lines that are split between two reads of the file', async () => {
    const value = 'é'.repeat(400_000);
    const operation = (client: number, call: number, what: object) =>
      JSON.stringify({ client, call, return: call + 1, key: 'k', ...what });
    const text = [
      '{"format":"firedrill-history","version":1,"model":"kv"}',
      operation(0, 1, { op: 'put', value }),
      operation(0, 3, { op: 'put', value: `x${value}` }),
      operation(0, 5, { op: 'get', result: `x${value}` }),
    ].join('\n');
    expect(await run(text)).toMatchObject({ code: 0 });
    expect(await run(text.slice(0, -2))).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/history\.log:4: not JSON/),
    });
  });

  const absent = !existsSync(join(HISTORIES, 'etcd/verdicts.tsv'));
  if (absent) console.log(`skipped: no recorded histories (looked for ../shared/histories beside the project)`);
  it.skipIf(absent).each([
    ['etcd', 'register', 50],
    ['kv', 'kv', 4],
  ])('agrees with every known verdict of the histories of %s', async (name, model, atLeast) => {
    const recorded = join(HISTORIES, name);
    const rows = readFileSync(join(recorded, 'verdicts.tsv'), 'utf8').trim().split('\n').slice(1);
    expect(rows.length).toBeGreaterThanOrEqual(atLeast);
    for (const row of rows) {
      const [file, known] = row.split('\t') as [string, string];
      let stdout = '';
      const out = { stdout: (part: string) => void (stdout += part), stderr: (part: string) => void (stdout += part) };
      const code = await checkHistory({ file: join(recorded, file), model, json: true }, out);
      expect([file, code, String(JSON.parse(stdout).linearizable)]).toEqual([file, known === 'true' ? 0 : 1, known]);
    }
  });
});
