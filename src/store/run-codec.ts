import type { RunRow } from './rows.ts';

/** A row of `run`, joined with what was observed, its plan and its failure, as SQLite gives it. */
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
  readonly recovery_us: number;
  readonly coverage: Uint8Array;
  readonly reached: Uint8Array;
  readonly signature: string | null;
  readonly detail: string | null;
  readonly json: string | null;
}

/** Low seven bits of a byte; the eighth says that the number goes on (LEB128). */
const CHUNK = 128;

/** Integers from 0 to 2^53 - 1 as bytes: seven bits each, the lowest first. */
export function packNumbers(numbers: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (let rest of numbers) {
    if (!Number.isSafeInteger(rest) || rest < 0) throw new RangeError(`${rest} cannot be packed`);
    for (; rest >= CHUNK; rest = Math.floor(rest / CHUNK)) bytes.push((rest % CHUNK) + CHUNK);
    bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}

export function unpackNumbers(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte % CHUNK) * scale;
    scale *= CHUNK;
    if (byte >= CHUNK) continue;
    numbers.push(value);
    value = 0;
    scale = 1;
  }
  return numbers;
}

/** Ascending integers, each as its distance from the one before: features of a run lie close together. */
export function packAscending(numbers: readonly number[]): Uint8Array {
  return packNumbers(numbers.map((each, at) => each - (numbers[at - 1] ?? 0)));
}

export function unpackAscending(bytes: Uint8Array): number[] {
  let sum = 0;
  return unpackNumbers(bytes).map((distance) => (sum += distance));
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
    ...(stored.recovery_us < 0 ? {} : { recoveryUs: stored.recovery_us }),
    wallMs: stored.wall_ms,
    expected: stored.expected === 1,
    coverage: unpackAscending(stored.coverage),
    reached,
    planJson: stored.json ?? '',
    detail: stored.detail ?? '',
  };
}
