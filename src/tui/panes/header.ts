import { instantText } from '../../report/duration.ts';
import { cellText, fitLine, type Line, lineWidth, type Segment, type Tone } from '../line.ts';
import type { Recording } from '../recording/recording.ts';
import { failureRow } from '../seek.ts';
import { SPEEDS, type View } from '../view.ts';

/** Title and verdict, position and speed, and the timeline. */
export function headerLines(run: Recording, row: number, view: View | null, width: number): Line[] {
  return [titleLine(run, row, width), positionLine(run, row, view, width), timelineLine(run, row, width)];
}

/** What is open on the left, what becomes of it on the right. */
function titleLine(run: Recording, row: number, width: number): Line {
  return spread(titleParts(run, run.facts.title), [verdictOf(run, row)], width);
}

/** The same in two lines, for half a screen; `base` is what the other run is called. */
export function titleLines(run: Recording, row: number, base: string, width: number): Line[] {
  const { title } = run.facts;
  // A neighbour is called what its run is called, and then what was changed: only that is news.
  const news = title.startsWith(`${base} `) ? title.slice(base.length + 1) : title;
  return [fitLine(titleParts(run, news), width), fitLine([verdictOf(run, row)], width)];
}

function titleParts({ facts }: Recording, title: string): Line {
  const differs =
    facts.reproduced === 'no'
      ? [{ text: ' NOT REPRODUCED: the bundle tells of another run ', tone: 'bad' as const }]
      : [];
  return [{ text: cellText(title), tone: 'title' }, ...differs];
}

function verdictOf(run: Recording, row: number): Segment {
  const { result } = run.facts;
  const at = failureRow(run);
  if (result.verdict !== 'failed') {
    const tone: Tone = result.verdict === 'passed' ? 'good' : 'warn';
    return { text: `${result.verdict}${result.reason === '' ? '' : ` (${result.reason})`}`, tone };
  }
  if (at >= 0 && row < at) return { text: `will fail ${result.property}`, tone: 'warn' };
  return { text: `FAILED ${result.property}`, tone: 'bad' };
}

/** Time, event and speed; what is less needed goes first where the line is too short for large numbers. */
function positionLine(run: Recording, row: number, view: View | null, width: number): Line {
  const right: Line = view === null ? [] : [{ text: paceOf(view), tone: view.playing ? 'good' : 'quiet' }];
  const room = width - lineWidth(right) - 1;
  const { event } = run.row(row);
  const number = run.eventNumber(row).toLocaleString('en-US');
  const count = run.eventCount.toLocaleString('en-US');
  const time = `t ${instantText(run.timeAt(row))} s`;
  const forms = [
    `${time}  event ${number} of ${count}  (trace ${event})`,
    `${time}  event ${number}/${count}  trace ${event}`,
    `${time}  event ${number}  trace ${event}`,
    `${time}  event ${number}`,
  ];
  const text = forms.find(({ length }) => length <= room) ?? time;
  return spread([{ text, tone: 'plain' }], right, width);
}

/** Playing or not, and how fast; how many breakpoints are set. */
export function paceOf({ playing, speed, breakpoints: { length } }: View): string {
  const marks = length === 0 ? '' : `${length} breakpoint${length === 1 ? '' : 's'}  `;
  return `${marks}${playing ? 'playing' : 'paused'} ${SPEEDS[speed]} events/s`;
}

/** The whole run in one line: what happened where, and `#` for here. */
export function timelineLine(run: Recording, row: number, width: number): Line {
  const room = width - 2;
  const fromUs = run.timeAt(run.firstRow);
  const spanUs = Math.max(1, run.timeAt(run.endRow - 1) - fromUs);
  const columnOf = (atUs: number): number => Math.min(room - 1, Math.floor(((atUs - fromUs) * room) / spanUs));
  const signs = new Array<string>(room).fill('-');
  for (const { atUs, sign } of run.landmarks) signs[columnOf(atUs)] = sign;
  const here = columnOf(run.timeAt(row));
  const under = signs[here];
  return [
    { text: `[${signs.slice(0, here).join('')}`, tone: 'quiet' },
    { text: under === '!' ? '!' : '#', tone: 'cursor' },
    { text: `${signs.slice(here + 1).join('')}]`, tone: 'quiet' },
  ];
}

/** Two parts at the two ends of a line; the left one gives way. */
export function spread(left: Line, right: Line, width: number): Line {
  const rightWidth = Math.min(width, lineWidth(right));
  if (rightWidth === 0) return fitLine(left, width);
  return [
    ...fitLine(left, Math.max(0, width - rightWidth - 1)),
    { text: ' ', tone: 'plain' },
    ...fitLine(right, rightWidth),
  ];
}
