import { describe, expect, it } from 'vitest';
import { type TimelineBar, timeline } from '../../src/report/timeline.ts';

const bar = (client: string, text: string, callSeq: number, returnSeq: number | null, marked = false): TimelineBar => ({
  client,
  text,
  callSeq,
  returnSeq,
  marked,
});

describe('a timeline', () => {
  it('keeps the order of calls and returns, one row a client', () => {
    const { lines, hidden } = timeline([
      bar('b', 'put 1', 1, 6),
      bar('a', 'get -> 1', 2, 3),
      bar('a', 'get -> nothing', 4, 5, true),
      bar('c', 'put 2', 4, null),
    ]);
    expect(hidden).toBe(0);
    expect(lines).toEqual([
      'a   |get -> 1|!get -> nothing!',
      'b  |put 1---------------------|',
      'c             |put 2---------->',
    ]);
  });

  it('shows what lies at the end when there is too much, and cuts long texts in the middle', () => {
    const bars = Array.from({ length: 200 }, (_, at) => bar(`client ${at % 3}`, `write ${at}`, 2 * at, 2 * at + 1));
    const long = bar('client 5', `get -> "${'x'.repeat(100)}end"`, 1, 1_000, true);
    const { lines, hidden } = timeline([...bars, long]);
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
    expect(lines.join('\n')).toContain('|write 199|');
    expect(lines.at(-1)).toMatch(/^client 5 {2}<get -> "x+\.\.x+end"=+!$/);
    expect(hidden).toBeGreaterThan(180);
  });

  it('gives operations of one client that overlap rows of their own', () => {
    const { lines } = timeline([bar('a', 'one', 1, 3), bar('a', 'two', 2, 4)]);
    expect(lines).toEqual(['a  |one|', 'a   |two|']);
  });

  it('draws nothing for nothing', () => {
    expect(timeline([])).toEqual({ lines: [], hidden: 0 });
  });
});
