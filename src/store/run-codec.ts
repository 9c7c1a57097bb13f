import type { RunRow } from './rows.ts';

/** A row of `run`, joined with its plan and failure, as SQLite gives it. */
export interface StoredRun {
  readonly idx: number;
  readonly seed: number;
  readonly scenario: string;
  readonly variant: string;
  readonly generation: number;
  readonly origin: string;
  readonly plan_hash: string;
  readonly verdict: string;
  readonly reason: string;
  readonly property: string;
  readonly site: string;
  readonly trace_hash: string;
  readonly events: number;
  readonly virtual_us: number;
  readonly acknowledged: number;
  readonly faults_fired: number;
  readonly wall_ms: number;
  readonly expected: number;
  readonly coverage: Uint8Array;
  readonly reached: Uint8Array;
  readonly signature: string | null;
  readonly detail: string | null;
  readonly json: string | null;
}

/** Numbers from 0 to 2^32 - 1 as bytes, little-endian. */
export function packNumbers(numbers: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(numbers.length * 4));
  for (let at = 0; at < numbers.length; at++) view.setUint32(at * 4, numbers[at]!, true);
  return new Uint8Array(view.buffer);
}

export function unpackNumbers(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 4 }, (_, at) => view.getUint32(at * 4, true));
}

/** What `runs` returns; `markName` names a mark of the table `mark`. */
export function decodeRun(stored: StoredRun, markName: (id: number) => string): RunRow {
  const pairs = unpackNumbers(stored.reached);
  const reached: [string, number][] = [];
  for (let at = 0; at < pairs.length; at += 2) reached.push([markName(pairs[at]!), pairs[at + 1]!]);
  return {
    index: stored.idx,
    seed: stored.seed,
    scenario: stored.scenario,
    variant: stored.variant,
    generation: stored.generation,
    origin: stored.origin,
    planHash: stored.plan_hash,
    verdict: stored.verdict,
    reason: stored.reason,
    property: stored.property,
    site: stored.site,
    signature: stored.signature ?? '',
    traceHash: stored.trace_hash,
    events: stored.events,
    virtualUs: stored.virtual_us,
    acknowledged: stored.acknowledged,
    faultsFired: stored.faults_fired,
    wallMs: stored.wall_ms,
    expected: stored.expected === 1,
    coverage: unpackNumbers(stored.coverage),
    reached,
    planJson: stored.json ?? '',
    detail: stored.detail ?? '',
  };
}
