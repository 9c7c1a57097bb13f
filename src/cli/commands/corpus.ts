import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  CORPUS_VERSION,
  type CorpusEntry,
  entrySignature,
  type KeptEntry,
  keepEntry,
  needsOf,
  readCorpus,
} from '../../campaign/corpus.ts';
import { type CorpusVerdict, replayCorpus } from '../../campaign/corpus-replay.ts';
import { runPool } from '../../campaign/pool.ts';
import { siteOf } from '../../campaign/signature.ts';
import type { RunPlan } from '../../plan/plan.ts';
import type { RunResult } from '../../plan/result.ts';
import { UserError } from '../../plan/user-error.ts';
import { MUTANTS } from '../../scenarios/rules-table.ts';
import { CampaignStore } from '../../store/campaign-store.ts';
import { type BundleContent, readBundle } from '../bundle.ts';
import type { Engine } from '../engine.ts';
import { EXIT, worstExit } from '../exit-codes.ts';
import { checkPlanNames } from '../known-names.ts';
import type { CommandOutput } from '../output.ts';

export interface CorpusOptions {
  readonly action: 'add' | 'list' | 'run';
  /** Only for `add`. */
  readonly bundle: string | null;
  readonly note: string | null;
  readonly database: string | null;
  readonly folder: string;
  /** null: as many as there are cores. */
  readonly jobs: number | null;
  readonly json: boolean;
}

type Workers = Pick<Engine, 'worker' | 'watchdogMs'>;

/**
 * Keeps, lists or replays plans. `run` returns 1 when an entry ended otherwise than it says and 70 when a run was lost;
 * `add` and `list` return 0. An empty corpus proves nothing and is bad input for `run`.
 */
export async function corpus(options: CorpusOptions, out: CommandOutput, engine: Workers): Promise<number> {
  switch (options.action) {
    case 'add':
      return add(options, out, engine);
    case 'list':
      return list(options, out);
    case 'run':
      return replayAll(options, out, engine);
  }
}

async function add(options: CorpusOptions, out: CommandOutput, engine: Workers): Promise<number> {
  const bundle = readBundle(options.bundle!);
  checkPlanNames(bundle.plan, `${options.bundle}: plan`);
  const [result] = await execute(options, engine)([bundle.plan]);
  const entry = entryOf(bundle, result!, options);
  if (options.database !== null) markKnown(options.database, entry);
  const { name, isNew } = keepEntry(options.folder, entry);
  const path = join(options.folder, name);
  const { expect, note, needs } = entry;
  if (options.json) {
    const document = { path, added: isNew, expect, signature: entrySignature(entry), note, needs };
    out.stdout(`${JSON.stringify(document, null, 2)}\n`);
    return EXIT.expected;
  }
  out.stdout(`${isNew ? 'kept' : 'already kept, unchanged'}: ${path} (${expect}: ${entrySignature(entry)})\n`);
  if (expect === 'passes' && result!.verdict !== 'passed') {
    out.stdout('it fails as yet: firedrill corpus run exits 1 until the bug is mended\n');
  }
  return EXIT.expected;
}

/** A database that is not there is no place for triage: opening would create an empty one. */
function markKnown(path: string, entry: CorpusEntry): void {
  if (!existsSync(path)) throw new UserError(`there is no database ${path}`, 'name the --db of the campaign');
  const store = CampaignStore.open(path);
  try {
    store.setKnown(entrySignature(entry), entry.note);
  } finally {
    store.close();
  }
}

