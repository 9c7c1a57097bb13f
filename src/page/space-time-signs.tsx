import type { ReportDetail } from '../report/model.ts';
import type { TraceMessage } from '../report/trace-model.ts';
import type { ArrowShown, Range } from './space-time-layout.ts';
import { durationOf, momentOf } from './words.ts';

interface SignsProps {
  readonly detail: ReportDetail;
  readonly arrows: readonly ArrowShown[];
  readonly range: Range;
  readonly place: (us: number) => number;
  readonly laneOf: (host: number) => number;
  readonly height: number;
  readonly failedUs: number;
  readonly chosen: number;
  readonly chosenUs: number;
  readonly onChoose: (index: number) => void;
  readonly onHover: (text: string) => void;
}

/** All that happens in the part: messages, faults and restarts, the failure, the chosen event. */
export function Signs({ detail, arrows, chosen, chosenUs, failedUs, onChoose, onHover, ...rest }: SignsProps) {
  const { range, place, laneOf, height } = rest;
  const nameOf = (host: number) => detail.trace.hosts.find((each) => each.host === host)?.name ?? `host ${host}`;
  return (
    <>
      {arrows.map(({ message, onChain }) => (
        <Arrow
          key={message.id}
          message={message}
          onChain={onChain}
          line={lineOf(message, place, laneOf)}
          chosen={chosen >= 0 && (message.sentIndex === chosen || message.endIndex === chosen)}
          onHover={() => onHover(messageText(message, nameOf))}
          onChoose={() => onChoose(message.endIndex >= 0 ? message.endIndex : message.sentIndex)}
        />
      ))}
      <Moments detail={detail} range={range} place={place} laneOf={laneOf} onChoose={onChoose} />
      <Upright atUs={failedUs} {...{ range, place, height }} kind="failed" />
      <Upright atUs={chosenUs} {...{ range, place, height }} kind="chosen" />
    </>
  );
}

interface Line {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** A dropped message ends half-way, one that nobody handled after a stub. */
function lineOf(message: TraceMessage, place: (us: number) => number, laneOf: (host: number) => number): Line {
  const { from, to, sentUs, endUs, fate } = message;
  const y1 = laneOf(from);
  const y2 = laneOf(to);
  const short = fate === 'dropped' || endUs < 0;
  return { x1: place(sentUs), y1, x2: endUs < 0 ? place(sentUs) + 14 : place(endUs), y2: short ? (y1 + y2) / 2 : y2 };
}

interface ArrowProps {
  readonly message: TraceMessage;
  readonly onChain: boolean;
  readonly chosen: boolean;
  readonly line: Line;
  readonly onHover: () => void;
  readonly onChoose: () => void;
}

function Arrow({ message, onChain, chosen, line, onHover, onChoose }: ArrowProps) {
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the list of events offers the same to the keyboard
    <g
      class={`message ${message.fate} ${onChain ? 'chain' : ''} ${chosen ? 'chosen' : ''}`}
      onMouseEnter={onHover}
      onClick={onChoose}
    >
      <line {...line} class="wide" />
      <line {...line} class="thin" />
      {message.fate !== 'delivered' ? (
        <text x={line.x2} y={line.y2 + 4} text-anchor="middle">
          {message.fate === 'dropped' ? '×' : '?'}
        </text>
      ) : (
        <circle cx={line.x2} cy={line.y2} r={onChain ? 3.5 : 2.2} />
      )}
      <title>{message.kind}</title>
    </g>
  );
}

const TOLD = ['fault', 'crash', 'start', 'mark'];

/** Faults, crashes, restarts and marks as signs on the line of their host. */
function Moments(props: {
  detail: ReportDetail;
  range: Range;
  place: (us: number) => number;
  laneOf: (host: number) => number;
  onChoose: (index: number) => void;
}) {
  const { detail, range, place, laneOf, onChoose } = props;
  const told = detail.trace.records.filter(
    ({ kind, host, atUs }) => TOLD.includes(kind) && host >= 0 && atUs >= range.fromUs && atUs <= range.toUs,
  );
  return (
    <>
      {told.slice(0, 200).map((record, at) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the list of events offers the same to the keyboard
        <rect
          key={`${record.index} ${at}`}
          class={`moment ${record.kind}`}
          x={place(record.atUs) - 3}
          y={laneOf(record.host) - 6}
          width="6"
          height="12"
          onClick={() => onChoose(record.index)}
        >
          <title>{`${record.kind} ${record.detail}`}</title>
        </rect>
      ))}
    </>
  );
}

function Upright(props: { atUs: number; range: Range; place: (us: number) => number; height: number; kind: string }) {
  const { atUs, range, place, height, kind } = props;
  if (atUs < range.fromUs || atUs > range.toUs || atUs < 0) return null;
  return <line class={kind} x1={place(atUs)} x2={place(atUs)} y1="0" y2={height - 20} />;
}

function messageText(message: TraceMessage, nameOf: (host: number) => string): string {
  const { kind, detail, from, to, sentUs, endUs, fate, cause } = message;
  const end =
    endUs < 0 ? 'never handled (under way, or its host was down)' : `${fate} after ${durationOf(endUs - sentUs)}`;
  return `${kind} from ${nameOf(from)} to ${nameOf(to)}, sent at ${momentOf(sentUs)}, ${end}${cause === '' ? '' : ` (${cause})`}: ${detail}`;
}
