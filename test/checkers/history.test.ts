import { describe, expect, it } from 'vitest';
import { readHistory } from '../../src/checkers/history-file.ts';
import { HistoryRecorder } from '../../src/checkers/history-recorder.ts';
import { NEVER_RETURNED } from '../../src/checkers/sequential-model.ts';
import type { Prepare } from '../../src/cluster/storage/prepare.ts';

const HEADER = '{"format":"firedrill-history","version":1,"model":"kv"}';

function history(text: string) {
  const read = readHistory(text);
  if (read.kind === 'malformed') throw new Error(`${read.line}: ${read.problem}`);
  return read;
}

describe('the text form of key-value histories', () => {
  const line = (process: number, type: string, f: string, value: string, key = 'k') =>
    `{:process ${process}, :type :${type}, :f :${f}, :key "${key}", :value ${value}}`;

  it('knows what happened, what did not, and what nobody knows', () => {
    const events: [string, string, string, string?][] = [
      ['put', '"a\\"b\\\\"', 'ok'],
      ['get', 'nil', 'ok', '"a\\"b\\\\"'],
      ['append', '"c"', 'fail'],
      ['append', '"c"', 'info'],
      ['get', 'nil', 'info'],
      ['cas', '["a" "b"]', 'ok'],
      ['cas', '["a" "b"]', 'fail'],
      ['cas', '["a" "b"]', 'fail', ':refused'],
      ['delete', 'nil', 'ok'],
    ];
    const lines = events.flatMap(([f, value, type, result], process) => [
      line(process, 'invoke', f, value),
      line(process, type, f, result ?? value),
    ]);
    const read = history(
      `${lines.join('\n')}\n\n${line(20, 'invoke', 'put', '"z"')}\n${line(21, 'invoke', 'get', 'nil')}`,
    );
    expect(read).toMatchObject({ format: 'kv-text', model: 'kv', absent: '' });
    expect(read.operations.map((each) => [each.process, each.callSeq, each.returnSeq, each.output])).toEqual([
      [0, 1, 2, { kind: 'done' }],
      [1, 3, 4, { kind: 'value', value: 'a"b\\' }],
      [3, 7, NEVER_RETURNED, undefined],
      [5, 11, 12, { kind: 'compared', swapped: true }],
      [6, 13, 14, { kind: 'compared', swapped: false }],
      [8, 17, 18, { kind: 'done' }],
      [20, 20, NEVER_RETURNED, undefined],
    ]);
    expect(read.operations[3]!.input).toEqual({ kind: 'cas', key: 'k', from: 'a', to: 'b' });
  });

  it.each([
    ['{:process 0}', 1, 'not a line of a key-value history'],
    [line(0, 'ok', 'get', '"a"'), 1, 'no open operation'],
    [
      `${line(0, 'invoke', 'get', 'nil')}\n${line(0, 'invoke', 'get', 'nil')}`,
      2,
      'has not finished the :get of line 1',
    ],
    [`${line(0, 'invoke', 'put', '"a"')}\n${line(0, 'ok', 'put', '"b"')}`, 2, 'completed with other arguments'],
    [`${line(0, 'invoke', 'put', '"a"')}\n${line(0, 'ok', 'put', '"a"', 'x')}`, 2, 'completed with other arguments'],
    [`${line(0, 'invoke', 'get', 'nil')}\n${line(0, 'ok', 'get', 'nil')}`, 2, ':get returned'],
    [line(0, 'invoke', 'put', 'nil'), 1, ':put is invoked with'],
    [line(0, 'invoke', 'cas', '"a"'), 1, ':cas is invoked with'],
    [line(0, 'invoke', 'swap', '"a"'), 1, 'unknown operation :swap'],
    [line(0, 'begin', 'get', 'nil'), 1, 'unknown :type :begin'],
    [line(0, 'invoke', 'put', '"\\q"'), 1, ':put is invoked with'],
  ])('names the line in %j', (text, at, problem) => {
    expect(readHistory(text)).toMatchObject({ kind: 'malformed', line: at, problem: expect.stringContaining(problem) });
  });
});

