import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunPlan } from '../plan/plan.ts';
import { readPlan } from '../plan/plan-file.ts';
import { planText } from '../plan/read.ts';
import { systemReason, UserError } from '../plan/user-error.ts';
import { failureSignature } from './signature.ts';

/** Version of the entry's own form; the plan in it has its own. */
export const CORPUS_VERSION = 1;

/** What a `fails` entry needs when nothing is planted: a runbook followed to the letter. */
const LITERAL = 'literal variant';

/**
 * A plan that is kept and replayed for ever. `passes`: it once failed by a bug of ours and must not again. `fails`: it
 * shows that a property finds what `needs` plants.
 */
export interface CorpusEntry {
  readonly version: typeof CORPUS_VERSION;
  readonly expect: 'passes' | 'fails';
  /** One line: what went wrong, and why. */
  readonly note: string;
  /** How it failed, or fails. The site is '' where it was not written down. */
  readonly property: string;
  readonly site: string;
  /** The mutant, the guards that are off, or the literal variant, without which a `fails` entry would pass. */
  readonly needs: readonly string[];
  readonly plan: RunPlan;
}

/** An entry with the file that it stands in. */
export interface KeptEntry {
  readonly name: string;
  readonly entry: CorpusEntry;
}

const line = z
  .string()
  .trim()
  .min(1)
  .regex(/^[^\n\r]*$/, 'must be one line');
const form = z.strictObject({
  version: z.literal(CORPUS_VERSION),
  expect: z.enum(['passes', 'fails']),
  note: line,
  property: line,
  site: z.string(),
  needs: z.array(line),
  plan: z.unknown(),
});

/** Everything that makes an honest run of this plan impossible. */
export function needsOf(plan: RunPlan): string[] {
  const planted = [...(plan.mutant === null ? [] : [plan.mutant]), ...plan.guardsOff];
  return planted.length === 0 && plan.expectedFailure !== null ? [LITERAL] : planted;
}

export function entrySignature({ property, site }: Pick<CorpusEntry, 'property' | 'site'>): string {
  return failureSignature(property, site);
}

/** The text of an entry: one spelling, so that equal entries are equal files. */
export function entryText({ version, expect, note, property, site, needs, plan }: CorpusEntry): string {
  const head = { version, expect, note, property, site, needs, plan: JSON.parse(planText(plan)) as unknown };
  return `${JSON.stringify(head, null, 1)}\n`;
}

/** The property, its site and eight digits of the plan's hash, so that two plans of one failure stand side by side. */
export function entryName({ property, site, plan }: Pick<CorpusEntry, 'property' | 'site' | 'plan'>): string {
  const words = `${property}-${site}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const hash = createHash('sha256').update(planText(plan)).digest('hex').slice(0, 8);
  return `${words.replace(/^-|-$/g, '')}-${hash}.json`;
}

/** Reads one entry. Throws a `UserError` that names the file and the field. */
export function readEntry(path: string): CorpusEntry {
  const value = parse(path);
  const read = form.safeParse(value);
  if (!read.success) {
    const issue = read.error.issues[0]!;
    const place = issue.path.length === 0 ? 'entry' : issue.path.join('.');
    throw new UserError(`${path}: ${place}: ${issue.message}`, 'write it as the other files of the corpus are');
  }
  const { plan: unread, ...head } = read.data;
  const reading = readPlan(unread);
  if (reading.kind !== 'plan') {
    throw new UserError(`${path}: plan.${reading.mistake.path}: ${reading.mistake.problem}`, reading.mistake.remedy);
  }
  const needs = needsOf(reading.plan);
  const wanted = head.expect === 'fails' ? needs : [];
  if (head.expect === 'fails' && needs.length === 0) {
    throw new UserError(
      `${path}: expect: a plan without mutant, guard or literal variant cannot be expected to fail`,
      'set expect to passes (the bug is ours and gets mended), or name the mutant in the plan',
    );
  }
  if (head.needs.join(' ') !== wanted.join(' ')) {
    throw new UserError(`${path}: needs: does not name what the plan plants`, `write ${JSON.stringify(wanted)} there`);
  }
  return { ...head, plan: reading.plan };
}

function parse(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read the corpus entry ${path}: ${systemReason(error)}`, 'name a readable folder');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(`${path} is not JSON`, 'restore the file from version control');
  }
}

/** All entries of a folder, by file name. A folder that is not there is an empty corpus only where `mayMiss` says so. */
export function readCorpus(folder: string, mayMiss = false): KeptEntry[] {
  if (mayMiss && !existsSync(folder)) return [];
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw new UserError(
      `cannot read the corpus ${folder}: ${systemReason(error)}`,
      'run this at the top of the repository, or name the folder with --corpus FOLDER',
    );
  }
  const files = names.filter((name) => name.endsWith('.json')).sort((one, other) => (one < other ? -1 : 1));
  return files.map((name) => ({ name, entry: readEntry(join(folder, name)) }));
}

/** Keeps an entry; returns its file name, and whether the same plan was there already (then the file stays as it is). */
export function keepEntry(folder: string, entry: CorpusEntry): { readonly name: string; readonly isNew: boolean } {
  const name = entryName(entry);
  const path = join(folder, name);
  if (existsSync(path)) return { name, isNew: false };
  const unfinished = `${path}.unfinished-${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(unfinished, entryText(entry), { flush: true });
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw new UserError(
      `cannot write the corpus entry ${path}: ${systemReason(error)}`,
      'free or unlock the folder, or name another one with --corpus FOLDER',
    );
  }
  return { name, isNew: true };
}
