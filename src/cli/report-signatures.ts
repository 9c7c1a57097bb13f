import { propertyMeaning } from '../report/findings.ts';
import { DETAILS_MAX, type ReportDetail, type ReportRun, type ReportSignature } from '../report/model.ts';
import { shellWord } from './shell-word.ts';

const SEEDS_MAX = 20;

interface Sum {
  readonly first: ReportRun;
  count: number;
  readonly seeds: Set<number>;
  readonly scenarios: Set<string>;
  unexpected: ReportRun | null;
}

/** Failures by signature, from single runs. */
export class SignatureSums {
  private readonly sums: Map<string, Sum>;

  constructor() {
    this.sums = new Map();
  }

  add(run: ReportRun): void {
    if (run.signature === '') return;
    const sum = this.sums.get(run.signature) ?? {
      first: run,
      count: 0,
      seeds: new Set(),
      scenarios: new Set(),
      unexpected: null,
    };
    this.sums.set(run.signature, sum);
    sum.count++;
    if (sum.seeds.size < SEEDS_MAX) sum.seeds.add(run.seed);
    sum.scenarios.add(run.scenario);
    if (!run.expected) sum.unexpected ??= run;
  }

  /** Worst first, with the run that a detail should show: the first undeclared one, else the first. */
  worstFirst(): { readonly signature: ReportSignature; readonly shown: ReportRun }[] {
    const rows = [...this.sums].map(([signature, sum]) => {
      const shown = sum.unexpected ?? sum.first;
      return { signature: signatureRow(signature, sum, shown), shown };
    });
    return rows.sort((one, other) => worseFirst(one.signature, other.signature));
  }
}

function signatureRow(
  signature: string,
  { count, seeds, scenarios, unexpected }: Sum,
  shown: ReportRun,
): ReportSignature {
  const at = signature.indexOf(' @ ');
  const property = at < 0 ? '' : signature.slice(0, at);
  return {
    signature,
    property,
    site: at < 0 ? '' : signature.slice(at + 3),
    meaning: property === '' ? shown.explanation : propertyMeaning(property),
    count,
    unexpected: unexpected !== null,
    known: false,
    note: '',
    scenarios: [...scenarios].sort(),
    seeds: [...seeds].sort((one, other) => one - other),
    bundle: shown.bundle,
    replay: shown.replay === '' ? null : shown.replay,
    shrink: null,
    detail: null,
  };
}

function worseFirst(one: ReportSignature, other: ReportSignature): number {
  if (one.unexpected !== other.unexpected) return one.unexpected ? -1 : 1;
  if (one.count !== other.count) return other.count - one.count;
  return one.signature < other.signature ? -1 : 1;
}

/** Adds details to the worst signatures; `detailOf` gives null where a run cannot be made again. */
export async function withDetails(
  rows: readonly { readonly signature: ReportSignature; readonly shown: ReportRun }[],
  detailOf: (run: ReportRun) => Promise<ReportDetail | null>,
): Promise<ReportSignature[]> {
  const signatures: ReportSignature[] = [];
  for (const [place, { signature, shown }] of rows.entries()) {
    const detail = place < DETAILS_MAX ? await detailOf(shown) : null;
    const bundle = detail?.run.bundle ?? signature.bundle;
    const lines = bundle === null ? {} : linesOf(bundle);
    signatures.push({ ...signature, bundle, ...lines, detail });
  }
  return signatures;
}

function linesOf(bundle: string): Pick<ReportSignature, 'replay' | 'shrink'> {
  return { replay: `npx firedrill replay ${shellWord(bundle)}`, shrink: `npx firedrill shrink ${shellWord(bundle)}` };
}
