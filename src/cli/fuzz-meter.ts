import type { Triage } from '../campaign/triage.ts';
import type { CampaignStore } from '../store/campaign-store.ts';
import type { RunRow, SignatureRow } from '../store/rows.ts';

/** Where a campaign stands, for whoever watches it. */
export interface FuzzProgressState {
  readonly runs: number;
  /** -1: it ends with its time. */
  readonly total: number;
  readonly runsPerSecond: number;
  readonly eventsPerSecond: number;
  /** Virtual seconds in one second. */
  readonly virtualPerSecond: number;
  readonly features: number;
  /** Features at equal distances of time, the newest last. */
  readonly curve: readonly number[];
  readonly inconclusive: number;
  readonly signatures: readonly SignatureRow[];
  /** -1: not known yet. */
  readonly secondsLeft: number;
}

/** What this session of a campaign has done. */
export interface SessionFigures {
  readonly runs: number;
  readonly wallMs: number;
  readonly events: number;
  readonly virtualUs: number;
}

const CURVE_POINTS = 24;

/** Counts runs and compares them with the clock. Nothing that it measures is part of a result. */
export class FuzzMeter {
  private readonly store: CampaignStore;
  private readonly id: number;
  private readonly triage: Pick<Triage, 'signatures'>;
  private readonly total: number;
  private readonly endsMs: number;
  private readonly startedMs: number;
  /** What earlier sessions had done. */
  private readonly before: { readonly atMs: number; readonly runs: number; readonly events: number };
  private runs = 0;
  private events = 0;
  private virtualUs = 0;
  private inconclusive: number;
  private features: readonly number[];

  /** `total` is -1 for a campaign that ends at `endsMs`; times in ms of the clock that `now` reads. */
  constructor(
    store: CampaignStore,
    id: number,
    triage: Pick<Triage, 'signatures'>,
    total: number,
    nowMs: number,
    endsMs: number,
  ) {
    this.store = store;
    this.id = id;
    this.triage = triage;
    this.total = total;
    this.startedMs = nowMs;
    this.endsMs = endsMs;
    const last = store.throughputOf(id).at(-1);
    const totals = store.totals(id);
    this.before = { atMs: last?.atMs ?? 0, runs: totals.runs, events: last?.events ?? 0 };
    this.inconclusive = totals.inconclusive;
    this.features = store.throughputOf(id).map((point) => point.features);
  }

  add({ events, virtualUs, verdict }: RunRow): void {
    this.runs++;
    this.events += events;
    this.virtualUs += virtualUs;
    if (verdict === 'inconclusive') this.inconclusive++;
  }

  /** Notes where the campaign stands in the store, for its curve. */
  point(nowMs: number): void {
    const features = this.store.featureCount(this.id);
    this.features = [...this.features, features];
    const { atMs, runs, events } = this.before;
    this.store.throughput(this.id, {
      atMs: atMs + nowMs - this.startedMs,
      runs: runs + this.runs,
      events: events + this.events,
      features,
    });
  }

  session(nowMs: number): SessionFigures {
    return { runs: this.runs, wallMs: nowMs - this.startedMs, events: this.events, virtualUs: this.virtualUs };
  }

  state(nowMs: number): FuzzProgressState {
    const seconds = Math.max(1, nowMs - this.startedMs) / 1_000;
    const runs = this.before.runs + this.runs;
    const left = this.runs === 0 ? -1 : ((this.total - runs) * seconds) / this.runs;
    return {
      runs,
      total: this.total,
      runsPerSecond: this.runs / seconds,
      eventsPerSecond: this.events / seconds,
      virtualPerSecond: this.virtualUs / 1_000_000 / seconds,
      features: this.features.at(-1) ?? 0,
      curve: thinned(this.features),
      inconclusive: this.inconclusive,
      signatures: this.triage.signatures(),
      secondsLeft: this.total < 0 ? Math.max(0, (this.endsMs - nowMs) / 1_000) : left,
    };
  }
}

/** At most `CURVE_POINTS` of the values, the last one always. */
function thinned(values: readonly number[]): readonly number[] {
  if (values.length <= CURVE_POINTS) return values;
  return Array.from({ length: CURVE_POINTS }, (_, i) => {
    return values[Math.round((i * (values.length - 1)) / (CURVE_POINTS - 1))]!;
  });
}
