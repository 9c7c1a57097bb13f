/** What identifies a campaign. Stored as JSON; a resumed campaign must be asked for with the same one. */
export interface CampaignSpec {
  readonly system: string;
  /** Scenario ids; `['swarm']` by default. */
  readonly scenarios: readonly string[];
  readonly variants: readonly string[];
  /** `uniform`, `swarm`, `pct`, `guided` or `portfolio`. */
  readonly strategy: string;
  readonly seedFrom: number;
  /** Included; -1 for a campaign that ends with its time. */
  readonly seedTo: number;
  readonly unrestricted: boolean;
  readonly campaignSeed: number;
  readonly firedrill: string;
  readonly node: string;
  readonly profile: string;
}

/** One finished run. Its key is the campaign and `index`. */
export interface RunRow {
  /** Position in the campaign's order of plans, from 0; it does not depend on workers. */
  readonly index: number;
  readonly seed: number;
  readonly scenario: string;
  readonly variant: string;
  readonly generation: number;
  readonly origin: string;
  /** First 32 hexadecimal digits of the SHA-256 of the serialised plan. */
  readonly planHash: string;
  readonly verdict: string;
  readonly reason: string;
  readonly property: string;
  readonly site: string;
  /** Of failed, crashed and hung runs (src/campaign/signature.ts); '' otherwise. */
  readonly signature: string;
  readonly traceHash: string;
  readonly events: number;
  readonly virtualUs: number;
  readonly acknowledged: number;
  readonly faultsFired: number;
  /** Virtual time from the first alert (or fault) to recovery, of scenario runs that recovered. */
  readonly recoveryUs?: number;
  /** The only field that differs between two equal campaigns. */
  readonly wallMs: number;
  readonly expected: boolean;
  /** Features, each an unsigned 32-bit integer, ascending. */
  readonly coverage: readonly number[];
  /** Marks by name, with how often each was reached. */
  readonly reached: readonly (readonly [string, number])[];
  /** Kept for failures, crashed and hung runs and members of the coverage queue; '' otherwise. */
  readonly planJson: string;
  /** Findings and pending work of a run that did not pass, as JSON; '' otherwise. */
  readonly detail: string;
}

export type CampaignState = 'running' | 'finished' | 'interrupted';

export interface CampaignRecord {
  readonly id: number;
  readonly spec: CampaignSpec;
  /** Wall time in ms since 1970; `endedMs` is 0 while it runs. */
  readonly startedMs: number;
  readonly endedMs: number;
  readonly state: CampaignState;
}

/** Failures that look alike, and what triage said of them. */
export interface SignatureRow {
  readonly signature: string;
  readonly count: number;
  /** Lowest index; over all campaigns: in the oldest campaign that has it. */
  readonly firstIndex: number;
  readonly firstSeed: number;
  readonly known: boolean;
  readonly note: string;
}

export interface CampaignTotals {
  readonly runs: number;
  readonly passed: number;
  readonly failed: number;
  readonly inconclusive: number;
  readonly unexpected: number;
  /** Runs by reason, for those that have one. */
  readonly byReason: Readonly<Record<string, number>>;
}

/** The lower of the two middle values where the number of runs is even. Crashed and hung runs have no size. */
export interface CampaignMedians {
  readonly events: number;
  readonly acknowledged: number;
  readonly faultsFired: number;
}

/** Where a campaign stood at a moment. Counts are totals since its start, over all its sessions. */
export interface ThroughputPoint {
  /** Milliseconds of work since the campaign began. */
  readonly atMs: number;
  readonly runs: number;
  readonly events: number;
  readonly features: number;
}
