import type { RunPlan } from '../plan/plan.ts';
import type { RunResult } from '../plan/result.ts';
import { entrySignature, type KeptEntry } from './corpus.ts';
import { signatureOf } from './signature.ts';

/** Runs plans, in any order, and gives the results in the order of the plans. */
export type Execute = (plans: readonly RunPlan[]) => Promise<readonly RunResult[]>;

/** What became of an entry. `kept`: as it says. `broken`: not so. `lost`: the run crashed or hung and says nothing. */
export interface CorpusVerdict {
  readonly name: string;
  readonly expect: 'passes' | 'fails';
  readonly signature: string;
  readonly outcome: 'kept' | 'broken' | 'lost';
  /** What happened instead, in one line; '' for a kept entry. */
  readonly instead: string;
}

/**
 * Replays entries. A `passes` entry must pass. A `fails` entry must fail with its property at its site; where a mutant
 * is planted, the same plan without it must not fail, or the property would prove nothing about the mutant.
 */
export async function replayCorpus(kept: readonly KeptEntry[], execute: Execute): Promise<CorpusVerdict[]> {
  const plans = kept.map(({ entry }) => entry.plan);
  const planted = kept.filter(({ entry }) => entry.expect === 'fails' && entry.plan.mutant !== null);
  const results = await execute([...plans, ...planted.map(({ entry }) => ({ ...entry.plan, mutant: null }))]);
  return kept.map(({ name, entry }, index) => {
    const without = planted.findIndex((other) => other.name === name);
    const runs = [results[index]!, ...(without < 0 ? [] : [results[kept.length + without]!])];
    const { expect } = entry;
    const signature = entrySignature(entry);
    const lost = runs.find(({ reason }) => reason === 'crashed' || reason === 'hung');
    if (lost !== undefined) return { name, expect, signature, outcome: 'lost', instead: signatureOf(lost) };
    const instead = expect === 'passes' ? insteadOfPassing(runs[0]!) : insteadOfFailing(entry, runs);
    return { name, expect, signature, outcome: instead === '' ? 'kept' : 'broken', instead };
  });
}

function insteadOfPassing(result: RunResult): string {
  return result.verdict === 'passed' ? '' : `it ${ending(result)}`;
}

function insteadOfFailing(
  { property, site }: Pick<KeptEntry['entry'], 'property' | 'site'>,
  [result, honest]: readonly RunResult[],
): string {
  const isFound = result!.findings.some((each) => each.property === property && (site === '' || each.site === site));
  if (!isFound) return `it ${ending(result!)}`;
  return honest?.verdict === 'failed' ? `without the mutant it ${ending(honest)}` : '';
}

function ending(result: RunResult): string {
  switch (result.verdict) {
    case 'passed':
      return 'passed';
    case 'failed':
      return `failed with ${signatureOf(result)}`;
    case 'inconclusive':
      return `proved nothing: ${result.reason}`;
  }
}
