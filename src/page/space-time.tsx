import { type Dispatch, type StateUpdater, useEffect, useMemo, useState } from 'preact/hooks';
import type { ReportDetail } from '../report/model.ts';
import type { TraceHost } from '../report/trace-model.ts';
import { chainPlaces } from './chain.ts';
import { Names, useSideways } from './sideways.tsx';
import {
  arrowsOf,
  boundsOf,
  type Range,
  shownHosts,
  startRange,
  within,
  zoomed,
  zoomedAt,
} from './space-time-layout.ts';
import { Signs } from './space-time-signs.tsx';
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
  const laneOf = (host: number) => TOP + LANE / 2 + hosts.findIndex((each) => each.host === host) * LANE;
  const height = TOP + hosts.length * LANE + 20;
  const { sideways, left, follow, aim } = useSideways(WIDTH, place, chosenUs < 0 ? failedUs : chosenUs);
  useEffect(() => (chosenUs < 0 ? undefined : aim(chosenUs)), [chosenUs]);
  return (
    <>
      <Controls
        {...{ range, setRange, chainOnly, setChainOnly, detail }}
        onFailure={() => {
          setRange(startRange(detail, failedUs));
          aim(failedUs);
        }}
      />
      <div class="scroll" ref={sideways} onScroll={follow}>
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
          <Signs
            {...{ detail, arrows, range, place, laneOf, height, failedUs, chosen, chosenUs, onChoose }}
            onHover={setHovered}
          />
          <Names left={left}>
            {hosts.map(({ host, name }) => (
              <text key={host} x="0" y={laneOf(host) + 4}>
                {name}
              </text>
            ))}
          </Names>
          <Ends range={range} y={height - 4} />
        </svg>
      </div>
      <Said hovered={hovered} leftOut={leftOut} empty={arrows.length === 0 ? emptyText(chainOnly) : ''} />
    </>
  );
}

/** When the part begins and ends. */
function Ends({ range, y }: { range: Range; y: number }) {
  return (
    <>
      <text x={LEFT} y={y}>
        {momentOf(Math.round(range.fromUs))}
      </text>
      <text x={WIDTH} y={y} text-anchor="end">
        {momentOf(Math.round(range.toUs))}
      </text>
    </>
  );
}

/** That there is nothing, else the message that is pointed at, else how to read the diagram. */
function Said({ hovered, leftOut, empty }: { hovered: string; leftOut: number; empty: string }) {
  return (
    <p class="hovered" role="status">
      {empty ||
        hovered ||
        'Point at an arrow to read the message; a click chooses its event; Ctrl and the wheel zoom. Thick: the causal chain; ×: dropped; ?: never handled (under way, or its host was down).'}{' '}
      {leftOut > 0 ? `(${countOf(leftOut, 'message')} of this part not drawn: zoom in.)` : ''}
    </p>
  );
}

function emptyText(chainOnly: boolean): string {
  return chainOnly ? 'No message of the causal chain lies in this part.' : 'Nothing was sent in this part.';
}

/** The part that is shown, never beyond the records; it moves to an event that is chosen outside of it. */
function useRange(detail: ReportDetail, failedUs: number, chosenUs: number): [Range, Dispatch<StateUpdater<Range>>] {
  const bounds = useMemo(() => boundsOf(detail), [detail]);
  const [range, setAny] = useState<Range>(() => within(startRange(detail, failedUs), bounds));
  const setRange = (next: StateUpdater<Range>) =>
    setAny((before) => within(typeof next === 'function' ? next(before) : next, bounds));
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
      {hosts.map(({ host }) => (
        <line key={host} x1={LEFT} x2={WIDTH} y1={laneOf(host)} y2={laneOf(host)} class="lane" />
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
  readonly onFailure: () => void;
}

function Controls({ range, setRange, chainOnly, setChainOnly, detail, onFailure }: ControlsProps) {
  const chained = useMemo(() => chainPlaces(detail).size, [detail]);
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
      <button type="button" onClick={() => setRange(boundsOf(detail))}>
        all
      </button>
      <button type="button" onClick={onFailure}>
        the failure
      </button>
      <label>
        <input type="checkbox" checked={chainOnly} onChange={() => setChainOnly(!chainOnly)} /> only the causal chain (
        {chained})
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
