import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkFolder, refuseOwnInput, writeWhole } from '../../src/cli/write-file.ts';
import { systemReason } from '../../src/plan/user-error.ts';
import { ROOT } from '../tidy/source.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'firedrill-write-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const BIG = 'x'.repeat(1_000_000);

describe('a file is written whole or not at all', () => {
  it.each([['in the place of another'], ['behind a link'], ['where nothing was']])('%s', (place) => {
    const path = join(folder, 'kept.html');
    const named = place === 'behind a link' ? join(folder, 'link.html') : path;
    if (place === 'behind a link') symlinkSync(path, named);
    if (place !== 'where nothing was') {
      writeFileSync(path, 'good');
      chmodSync(path, 0o640);
    }
    // What a full disk does, without one: the shell lets files grow to 4 KiB only.
    const module = pathToFileURL(join(ROOT, 'src/cli/write-file.ts')).href;
    const code = `import { writeWhole } from '${module}'; try { writeWhole('${named}', 'x'.repeat(1e6)); } catch (e) { console.log(e.code); }`;
    const line = 'ulimit -f 8; exec "$0" --input-type=module -e "$1"';
    const { stdout } = spawnSync('bash', ['-c', line, process.execPath, code], { encoding: 'utf8' });
    expect(stdout).toBe('EFBIG\n');
    if (place === 'where nothing was') expect(existsSync(path)).toBe(false);
    else expect(readFileSync(path, 'utf8')).toBe('good');
    expect(readdirSync(folder).filter((name) => name.includes('unfinished'))).toEqual([]);
    writeWhole(named, BIG);
    expect(readFileSync(path, 'utf8')).toBe(BIG);
    if (place !== 'where nothing was') expect(statSync(path).mode & 0o777).toBe(0o640);
    if (place === 'behind a link') expect(lstatSync(named).isSymbolicLink()).toBe(true);
  });

  it('what is no ordinary file stays what it is', () => {
    const pipe = join(folder, 'pipe');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    const reader = `cat "$0" & "$1" --input-type=module -e "$2"; wait`;
    const module = pathToFileURL(join(ROOT, 'src/cli/write-file.ts')).href;
    const code = `import { writeWhole } from '${module}'; writeWhole('${pipe}', 'through\\n');`;
    const { stdout } = spawnSync('bash', ['-c', reader, pipe, process.execPath, code], { encoding: 'utf8' });
    expect(stdout).toBe('through\n');
    expect(lstatSync(pipe).isFIFO()).toBe(true);
  });
});

describe('places', () => {
  it('a folder is tried before the work', () => {
    checkFolder(join(folder, 'a', 'b'));
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual([]);
    writeFileSync(join(folder, 'file'), '');
    expect(() => checkFolder(join(folder, 'file'))).toThrow('cannot write into');
    expect(() => checkFolder(join(folder, 'file', 'c'))).toThrow('cannot write into');
  });

  it('what is read is not written over', () => {
    const path = join(folder, 'in.json');
    writeFileSync(path, '{}');
    expect(() => refuseOwnInput(path, join(folder, '.', 'in.json'), '--out')).toThrow('--out');
    refuseOwnInput(path, join(folder, 'other.json'), '--out');
    refuseOwnInput(path, null, '--out');
  });

  it('limits of the system have words', () => {
    for (const code of ['EFBIG', 'EDQUOT'])
      expect(systemReason(Object.assign(new Error(), { code }))).not.toMatch(code);
  });
});
