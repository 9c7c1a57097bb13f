import * as Plot from '@observablehq/plot';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ReportCoverage, ReportTiming } from '../report/model.ts';
import { durationOf } from './words.ts';

/** Wider, a chart of so little says no more. */
const WIDEST = 640;

/** A chart that the library makes, as wide as there is room, put into the page when the page is there. */
function Chart({ make, label }: { make: (width: number) => Element; label: string }) {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const draw = () => {
      const room = place.current?.clientWidth ?? 0;
      place.current?.replaceChildren(make(room > 0 ? Math.min(WIDEST, room) : WIDEST));
    };
    draw();
    addEventListener('resize', draw);
    return () => removeEventListener('resize', draw);
  }, [make]);
  return <div class="chart" ref={place} role="img" aria-label={label} />;
}

const BINS = 30;

/** Runs are counted in whole numbers; ticks between them stay blank. */
function wholeOnly(count: number): string {
  return Number.isInteger(count) ? String(count) : '';
}

/** From alert to recovery, each run a part of a bar; the line is the target. */
export function RecoveryChart({ timing }: { timing: ReportTiming }) {
  const seconds = timing.samplesUs.map((us) => us / 1_000_000);
  const top = Math.max(1, timing.targetUs / 1_000_000, ...seconds);
  const make = (width: number) =>
    Plot.plot({
      width,
      height: 200,
      marginLeft: 44,
      marginBottom: 42,
      x: { label: 'seconds from alert to recovery', zero: true },
      y: { label: 'runs', grid: true, tickFormat: wholeOnly },
      marks: [
        Plot.rectY(seconds, {
          // Bins of one width from zero on: a single sample, too, is a bar.
          ...Plot.binX({ y: 'count' }, { x: (each: number) => each, domain: [0, top], thresholds: BINS }),
          className: 'samples',
        }),
        Plot.ruleX(timing.targetUs > 0 ? [timing.targetUs / 1_000_000] : [], { className: 'target' }),
        Plot.ruleY([0]),
      ],
    });
  const label = `Median ${durationOf(timing.medianUs)}, 95 of 100 within ${durationOf(timing.p95Us)}, target ${durationOf(timing.targetUs)}`;
  return <Chart make={make} label={label} />;
}

/** Coverage over the runs of a campaign. */
export function CoverageChart({ coverage }: { coverage: ReportCoverage }) {
  const points = [...coverage.points];
  const make = (width: number) =>
    Plot.plot({
      width,
      height: 220,
      marginLeft: 56,
      x: { label: 'runs', zero: true },
      y: { label: 'features', grid: true, zero: true },
      marks: [Plot.lineY(points, { x: 'runs', y: 'features', className: 'growth' }), Plot.ruleY([0])],
    });
  return <Chart make={make} label={`${coverage.features} features after ${points.at(-1)?.runs ?? 0} runs`} />;
}