/** The entry of a bundle whose plan has just been replayed: the replay knows the site, the bundle only the property. */
function entryOf({ plan, expected }: BundleContent, result: RunResult, options: CorpusOptions): CorpusEntry {
  const needs = needsOf(plan);
  const planted = MUTANTS.find(({ id }) => id === plan.mutant);
  const failed = planted !== undefined && siteIn(result, planted.property) !== '' ? planted.property : result.property;
  const property = result.verdict === 'failed' ? failed : expected.property;
  if (property === '' || (needs.length > 0 && result.verdict !== 'failed')) {
    throw new UserError(
      `${options.bundle}: ${needs.length > 0 ? `with ${needs.join(', ')} it does not fail any more` : 'nothing failed in it'}`,
      'keep the bundle of a failure, written by this version of the code',
    );
  }
  const note = (options.note ?? (planted === undefined ? '' : `planted: ${planted.what}`)).trim();
  if (note === '' || note.includes('\n')) {
    throw new UserError(
      'corpus add: the note is missing or longer than a line',
      'say what went wrong with --note TEXT',
    );
  }
  const expect = needs.length > 0 ? 'fails' : 'passes';
  return { version: CORPUS_VERSION, expect, note, property, site: siteIn(result, property), needs, plan };
}

function siteIn({ findings }: RunResult, property: string): string {
  return siteOf({ property, findings });
}

function list({ folder, json }: CorpusOptions, out: CommandOutput): number {
  const kept = readCorpus(folder);
  if (json) {
    const rows = kept.map(({ name, entry: { plan, version: _version, ...words } }) => ({
      name,
      ...words,
      ...sizeOf(plan),
    }));
    out.stdout(`${JSON.stringify(rows, null, 2)}\n`);
    return EXIT.expected;
  }
  for (const { name, entry } of kept) {
    const needs = entry.needs.length === 0 ? '' : ` with ${entry.needs.join(', ')}`;
    out.stdout(`${name}\n  ${entry.expect}${needs}: ${entrySignature(entry)}\n  ${entry.note}\n`);
  }
  out.stdout(`${kept.length} ${kept.length === 1 ? 'entry' : 'entries'} in ${folder}\n`);
  return EXIT.expected;
}

function sizeOf({ scenario, variant, seed, faults }: RunPlan): object {
  return { scenario, variant, seed, faults: faults.length };
}

async function replayAll(options: CorpusOptions, out: CommandOutput, engine: Workers): Promise<number> {
  const kept = readCorpus(options.folder);
  if (kept.length === 0) {
    throw new UserError(`the corpus ${options.folder} is empty`, 'add a failure: firedrill corpus add BUNDLE');
  }
  for (const { name, entry } of kept) checkPlanNames(entry.plan, `${join(options.folder, name)}: plan`);
  const verdicts = await replayCorpus(kept, execute(options, engine));
  if (options.json) out.stdout(`${JSON.stringify({ entries: verdicts }, null, 2)}\n`);
  else out.stdout(`${verdictLines(verdicts, kept).join('\n')}\n`);
  return worstExit(
    verdicts.map(({ outcome }) => {
      if (outcome === 'lost') return EXIT.internal;
      return outcome === 'broken' ? EXIT.unexpected : EXIT.expected;
    }),
  );
}

function verdictLines(verdicts: readonly CorpusVerdict[], kept: readonly KeptEntry[]): string[] {
  const off = verdicts.filter(({ outcome }) => outcome !== 'kept');
  const lines = off.flatMap(({ name, expect, signature, outcome, instead }) => [
    `${name}: ${outcome === 'lost' ? 'lost' : `must ${expect === 'passes' ? 'pass' : 'fail'}`} (${signature}), ${instead}`,
    `  ${kept.find((each) => each.name === name)?.entry.note ?? ''}`,
  ]);
  return [...lines, `${verdicts.length - off.length} of ${verdicts.length} entries end as they say`];
}

function execute({ jobs }: CorpusOptions, { worker, watchdogMs }: Workers) {
  return async (plans: readonly RunPlan[]): Promise<RunResult[]> => {
    const runs = await runPool(plans, { jobs: jobs ?? availableParallelism(), worker, watchdogMs, onRun: () => {} });
    return runs.map(({ result }) => result);
  };
}
