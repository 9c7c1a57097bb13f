import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bugReport, dispatch } from '../../src/cli/dispatch.ts';
import { worstExit } from '../../src/cli/exit-codes.ts';
import { listen } from './kit.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = join(ROOT, 'src/cli/main.ts');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'firedrill-main-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The command as a process of its own. Node strips the types, so no build is needed. */
function firedrill(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...argv], { encoding: 'utf8', cwd: folder });
  return { status, stdout, stderr };
}

describe('the command', () => {
  it('knows its version and its help', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(firedrill('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    expect(firedrill('run', '--help')).toMatchObject({ status: 0, stderr: '' });
  });

  it.each([
    [['rnu'], /there is no command rnu\n {2}remedy: did you mean run\?/],
    [['run', '--seed', 'x'], /--seed "x" is no whole number/],
    [['check-history', 'absent.log', '--model', 'register'], /there is no such file/],
    [['replay', 'absent.json'], /cannot read the bundle absent.json: there is no such file/],
    [['run', '--plan', 'absent.json'], /cannot read the plan absent.json/],
  ])('%j exits 64 and says why on stderr only', (argv, message) => {
    expect(firedrill(...argv)).toMatchObject({ status: 64, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('judges a history', () => {
    writeFileSync(
      join(folder, 'h.log'),
      ['invoke', 'ok'].map((event) => `INFO  jepsen.util - 0\t:${event}\t:write\t3\n`).join(''),
    );
    const { status, stdout } = firedrill('check-history', 'h.log', '--model', 'register', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ linearizable: true });
  });

  it('a full disk behind standard output is no error of ours, a reader that is gone none at all', () => {
    const sh = (line: string) =>
      spawnSync('bash', ['-c', line, process.execPath, MAIN], { encoding: 'utf8', cwd: folder });
    expect(sh('"$0" "$1" --help > /dev/full')).toMatchObject({
      status: 64,
      stderr: expect.stringMatching(
        /^firedrill: cannot write to standard output: no space[^\n]*\n {2}remedy: [^\n]*\n$/,
      ),
    });
    writeFileSync(
      join(folder, 'bad.log'),
      'INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\t:read\t3\n',
    );
    // The command goes on to its own exit code: 1, not linearizable.
    const line = '("$0" "$1" check-history bad.log --model register; echo $? >&2) | exec true';
    expect(sh(line).stderr).toBe('1\n');
  });

  it('survives a reader that closes early', () => {
    const line = `"${process.execPath}" "${MAIN}" run --help | true`;
    expect(execFileSync('sh', ['-c', line], { encoding: 'utf8', stdio: 'pipe' })).toBe('');
  });
});

describe('the version gate', () => {
  const source = stripTypeScriptTypes(readFileSync(MAIN, 'utf8'));
  const started = (version: string) => {
    const text = source.replace('process.versions.node', JSON.stringify(version));
    expect(text).not.toBe(source);
    const file = join(folder, 'main.mjs');
    writeFileSync(file, text);
    return spawnSync(process.execPath, [file, '--version'], { encoding: 'utf8' });
  };

  it.each(['8.17.0', '20.20.2', '22.17.9'])('refuses Node %s with 64 and says how to get the right one', (version) => {
    const { status, stdout, stderr } = started(version);
    expect([status, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(new RegExp(`Node ${version} is too old, at least 22\\.18 is needed\n {2}remedy: npm ci`));
  });

  it.each(['22.18.0', '24.0.0'])('lets Node %s pass', (version) => {
    // It then looks for the rest of the program, which does not stand beside this copy: an error of ours.
    expect(started(version)).toMatchObject({ status: 70, stderr: expect.stringContaining('ERR_MODULE_NOT_FOUND') });
  });

  it('asks for what package.json asks for, and loads nothing before', () => {
    const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const [, major, minor] = /NODE_MIN = \[(\d+), (\d+)\]/.exec(source) ?? [];
    expect(engines.node).toBe(`>=${major}.${minor}`);
    expect(source).not.toMatch(/^\s*import\s+[^(]/m);
  });
});

describe('what is ours', () => {
  it('becomes a report that only has to be sent', () => {
    const text = bugReport(new Error('the queue is upside down'), ['run', '--seed', '3'], {
      firedrill: '1.2.3',
      node: 'v24.0.0',
    });
    expect(text).toMatch(/says nothing about the system under test/);
    expect(text).toContain('firedrill 1.2.3, Node v24.0.0');
    expect(text).toContain('arguments: ["run","--seed","3"]');
    expect(text).toMatch(/the queue is upside down\n +at /);
  });

  it('dispatches help without loading anything else', async () => {
    const heard = listen();
    expect(await dispatch(['--help'], heard)).toBe(0);
    expect(heard.out).toContain('firedrill check-history');
  });

  it.each([
    [[], 0],
    [[0, 0], 0],
    [[0, 2], 2],
    [[2, 1, 0], 1],
    [[1, 3, 2], 3],
    [[3, 64, 1], 64],
    [[64, 70, 3], 70],
  ])('the exit code of %j is %d', (codes, code) => {
    expect(worstExit(codes)).toBe(code);
  });
});
