import type { CommandGuard } from '../cluster/kimberlite/guards.ts';
import type { Rules } from '../cluster/vsr/rules.ts';
import type { RunPlan } from '../plan/plan.ts';

/** One difference between what the product's documents promise and what was read in the anchor's code (R30). */
export interface AsBuilt {
  readonly id: string;
  /** The catalogue's entry: an ambiguity, or a note on the anchor. */
  readonly source: string;
  /** What the code does, as read and not executed. */
  readonly what: string;
  readonly rules?: Partial<Rules>;
  readonly guardsOff?: readonly CommandGuard[];
}

/**
 * The profile `as_built`: every difference of docs/fidelity.md that is marked "as read" and that the model has a decision
 * for. Timers that nothing fires there are not copied (catalogue, AN-TIMERS and AN-HEARTBEAT-TIMER say so), and what the
 * anchor lacks altogether, such as the operators' commands, is ours in both profiles.
 */
export const AS_BUILT: readonly AsBuilt[] = [
  {
    id: 'blank-restart',
    source: 'AMB-AMNESIA, AN-BOOT',
    what: 'a started replica is normal at view 0 with an empty log; its superblock is written and never read',
    rules: { restartsFromDisk: () => false },
  },
  {
    id: 'superblock-recreated',
    source: 'AN-SUPERBLOCK-RECREATE',
    what: 'an unreadable superblock is created anew, and the replica keeps its vote',
    rules: { lostJournalLosesVote: () => false, recoveringIsSilent: () => false },
  },
  {
    id: 'no-replication-after-view-change',
    source: 'docs/fidelity.md',
    what: "a new primary commits up to the highest op of any vote's tail, before anybody acknowledged it in the new view",
    rules: { newViewResetsOks: () => false },
  },
  {
    id: 'replay-dropped',
    source: 'docs/fidelity.md',
    what: 'a retransmitted prepare is dropped as a replay and not acknowledged again',
    rules: { reacksDuplicate: () => false },
  },
  {
    id: 'standby-fresh',
    source: 'AMB-STANDBY-FRESH, AN-STANDBY-FLAG',
    what: 'a standby counts as eligible from its start on, and promotion looks at that flag only',
    guardsOff: ['standby-eligibility'],
  },
];

/** The rules that a plan's profile changes; none in `intended`. */
export function profileRules({ profile }: RunPlan): Partial<Rules> {
  let rules: Partial<Rules> = {};
  if (profile === 'as_built') for (const difference of AS_BUILT) rules = { ...rules, ...difference.rules };
  return rules;
}

/** The guards that are off: those of the plan, and those that its profile does not have. */
export function guardsOffOf({ profile, guardsOff }: RunPlan): ReadonlySet<string> {
  const missing = profile === 'as_built' ? AS_BUILT.flatMap((difference) => difference.guardsOff ?? []) : [];
  return new Set([...guardsOff, ...missing]);
}
