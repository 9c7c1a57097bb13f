import type { CampaignStore } from '../store/campaign-store.ts';
import type { RunRow } from '../store/rows.ts';
import { isLost, NONDETERMINISM } from './run-row.ts';

/** Shares of inconclusive runs above which a campaign proves too little (R19). A reason without a bar allows none. */
export const BARS: readonly { readonly reason: string; readonly share: number }[] = [
  { reason: 'vacuous', share: 0.005 },
  { reason: 'excused', share: 0.025 },
  { reason: 'out-of-budget', share: 0 },
];

/** Beyond the fault budget an excuse is what was asked for. */
const BARS_UNRESTRICTED = BARS.filter(({ reason }) => reason !== 'excused');

/** A median of a drawn run's size and the bounds that issue 3 sets for it. */
export interface SizeMedian {
  readonly name: 'events' | 'acknowledged' | 'faults that took effect';
  readonly median: number;
  readonly min: number;
  /** Infinity is not JSON: -1 for no upper bound. */
  readonly max: number;
  readonly within: boolean;
}

export interface InconclusiveBar {
  readonly reason: string;
  readonly runs: number;
  readonly share: number;
  readonly barShare: number;
  readonly within: boolean;
}

/** A run that has to be looked at by itself. */
export interface OddRun {
  readonly index: number;
  readonly seed: number;
  readonly scenario: string;
  readonly variant: string;
  readonly reason: string;
  /** JSON, as stored. */
  readonly detail: string;
}

/** What the stored runs of a campaign say together. Equal for equal campaigns: no wall time. */
export interface CampaignSummary {
  readonly runs: number;
  /** Stored runs of a generation that is not complete: in no figure here except `failedLeftOut`. */
  readonly leftOut: number;
  /** Failures, lost and nondeterministic runs among those. */
  readonly failedLeftOut: number;
  readonly passed: number;
  readonly failed: number;
  readonly inconclusive: number;
  /** Runs that ended otherwise than declared, inconclusive ones excepted. */
  readonly unexpected: number;
  readonly byReason: Readonly<Record<string, number>>;
  readonly bars: readonly InconclusiveBar[];
  readonly sizes: readonly SizeMedian[];
  readonly events: number;
  readonly virtualUs: number;
  /** Marks with the number of runs that reached them, by name. */
  readonly marks: readonly (readonly [mark: string, runs: number])[];
  /** For each signature the first stored run that failed by it without having declared so; by index. */
  readonly firstUnexpected: readonly (readonly [signature: string, index: number])[];
  /** Of `crashed` and `hung` runs, and of runs whose repetition differed: the first ones. */
  readonly lost: readonly OddRun[];
  readonly nondeterministic: readonly OddRun[];
}

const CHUNK = 1_024;
const ODD_MAX = 20;

/** Reads a campaign's runs from the store, of which none stands at `storedTo` or above, and adds up those below `comparedTo`. */
export function summarise(store: CampaignStore, id: number, comparedTo: number, storedTo: number): CampaignSummary {
  const unrestricted = store.campaign(id)?.spec.unrestricted === true;
  const sum = new Sum(unrestricted ? BARS_UNRESTRICTED : BARS);
  let leftOut = 0;
  let failedLeftOut = 0;
  const firstUnexpected = new Map<string, number>();
  for (let from = 0; from < storedTo; from += CHUNK) {
    for (const row of store.runs(id, from, from + CHUNK - 1)) {
      if (isUnexpected(row) && !firstUnexpected.has(row.signature)) firstUnexpected.set(row.signature, row.index);
      if (row.index < comparedTo) sum.add(row);
      else {
        leftOut++;
        if (isUnexpected(row) || isLost(row) || row.reason === NONDETERMINISM) failedLeftOut++;
      }
    }
  }
  return { leftOut, failedLeftOut, firstUnexpected: [...firstUnexpected], ...sum.result() };
}

function isUnexpected({ expected, verdict }: RunRow): boolean {
  return !expected && verdict !== 'inconclusive';
}

class Sum {
  private readonly bars: typeof BARS;
  private readonly byVerdict = new Map<string, number>();
  private readonly byReason = new Map<string, number>();
  private readonly marks = new Map<string, number>();
  private readonly sizes: readonly [number[], number[], number[]] = [[], [], []];
  private readonly lost: OddRun[] = [];
  private readonly nondeterministic: OddRun[] = [];
  private runs = 0;
  private unexpected = 0;
  private events = 0;
  private virtualUs = 0;

  constructor(bars: typeof BARS) {
    this.bars = bars;
  }

  add(row: RunRow): void {
    this.runs++;
    count(this.byVerdict, row.verdict);
    if (row.reason !== '') count(this.byReason, row.reason);
    for (const [mark] of row.reached) count(this.marks, mark);
    if (isUnexpected(row)) this.unexpected++;
    this.events += row.events;
    this.virtualUs += row.virtualUs;
    if (isLost(row)) return void keep(this.lost, row);
    if (row.reason === NONDETERMINISM) keep(this.nondeterministic, row);
    this.sizes[0].push(row.events);
    this.sizes[1].push(row.acknowledged);
    this.sizes[2].push(row.faultsFired);
  }

  result(): Omit<CampaignSummary, 'leftOut' | 'failedLeftOut' | 'firstUnexpected'> {
    const [events, acknowledged, faults] = this.sizes;
    return {
      runs: this.runs,
      passed: this.byVerdict.get('passed') ?? 0,
      failed: this.byVerdict.get('failed') ?? 0,
      inconclusive: this.byVerdict.get('inconclusive') ?? 0,
      unexpected: this.unexpected,
      byReason: Object.fromEntries(sorted(this.byReason)),
      bars: this.bars.map(({ reason, share }) => this.bar(reason, share)),
      sizes: [
        sizeOf('events', events, 10_000, 40_000),
        sizeOf('acknowledged', acknowledged, 100, -1),
        sizeOf('faults that took effect', faults, 1, -1),
      ],
      events: this.events,
      virtualUs: this.virtualUs,
      marks: sorted(this.marks),
      lost: this.lost,
      nondeterministic: this.nondeterministic,
    };
  }

  private bar(reason: string, barShare: number): InconclusiveBar {
    const runs = this.byReason.get(reason) ?? 0;
    return {
      reason,
      runs,
      share: this.runs === 0 ? 0 : runs / this.runs,
      barShare,
      within: runs <= barShare * this.runs,
    };
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function keep(list: OddRun[], { index, seed, scenario, variant, reason, detail }: RunRow): void {
  if (list.length < ODD_MAX) list.push({ index, seed, scenario, variant, reason, detail });
}

function sorted(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
}

/** The lower of the two middle values where their number is even. */
function sizeOf(name: SizeMedian['name'], values: number[], min: number, max: number): SizeMedian {
  const ascending = values.sort((one, other) => one - other);
  const median = ascending[Math.floor((ascending.length - 1) / 2)] ?? 0;
  return { name, median, min, max, within: median >= min && (max < 0 || median <= max) };
}
