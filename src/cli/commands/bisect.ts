import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BisectOutcome, repositoryAround, bisect as search } from '../../campaign/bisect.ts';
import { stepCommand } from '../../campaign/bisect-entry.ts';
import { planText } from '../../plan/read.ts';
import { UserError } from '../../plan/user-error.ts';
import { readBundle } from '../bundle.ts';
import { EXIT } from '../exit-codes.ts';
import type { CommandOutput } from '../output.ts';

export interface BisectCommandOptions {
  readonly bundle: string;
  readonly good: string;
  readonly bad: string;
  readonly json: boolean;
}

/** Where the search runs and what it runs for each commit; tests hand in a small repository and a fake replay. */
export interface BisectPlace {
  readonly folder: string;
  /** null: install, build and replay the commit. */
  readonly command: readonly string[] | null;
}

/**
 * Finds the commit since which a bundle's plan fails. Returns 0 when it is found, 2 when only commits are left that
 * cannot be tested. The output of git and of each step goes to stderr.
 */
export async function bisect(
  options: BisectCommandOptions,
  out: CommandOutput,
  place: BisectPlace = { folder: process.cwd(), command: null },
): Promise<number> {
  const { plan, expected } = readBundle(options.bundle);
  if (expected.property === '') {
    throw new UserError(`${options.bundle}: nothing failed in it`, 'name the bundle of a failure');
  }
  const repository = repositoryAround(place.folder);
  const folder = mkdtempSync(join(tmpdir(), 'firedrill-bisect-plan-'));
  try {
    const planFile = join(folder, 'plan.json');
    writeFileSync(planFile, planText(plan));
    const step = { planFile, property: expected.property, repository, reports: join(folder, 'reports') };
    const outcome = await search({
      repository,
      good: options.good,
      bad: options.bad,
      command: place.command ?? stepCommand(folder, step),
      say: (text) => out.stderr(text),
    });
    return report(outcome, options, out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(outcome: BisectOutcome, { bundle, good, bad, json }: BisectCommandOptions, out: CommandOutput): number {
  if (outcome.kind === 'wrong-end') {
    const { end, commit, code } = outcome;
    const wanted = end === 'good' ? 'pass' : 'fail';
    const found = code === 0 ? 'passes' : code === 1 ? 'fails' : 'cannot be replayed';
    throw new UserError(
      `the ${end} revision ${end === 'good' ? good : bad} (${commit.slice(0, 12)}) must ${wanted} and ${found}`,
      `name a revision where the plan of ${bundle} ${wanted === 'pass' ? 'passes' : 'fails'} with --${end} REV`,
    );
  }
  if (json) out.stdout(`${JSON.stringify(outcome, null, 2)}\n`);
  else if (outcome.kind === 'found') out.stdout(`first bad commit: ${outcome.commit} ${outcome.subject}\n`);
  else out.stdout(`the first bad commit is one of these, none of which can be replayed:\n${lines(outcome.candidates)}`);
  return outcome.kind === 'found' ? EXIT.expected : EXIT.inconclusive;
}

function lines(commits: readonly string[]): string {
  return commits.map((commit) => `  ${commit}\n`).join('');
}
