import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Outlet } from '../../src/cli/output.ts';
import { isUserError } from '../../src/plan/user-error.ts';

/** A stream that refuses with an error code: while it is written to, or a moment later. */
class Refusing extends EventEmitter {
  readonly heard: string[] = [];
  code: string | null = null;
  late = false;

  write(text: string): boolean {
    if (this.code === null) {
      this.heard.push(text);
      return true;
    }
    const error = Object.assign(new Error('write'), { code: this.code });
    if (!this.late) throw error;
    this.emit('error', error);
    return false;
  }
}

function outlet(): { stream: Refusing; out: Outlet } {
  const stream = new Refusing();
  return { stream, out: new Outlet(stream as unknown as NodeJS.WriteStream) };
}

describe('standard output', () => {
  it.each([[false], [true]])('a full disk is the user’s mistake, told once (late: %j)', (late) => {
    const { stream, out } = outlet();
    out.write('one');
    Object.assign(stream, { code: 'ENOSPC', late });
    let thrown: unknown;
    try {
      out.write('two');
    } catch (error) {
      thrown = error;
    }
    expect(isUserError(thrown) && thrown.message).toMatch(
      /cannot write to standard output: no space is left on the device\n {2}remedy: /,
    );
    expect(out.untold()).toBeNull();
  });

  it('a refusal that comes after the last text is still to be told', () => {
    const { stream, out } = outlet();
    out.write('one');
    stream.emit('error', Object.assign(new Error('write'), { code: 'EDQUOT' }));
    expect(out.untold()?.message).toContain('the disk quota is used up');
  });

  it('a reader that is gone costs the text and nothing else', () => {
    const { stream, out } = outlet();
    stream.code = 'EPIPE';
    out.write('one');
    stream.code = null;
    out.write('two');
    expect(stream.heard).toEqual([]);
    expect(out.untold()).toBeNull();
  });
});
