import { describe, expect, it } from 'vitest';
import { compareRuns } from '../../src/tui/compare.ts';
import { readFilter } from '../../src/tui/match.ts';
import { play } from '../../src/tui/play.ts';
import { press } from '../../src/tui/press.ts';
import { kindNumber } from '../../src/tui/recording/words.ts';
import { firstView, rowsOf, type Session, SPEEDS, type View } from '../../src/tui/view.ts';
import { smallRun } from './kit.ts';

const run = smallRun();
const session: Session = { runs: [run], comparison: null };
const start = firstView(session);

const keys = (view: View, ...names: string[]): View => names.reduce((now, name) => press(session, now, name), view);
const typed = (view: View, key: string, text: string): View =>
  keys(view, key, ...[...text].map((character) => (character === ' ' ? 'space' : character)), 'return');
const timeOf = (view: View): number => run.timeAt(view.row);

describe('moving', () => {
  it.each([
    ['right', 'left', 1_000],
    ['m', 'M', 1_000],
    ['pagedown', 'pageup', 100_000],
  ])('%s goes on, %s back to the same place', (on, back, us) => {
    const there = keys(start, on);
    expect(timeOf(there)).toBe(us);
    expect(keys(there, on, back)).toEqual(there);
  });

  it('goes to the failure, to fault, start and end', () => {
    expect(timeOf(keys(start, '!'))).toBe(350_000);
    expect(timeOf(keys(start, 'f'))).toBe(40_000);
    expect(keys(start, 'f', 'f').message).toBe('no further fault');
    expect(timeOf(keys(start, 'p'))).toBe(350_000);
    expect(timeOf(keys(start, 'G'))).toBe(399_000);
    expect(keys(start, 'G', 'g')).toEqual(start);
    expect(keys(start, 'left').message).toBe('no earlier event');
  });

  it.each([
    ['t', '0.2', 200_000],
    ['t', '17ms', 17_000],
    ['n', '123', 123_000],
    ['r', 'r1', 0],
    ['r', 'replica-2', 1_000],
  ])('%s %s jumps', (key, text, us) => {
    expect(timeOf(typed(start, key, text))).toBe(us);
  });

  it.each([
    ['t', 'noon', '"noon" is no time'],
    ['n', 'x', '"x" is no op number'],
    ['n', '4711', 'nothing mentions op 4711'],
    ['r', 'r7', 'there is no host "r7"'],
    ['b', 'never', '"never": property, or one of'],
    ['/', 'kind:x', 'no kind "x"'],
  ])('%s %s says why it does not', (key, text, message) => {
    const after = typed(start, key, text);
    expect(after.message).toContain(message);
    expect(after.row).toBe(start.row);
  });
});

describe('looking', () => {
  it('filters the log, and the arrows stay within the filter', () => {
    const filtered = typed(start, '/', 'kind:mark host:r1');
    expect(timeOf(keys(filtered, 'down'))).toBe(10_000);
    expect(timeOf(keys(filtered, 'down', 'down'))).toBe(40_000);
    expect(keys(filtered, 'escape').filter).toBeNull();
  });

  it.each(['op=7', 'ACK', 'odd', 'no such words', 'kind:deliver op=3 host:r0'])(
    'the filter "%s" accepts what its words say, in runs of many chunks, however often it is asked',
    (text) => {
      const long = smallRun(20_000, {}, 15_000);
      const reading = readFilter(long, text);
      if (!reading.ok) throw new Error(reading.problem);
      const wanted = (row: number): boolean => {
        const { text: said, host, peer, kind } = long.row(row);
        return text.split(' ').every((word) => {
          if (word === 'host:r0') return host === 0 || peer === 0;
          if (word === 'kind:deliver') return kind === kindNumber('deliver');
          return said.toLowerCase().includes(word.toLowerCase());
        });
      };
      for (let round = 0; round < 2; round++) {
        for (let row = 0; row < long.endRow; row += 7) {
          if (long.matches(row, reading.match.accepts) !== wanted(row)) expect.fail(`row ${row} in round ${round}`);
        }
      }
    },
  );

  it('takes keys for a prompt as text, and Escape back', () => {
    const asked = keys(start, 't', 'q', 'backspace', '5');
    expect(asked.prompt).toEqual({ asking: 'time', text: '5' });
    expect(keys(asked, 'escape')).toEqual(start);
    expect(keys(start, 'q').quit).toBe(true);
    expect(keys(asked, 'ctrl-c').quit).toBe(true);
  });

  it('opens and closes the list of keys', () => {
    expect(keys(start, '?', 'down').help).toBe(1);
    expect(keys(start, '?', 'x')).toEqual(start);
  });
});

describe('playing', () => {
  it('goes as many events a second as it says, and stops at the end', () => {
    let view = { ...keys(start, 'space'), speed: SPEEDS.indexOf(100) };
    for (let tick = 0; tick < 10; tick++) view = play(session, view, 50);
    expect(timeOf(view)).toBe(50_000);
    const end = play(session, play(session, view, 10_000), 50);
    expect(timeOf(end)).toBe(399_000);
    expect(play(session, end, 50)).toMatchObject({ playing: false });
  });

  it.each([
    ['property', 350_000],
    ['property INV-DURABLE-ACK', 350_000],
    ['fault partition', 40_000],
    ['mark ack', 10_000],
  ])('stops at the breakpoint %s', (text, us) => {
    const set = typed(start, 'b', text);
    const played = play(session, { ...keys(set, 'space'), row: 2, speed: SPEEDS.indexOf(10_000) }, 1_000);
    expect(played.playing).toBe(false);
    expect(timeOf(played)).toBe(us);
    expect(timeOf(keys({ ...set, row: 2 }, ']'))).toBe(us);
    expect(keys(set, 'G', '[').message).not.toBe('no breakpoint is set: b sets one');
    expect(keys(set, 'B', ']').message).toBe('no breakpoint is set: b sets one');
  });
});

describe('two runs', () => {
  const other = smallRun(400, { title: 'other run' }, 222);
  const two: Session = { runs: [run, other], comparison: compareRuns(run, other) };

  it('open at their first difference', () => {
    expect(run.timeAt(firstView(two).row)).toBe(222_000);
  });

  it('stand at the same event before it, at the same time behind it, and can be swapped', () => {
    const view = firstView(two);
    const before = press(two, view, 'pageup');
    expect(rowsOf(two, before)).toEqual([before.row, before.row]);
    const after = press(two, view, 'pagedown');
    expect(rowsOf(two, after).map((row, index) => two.runs[index as 0]?.timeAt(row))).toEqual([322_000, 322_000]);
    const swapped = press(two, after, 's');
    expect(swapped.lead).toBe(1);
    expect(press(two, swapped, 's').row).toBe(after.row);
    expect(run.timeAt(press(two, after, 'd').row)).toBe(222_000);
  });

  it('that are equal differ nowhere', () => {
    const twin = smallRun();
    expect(compareRuns(run, twin).firstDifference).toBe(run.endRow);
    expect(firstView({ runs: [run, twin], comparison: compareRuns(run, twin) }).row).toBe(run.endRow - 1);
  });
});
