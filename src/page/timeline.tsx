import { useState } from 'preact/hooks';
import type { TraceModel, TraceSpan } from '../report/trace-model.ts';
import { Names, useSideways } from './sideways.tsx';
import { durationOf, momentOf } from './words.ts';

/** From top to bottom; what a team sees stands under what was done to it. */
const KINDS = ['fault', 'down', 'view', 'pending', 'alert', 'command'] as const;
const ROW = 18;
const LEFT = 170;
const WIDTH = 1_000;
const LANES_MAX = 8;

interface Lane {
  readonly kind: string;
  readonly label: string;
  readonly spans: readonly TraceSpan[];
}

/** What held for a while, over the whole run: faults, hosts that were down, views, alerts, commands. */
export function Timeline({ trace, failedUs }: { trace: TraceModel; failedUs: number }) {
  const [shown, setShown] = useState<TraceSpan | null>(null);
  const lanes = KINDS.flatMap((kind) => lanesOf(trace, kind));
  const endUs = Math.max(1, trace.virtualUs);
  const place = (us: number) => LEFT + (Math.min(us, endUs) / endUs) * (WIDTH - LEFT);
  const { sideways, left, follow } = useSideways(WIDTH, place, failedUs);
  if (lanes.length === 0) return <p class="quiet">Nothing held for a while in this run.</p>;
  const height = lanes.length * ROW + 24;
  return (
    <>
      <div class="scroll" ref={sideways} onScroll={follow}>
        <svg class="timeline" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label="Timeline of the run">
          {lanes.map((lane, row) => (
            <g key={`${lane.kind} ${row}`}>
              <line x1={LEFT} x2={WIDTH} y1={(row + 1) * ROW} y2={(row + 1) * ROW} class="rule" />
              {lane.spans.map((span) => (
                <Bar key={`${span.name} ${span.host} ${span.fromUs}`} {...{ span, row, place, onShow: setShown }} />
              ))}
            </g>
          ))}
          {failedUs < 0 ? null : (
            <line x1={place(failedUs)} x2={place(failedUs)} y1="0" y2={lanes.length * ROW} class="failed">
              <title>the property failed at {momentOf(failedUs)}</title>
            </line>
          )}
          <Names left={left}>
            {lanes.map((lane, row) => (
              <text key={`${lane.kind} ${row}`} x="0" y={row * ROW + 13}>
                {lanes[row - 1]?.label === lane.label ? '' : lane.label}
              </text>
            ))}
          </Names>
          <text x={LEFT} y={height - 6}>
            0 s
          </text>
          <text x={WIDTH} y={height - 6} text-anchor="end">
            {durationOf(endUs)}
          </text>
        </svg>
      </div>
      <p class="hovered" role="status">
        {shown === null ? 'Point at a bar, or tap it, to see what it was.' : spanText(shown, trace)}
      </p>
    </>
  );
}

interface BarProps {
  readonly span: TraceSpan;
  readonly row: number;
  readonly place: (us: number) => number;
  readonly onShow: (span: TraceSpan) => void;
}

function Bar({ span, row, place, onShow }: BarProps) {
  const from = place(span.fromUs);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: its title says the same to whoever cannot point
    <rect
      class={`bar ${span.kind}`}
      x={from}
      y={row * ROW + 3}
      width={Math.max(3, place(span.toUs) - from)}
      height={ROW - 6}
      rx="2"
      onMouseEnter={() => onShow(span)}
      onClick={() => onShow(span)}
    >
      <title>{`${span.kind}: ${span.name}`}</title>
    </rect>
  );
}

const LABELS: Record<TraceSpan['kind'], string> = {
  fault: 'faults',
  down: 'down',
  view: 'views of',
  pending: 'alerts pending',
  alert: 'alerts firing',
  command: "operator's commands",
};

/** What belongs to a host stands on a line of that host, what does not in as few lines as it fits without overlapping. */
function lanesOf(trace: TraceModel, kind: TraceSpan['kind']): Lane[] {
  const spans = trace.spans.filter((span) => span.kind === kind).sort((one, other) => one.fromUs - other.fromUs);
  if (kind !== 'view' && kind !== 'down')
    return packed(spans).map((row) => ({ kind, label: LABELS[kind], spans: row }));
  return trace.hosts.flatMap(({ host, name }) => {
    const own = spans.filter((span) => span.host === host);
    return own.length === 0 ? [] : [{ kind, label: `${LABELS[kind]} ${name}`, spans: own }];
  });
}

/** The last row takes what is left. */
function packed(spans: readonly TraceSpan[]): TraceSpan[][] {
  const rows: TraceSpan[][] = [];
  for (const span of spans) {
    const free = rows.find((row) => (row.at(-1)?.toUs ?? 0) <= span.fromUs);
    if (free !== undefined) free.push(span);
    else if (rows.length < LANES_MAX) rows.push([span]);
    else rows.at(-1)?.push(span);
  }
  return rows;
}

function spanText(span: TraceSpan, trace: TraceModel): string {
  const host = trace.hosts.find((each) => each.host === span.host)?.name;
  const where = host === undefined ? '' : ` on ${host}`;
  const when = `${momentOf(span.fromUs)} to ${momentOf(span.toUs)} (${durationOf(span.toUs - span.fromUs)})`;
  return `${span.kind} ${span.name}${where}, ${when}${span.detail === '' ? '' : `: ${span.detail}`}`;
}
