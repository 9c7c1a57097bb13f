import { type Dispatch, type StateUpdater, useEffect, useMemo, useState } from 'preact/hooks';
import type { ReportDetail } from '../report/model.ts';
import type { TraceHost, TraceMessage } from '../report/trace-model.ts';
import { arrowsOf, type Range, shownHosts, startRange, zoomed, zoomedAt } from './space-time-layout.ts';
import { useWheel } from './wheel.ts';
import { countOf, durationOf, momentOf } from './words.ts';

const LANE = 44;
const LEFT = 110;
const WIDTH = 1_000;
const TOP = 12;

interface SpaceTimeProps {
  readonly detail: ReportDetail;
  readonly failedUs: number;
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
}

/** A line for each host, time to the right, an arrow for each message; those of the causal chain stand out. */
export function SpaceTime({ detail, failedUs, chosen, onChoose }: SpaceTimeProps) {
  const chosenUs = detail.trace.records.find(({ index }) => index === chosen)?.atUs ?? -1;
  const [range, setRange] = useRange(detail, failedUs, chosenUs);
  const diagram = useWheel((factor, share) => {
    setRange((before) => zoomedAt(before, factor, Math.max(0, (share * WIDTH - LEFT) / (WIDTH - LEFT))));
  });
  const [chainOnly, setChainOnly] = useState(false);
  const [hovered, setHovered] = useState('');
  const hosts = useMemo(() => shownHosts(detail), [detail]);
  const { arrows, leftOut } = useMemo(
    () => arrowsOf(detail, hosts, range, chainOnly),
    [detail, hosts, range, chainOnly],
  );
  const place = (us: number) => LEFT + ((us - range.fromUs) / (range.toUs - range.fromUs)) * (WIDTH - LEFT);
  const nameOf = (host: number) => detail.trace.hosts.find((each) => each.host === host)?.name ?? `host ${host}`;
  const laneOf = (host: number) => TOP + LANE / 2 + hosts.findIndex((each) => each.host === host) * LANE;
  const height = TOP + hosts.length * LANE + 20;
  return (
    <>
      <Controls {...{ range, setRange, chainOnly, setChainOnly, detail, failedUs }} />
      <div class="scroll">
        <svg
          class="spacetime"
          ref={diagram}
          // In lower case: on an SVG element no other spelling gives it the focus that its keys need.
          tabindex={0}
          viewBox={`0 0 ${WIDTH} ${height}`}
          role="img"
          aria-label="Messages between the hosts"
          onKeyDown={(event) => moveByKey(event, range, setRange)}
        >
          <Lanes hosts={hosts} laneOf={laneOf} />
          {arrows.map((arrow) => (
            <Arrow
              key={arrow.message.id}
              message={arrow.message}
              onChain={arrow.onChain}
              line={lineOf(arrow.message, place, laneOf)}
              chosen={chosen >= 0 && (arrow.message.sentIndex === chosen || arrow.message.endIndex === chosen)}
              onHover={() => setHovered(messageText(arrow.message, nameOf))}
              onChoose={() => onChoose(arrow.message.endIndex >= 0 ? arrow.message.endIndex : arrow.message.sentIndex)}
            />
          ))}
          <Moments detail={detail} range={range} place={place} laneOf={laneOf} onChoose={onChoose} />
          <Upright atUs={failedUs} {...{ range, place, height }} kind="failed" />
          <Upright atUs={chosenUs} {...{ range, place, height }} kind="chosen" />
          <text x={LEFT} y={height - 4}>
            {momentOf(Math.round(range.fromUs))}
          </text>
          <text x={WIDTH} y={height - 4} text-anchor="end">
            {momentOf(Math.round(range.toUs))}
          </text>
        </svg>
      </div>
      <Said hovered={hovered} leftOut={leftOut} />
    </>
  );
}

