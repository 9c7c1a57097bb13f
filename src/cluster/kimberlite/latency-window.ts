import type { Us } from '../../sim/time.ts';
import { LATENCY_BUCKETS_US } from './node.ts';

/** Width of the sliding window of the latency summary, and the least distance of two marks in it. */
const WINDOW_US: Us = 60_000_000;
const MARK_US: Us = 5_000_000;

interface Mark {
  readonly atUs: Us;
  readonly counts: Float64Array;
}

/**
 * Quantiles of a cumulative latency histogram over the last minute: the present counts minus those at the oldest mark
 * in the window. Marks are set at scrapes, so a process that nobody scrapes keeps none.
 */
export class LatencyWindow {
  private marks: Mark[];

  constructor() {
    this.marks = [];
  }

  /** Latency in seconds at a quantile in permille, linear within its bucket; null when the window saw nothing. */
  quantile(counts: Float64Array, permille: number): number | null {
    const base = this.marks[0]?.counts ?? null;
    let total = 0;
    for (let bucket = 0; bucket < counts.length; bucket++) total += delta(counts, base, bucket);
    if (total <= 0) return null;
    const rank = (total * permille) / 1_000;
    let below = 0;
    for (let bucket = 0; bucket < LATENCY_BUCKETS_US.length; bucket++) {
      const inside = delta(counts, base, bucket);
      if (inside > 0 && below + inside >= rank) {
        const lowUs = bucket === 0 ? 0 : (LATENCY_BUCKETS_US[bucket - 1] as number);
        const highUs = LATENCY_BUCKETS_US[bucket] as number;
        return (lowUs + ((highUs - lowUs) * Math.max(0, rank - below)) / inside) / 1_000_000;
      }
      below += inside;
    }
    // Beyond the last bound nothing is known but that bound, as histogram_quantile answers.
    return (LATENCY_BUCKETS_US[LATENCY_BUCKETS_US.length - 1] as number) / 1_000_000;
  }

  /** Notes the counts at a scrape and forgets marks that have left the window, but for the newest of them. */
  mark(nowUs: Us, counts: Float64Array): void {
    const last = this.marks[this.marks.length - 1];
    if (last === undefined || nowUs - last.atUs >= MARK_US) this.marks.push({ atUs: nowUs, counts: counts.slice() });
    while (this.marks.length > 1 && (this.marks[1] as Mark).atUs <= nowUs - WINDOW_US) this.marks.shift();
  }
}

function delta(counts: Float64Array, base: Float64Array | null, bucket: number): number {
  return (counts[bucket] as number) - (base === null ? 0 : (base[bucket] as number));
}
