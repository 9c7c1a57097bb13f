import { join } from 'node:path';
import type { GateReason } from '../campaign/gate/rules.ts';
import { isUserError, systemReason, UserError } from '../plan/user-error.ts';
import { githubReport } from '../report/export/github.ts';
import { junitReport } from '../report/export/junit.ts';
import { markdownReport } from '../report/export/markdown.ts';
import type { ReportModel } from '../report/model.ts';
import type { MutantFate } from '../report/mutant-table.ts';
import type { GateInputs } from './gate-inputs.ts';
import type { GateLedger } from './gate-ledger.ts';
import type { ReportContext } from './report-context.ts';
import { htmlReport } from './report-html.ts';
import { makeFolder, writeWhole } from './write-file.ts';

export interface GateParts {
  readonly inputs: GateInputs;
  readonly ledger: GateLedger;
  readonly canaries: readonly MutantFate[];
  readonly verdict: 'passed' | 'failed';
  readonly reasons: readonly GateReason[];
}

/** The report of a gate. */
export async function gateModel(parts: GateParts, _context: ReportContext): Promise<ReportModel> {
  const { inputs, ledger, canaries, verdict, reasons } = parts;
  const { cited, policy, config } = inputs;
  const features = ledger.featureCount();
  const model = await ledger.assembly.model(
    {
      kind: 'gate',
      title: `gate ${verdict}: ${cited.name}`,
      source: cited.file,
      coverage: features < 0 ? null : { features, points: [] },
      marks: ledger
        .marksReached()
        .map(([mark, runs]) => ({ mark, runs, rare: false, onlyElsewhere: '', scenarios: [] })),
      mutants: canaries,
      gate: { verdict, policy: cited.file, policySha256: cited.sha256, reasons },
      problems: (config?.cited.refusals ?? []).map(
        (text) => `the product itself would refuse the configuration: ${text}`,
      ),
    },
    (run) => ledger.detailOf(run),
  );
  const noteOf = (signature: string): string =>
    policy.waivers
      .filter((waiver) => waiver.signature === signature)
      .map(({ owner, reason, expires }) => `waived by ${owner} until ${expires}: ${reason}`)
      .join('; ');
  const signatures = model.signatures.map((row) => {
    const note = noteOf(row.signature);
    return note === '' ? row : { ...row, known: true, note };
  });
  return { ...model, signatures };
}

/** What was written, and why the rest could not be; null where all of it was. */
export interface WrittenReports {
  readonly written: readonly string[];
  readonly problem: UserError | null;
}

/**
 * Writes everything that CI or a deploy wants to keep, each file whole or not at all. The attestation goes last: where it
 * is, the others are.
 */
export function writeGateReports(folder: string, model: ReportModel, attestation: string): WrittenReports {
  const files: [string, () => string][] = [
    ['report.json', () => `${JSON.stringify(model, null, 1)}\n`],
    ['junit.xml', () => junitReport(model)],
    ['summary.md', () => markdownReport(model)],
    ['annotations.txt', () => githubReport(model)],
    ['report.html', () => htmlReport(model)],
    ['attestation.json', () => attestation],
  ];
  const written: string[] = [];
  for (const [name, content] of files) {
    const path = join(folder, name);
    const text = textOrNull(content);
    if (text === null) continue;
    try {
      makeFolder(folder);
      writeWhole(path, text);
    } catch (error) {
      const remedy = 'free or unlock the folder, or name another one with --out FOLDER';
      return { written, problem: new UserError(`cannot write ${path}: ${systemReason(error)}`, remedy) };
    }
    written.push(path);
  }
  return { written, problem: null };
}

/** A page that cannot be written must not cost the verdict. */
function textOrNull(content: () => string): string | null {
  try {
    return content();
  } catch (error) {
    if (isUserError(error)) return null;
    throw error;
  }
}
