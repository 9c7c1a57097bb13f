/** One run as a gate judges it. Times are virtual microseconds; -1: none. */
export interface GateRun {
  readonly scenario: string;
  readonly variant: string;
  readonly profile: string;
  readonly seed: number;
  readonly verdict: string;
  readonly reason: string;
  readonly property: string;
  /** Of a failure; a shrunk run keeps property and site, so it has the same one. */
  readonly signature: string;
  readonly expected: boolean;
  readonly recoveryUs: number;
  /** From the first fault to each alert that had to fire and did. */
  readonly alerts: readonly { readonly id: string; readonly severity: string; readonly afterUs: number }[];
  readonly again: string;
}

/** One variant of a scenario in one profile that the policy requires. */
export interface RequiredGroup {
  readonly scenario: string;
  readonly variant: string;
  readonly profile: string;
}

/** What a later gate compares itself with: stands in the attestation. */
export interface GateBaseline {
  /** Of all failures, declared ones too: a literal variant that fails in a new place is news. */
  readonly failures: readonly { readonly scenario: string; readonly signature: string }[];
  /** Features that drawn plans covered; -1 where none ran. */
  readonly features: number;
  /** Median over the safe runs of each scenario that recovered. */
  readonly recoveries: readonly { readonly scenario: string; readonly medianUs: number }[];
}

/** Everything that a gate decides on. */
export interface GateEvidence {
  /** `YYYY-MM-DD` in UTC. */
  readonly today: string;
  readonly required: readonly RequiredGroup[];
  readonly runs: readonly GateRun[];
  /** By scenario id: the runbook's severity. */
  readonly severities: ReadonlyMap<string, string>;
  readonly features: number;
  /** Marks with the number of runs that reached them. */
  readonly marks: ReadonlyMap<string, number>;
  readonly canaries: readonly { readonly id: string; readonly killed: boolean; readonly status: string }[];
  /** Null: no accepted run was named. */
  readonly accepted: GateBaseline | null;
}