/** The message that is pointed at, else how to read the diagram. */
function Said({ hovered, leftOut }: { hovered: string; leftOut: number }) {
  return (
    <p class="hovered" role="status">
      {hovered === ''
        ? 'Point at an arrow to read the message; a click chooses its event; Ctrl and the wheel zoom. Thick: the causal chain; ×: dropped; ?: not handled in this part.'
        : hovered}{' '}
      {leftOut > 0 ? `(${countOf(leftOut, 'message')} of this part not drawn: zoom in.)` : ''}
    </p>
  );
}

/** The part that is shown; it moves to an event that is chosen outside of it. */
function useRange(detail: ReportDetail, failedUs: number, chosenUs: number): [Range, Dispatch<StateUpdater<Range>>] {
  const [range, setRange] = useState<Range>(() => startRange(detail, failedUs));
  useEffect(() => {
    if (chosenUs < 0 || (chosenUs >= range.fromUs && chosenUs <= range.toUs)) return;
    const half = (range.toUs - range.fromUs) / 2;
    setRange({ fromUs: chosenUs - half, toUs: chosenUs + half });
  }, [chosenUs]);
  return [range, setRange];
}

function Lanes({ hosts, laneOf }: { hosts: readonly TraceHost[]; laneOf: (host: number) => number }) {
  return (
    <>
      {hosts.map(({ host, name }) => (
        <g key={host}>
          <line x1={LEFT} x2={WIDTH} y1={laneOf(host)} y2={laneOf(host)} class="lane" />
          <text x="0" y={laneOf(host) + 4}>
            {name}
          </text>
        </g>
      ))}
    </>
  );
}

interface ControlsProps {
  readonly range: Range;
  readonly setRange: (range: Range) => void;
  readonly chainOnly: boolean;
  readonly setChainOnly: (only: boolean) => void;
  readonly detail: ReportDetail;
  readonly failedUs: number;
}

function Controls({ range, setRange, chainOnly, setChainOnly, detail, failedUs }: ControlsProps) {
  const { records } = detail.trace;
  const all = { fromUs: records[0]?.atUs ?? 0, toUs: Math.max((records[0]?.atUs ?? 0) + 1, records.at(-1)?.atUs ?? 1) };
  return (
    <div class="filters">
      <button type="button" aria-label="earlier" onClick={() => setRange(zoomed(range, 1, -0.5))}>
        ◀
      </button>
      <button type="button" aria-label="later" onClick={() => setRange(zoomed(range, 1, 0.5))}>
        ▶
      </button>
      <button type="button" aria-label="zoom in" onClick={() => setRange(zoomed(range, 0.5, 0))}>
        +
      </button>
      <button type="button" aria-label="zoom out" onClick={() => setRange(zoomed(range, 2, 0))}>
        −
      </button>
      <button type="button" onClick={() => setRange(all)}>
        all
      </button>
      <button type="button" onClick={() => setRange(startRange(detail, failedUs))}>
        the failure
      </button>
      <label>
        <input type="checkbox" checked={chainOnly} onChange={() => setChainOnly(!chainOnly)} /> only the causal chain (
        {detail.chain.length})
      </label>
      <span class="quiet">{durationOf(Math.round(range.toUs - range.fromUs))} shown</span>
    </div>
  );
}

function moveByKey(event: KeyboardEvent, range: Range, setRange: (range: Range) => void): void {
  const moves: Record<string, readonly [factor: number, shift: number]> = {
    ArrowLeft: [1, -0.2],
    ArrowRight: [1, 0.2],
    '+': [0.5, 0],
    '=': [0.5, 0],
    '-': [2, 0],
  };
  const move = moves[event.key];
  if (move === undefined) return;
  event.preventDefault();
  setRange(zoomed(range, ...move));
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
  const end = endUs < 0 ? 'not handled' : `${fate} after ${durationOf(endUs - sentUs)}`;
  return `${kind} from ${nameOf(from)} to ${nameOf(to)}, sent at ${momentOf(sentUs)}, ${end}${cause === '' ? '' : ` (${cause})`}: ${detail}`;
}