describe('our own form', () => {
  const put = '{"client":0,"call":1,"return":3,"op":"put","key":"k","value":"v"}';
  const get = '{"client":1,"call":2,"return":4,"op":"get","key":"k","result":null}';
  const lost = '{"client":2,"call":2,"return":null,"op":"cas","key":"k","from":null,"to":"w"}';

  it('reads lines, and one document however it is laid out', () => {
    const lines = history(`${HEADER}\n${get}\n${put}\n\n${lost}\n`);
    expect(lines).toMatchObject({ format: 'firedrill', model: 'kv', absent: null });
    expect(lines.operations).toEqual([
      { process: 0, callSeq: 1, returnSeq: 3, input: { kind: 'put', key: 'k', value: 'v' }, output: { kind: 'done' } },
      {
        process: 1,
        callSeq: 2,
        returnSeq: 4,
        input: { kind: 'get', key: 'k' },
        output: { kind: 'value', value: null },
      },
      {
        process: 2,
        callSeq: 2,
        returnSeq: NEVER_RETURNED,
        input: { kind: 'cas', key: 'k', from: null, to: 'w' },
        output: undefined,
      },
    ]);
    const document = { ...JSON.parse(HEADER), operations: [get, put, lost].map((each) => JSON.parse(each)) };
    expect(history(JSON.stringify(document))).toEqual(lines);
    expect(history(JSON.stringify(document, null, 2))).toEqual(lines);
  });

  it('reads registers and logs', () => {
    const header = (model: string) => HEADER.replace('"kv"', `"${model}"`);
    const register = [
      '{"client":0,"call":0,"return":0,"op":"write","value":-0}',
      '{"client":0,"call":1,"return":2,"op":"read","result":0}',
      '{"client":0,"call":3,"return":4,"op":"cas","from":0,"to":1,"result":false}',
      '{"client":0,"call":5,"return":null,"op":"read"}',
    ];
    expect(history([header('register'), ...register].join('\n')).operations.map((each) => each.output)).toEqual([
      { kind: 'written' },
      { kind: 'value', value: 0 },
      { kind: 'compared', swapped: false },
    ]);
    const log = [
      '{"client":0,"call":0,"return":1,"op":"append","key":"7","value":9,"result":{"length":1,"chain":[5,-6]}}',
      '{"client":0,"call":2,"return":null,"op":"append","key":"7","value":10}',
    ];
    expect(history([header('log'), ...log].join('\n')).operations).toMatchObject([
      { input: { kind: 'append', key: '7', eventId: 9 }, output: { length: 1, chain0: 5, chain1: -6 } },
      { input: { kind: 'append', eventId: 10 }, output: undefined },
    ]);
  });

  it.each([
    [`${HEADER}\n{"client":0}`, 2, '"call" is no whole number'],
    [`${HEADER}\n${put.replace('"return":3,', '')}`, 2, '"return" is neither'],
    [`${HEADER}\n${put.replace('"return":3', '"return":0')}`, 2, 'returns at 0, before its call at 1'],
    [`${HEADER}\n${put.replace('"client":0', '"client":"a"')}`, 2, '"client" is no whole number'],
    [`${HEADER}\n${put.replace('"v"', '7')}`, 2, '"value" is "7"'],
    [`${HEADER}\n${put.replace(',"key":"k"', '')}`, 2, '"key" is missing'],
    [`${HEADER}\n${put.replace('put', 'inc')}`, 2, 'unknown operation'],
    [`${HEADER}\n${get.replace(',"result":null', '')}`, 2, '"result" is missing'],
    [`${HEADER}\n${put}\nhello`, 3, 'not JSON'],
    [`${HEADER}\n[]`, 2, 'an operation is an object'],
    [HEADER.replace('kv', 'queue'), 1, 'the "model" is'],
    [HEADER.replace('1', '2'), 1, 'version "2"'],
    ['{"a":1}', 1, 'the "format" is not'],
    [HEADER, 0, 'no operation to judge'],
    [HEADER.replace('}', ',"operations":[{"client":0}]}'), 0, 'operations[0]: "call" is no whole number'],
    ['\n{\n"format":\n"x",\n,\n}', 5, 'no JSON from here on'],
    ['{\n"format":', 2, 'no JSON from here on'],
  ])('says what is wrong with %j', (text, at, problem) => {
    const read = readHistory(text);
    expect(read).toMatchObject({ kind: 'malformed', line: at, problem: expect.stringContaining(problem) });
    expect(read.kind === 'malformed' && read.remedy).toMatch(/\w/);
  });
});

describe('the recorder of a run', () => {
  const applied = (client: number, request: number, op: number) => ({ client, request, op }) as Prepare;

  it('writes calls, answers and what stays open, and nothing of other operations', () => {
    const recorder = new HistoryRecorder({ append: 16, read: 17 });
    recorder.onInvoke(1, 9, 1, 16, 7, 100);
    recorder.onInvoke(2, 9, 1, 17, 7, 0);
    recorder.onInvoke(3, 9, 1, 5, 7, 0);
    recorder.onReturn(3, 9, 1, 0, 0, 0);
    recorder.onReturn(1, 9, 2, 8, 8, 8);
    recorder.onReturn(1, 9, 1, 1, 5, 0xffffffff);
    expect(recorder.records).toMatchObject([
      { client: 1, stream: 7, append: true, value: 100, callSeq: 1, returnSeq: 6, length: 1, chain0: 5, chain1: -1 },
      { client: 2, append: false, callSeq: 2, returnSeq: null },
    ]);
  });

  it('takes answers back that were lost with an approval', () => {
    const recorder = new HistoryRecorder({ append: 16, read: 17 });
    for (const client of [1, 2]) {
      recorder.onInvoke(client, 9, 1, 16, 7, client);
      recorder.onApply(0, 1, applied(client, 1, 10 + client));
      recorder.onReturn(client, 9, 1, client, 0, 0);
    }
    recorder.onDeclaredLoss(11);
    expect(recorder.records.map(({ returnSeq }) => returnSeq)).toEqual([2, null]);
  });
});
