import { createHash } from 'node:crypto';
import type { GateBaseline } from '../campaign/gate/evidence.ts';
import type { GateReason } from '../campaign/gate/rules.ts';
import { UserError } from '../plan/user-error.ts';
import type { ReportTotals } from '../report/model.ts';
import { readUserFile, type Versions } from './bundle.ts';

/** Version of the attestation's form. */
export const ATTESTATION_VERSION = 1;

/** What a gate tried and found, for a deploy to cite. Its `sha256` covers everything else: a hash, not a signature. */
export interface Attestation {
  readonly format: 'firedrill-attestation';
  readonly version: typeof ATTESTATION_VERSION;
  readonly subject: string;
  readonly note: string;
  readonly verdict: 'passed' | 'failed';
  readonly reasons: readonly GateReason[];
  readonly exitCode: number;
  /** The commit under test, and whether tracked files differed from it. */
  readonly commit: string;
  readonly dirty: boolean;
  readonly versions: Versions & { readonly build: string };
  readonly profiles: readonly string[];
  /** `restricted`: faults stay within what the cluster must survive (R1). */
  readonly budget: 'restricted';
  readonly policy: { readonly file: string; readonly name: string; readonly sha256: string };
  /** The user's configuration, where one was tried instead of the default. */
  readonly config: { readonly file: string; readonly sha256: string; readonly refusals: readonly string[] } | null;
  /** Seeds derive from the commit: the first one, and how many ran of each rehearsal and of each strategy. */
  readonly seeds: {
    readonly from: number;
    readonly rehearsals: number;
    readonly drawn: number;
    readonly strategies: readonly string[];
  };
  /** First 32 hexadecimal digits of the SHA-256 of each plan that ran, in their order, and the SHA-256 of that list. */
  readonly plans: { readonly sha256: string; readonly hashes: readonly string[] };
  readonly totals: ReportTotals;
  /** Faults that the budget did not let strike: how many, and in how many runs. */
  readonly suppressed: { readonly faults: number; readonly runs: number };
  readonly canaries: readonly {
    readonly id: string;
    readonly killed: boolean;
    readonly status: string;
    readonly seed: number;
  }[];
  readonly waived: readonly {
    readonly scenario: string;
    readonly signature: string;
    readonly owner: string;
    readonly runs: number;
  }[];
  readonly baseline: GateBaseline;
  readonly startedAt: string;
  readonly wallSeconds: number;
}

const NOTE = 'sha256 is a hash over this document and no signature: it shows damage, not who wrote it';

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The text of an attestation: one spelling, with the hash at its end. */
export function attestationText(content: Omit<Attestation, 'format' | 'version' | 'note'>): string {
  const whole = { format: 'firedrill-attestation', version: ATTESTATION_VERSION, note: NOTE, ...content };
  return `${JSON.stringify({ ...whole, sha256: sha256(JSON.stringify(whole)) }, null, 1)}\n`;
}

/**
 * Reads the attestation of an accepted run. Throws a `UserError` for one that cannot be read, for one of a gate that stayed
 * shut, and for one with which nothing can be compared.
 */
export function readAccepted(path: string): Attestation {
  const read = readAttestation(path);
  if (read.verdict !== 'passed') {
    throw new UserError(`${path}: the gate that wrote it did not pass, so it accepts nothing`, ACCEPTED);
  }
  const { failures, features, recoveries } = (read.baseline ?? {}) as Partial<GateBaseline>;
  if (!Array.isArray(failures) || !Array.isArray(recoveries) || typeof features !== 'number') {
    throw new UserError(`${path}: it has no baseline to compare with`, ACCEPTED);
  }
  return read;
}

const ACCEPTED = 'name the attestation.json of a gate that opened, or leave out --accepted';

/** Reads an attestation. Throws a `UserError` for another document, or one whose hash does not match. */
export function readAttestation(path: string): Attestation {
  const text = readUserFile(path, 'attestation');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UserError(`${path} is not JSON`, 'name an attestation.json that firedrill gate wrote');
  }
  const { sha256: hash, ...rest } = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Partial<Attestation> & {
    readonly sha256?: string;
  };
  if (rest.format !== 'firedrill-attestation' || rest.version !== ATTESTATION_VERSION) {
    throw new UserError(
      `${path} is no attestation of version ${ATTESTATION_VERSION}`,
      'name an attestation.json that firedrill gate wrote',
    );
  }
  if (hash !== sha256(JSON.stringify(rest))) {
    throw new UserError(
      `${path}: the hash does not match, so the attestation was changed after it was written`,
      'fetch it again from where the accepted run was kept',
    );
  }
  return rest as Attestation;
}
