import type { Rules } from '../cluster/vsr/rules.ts';
import type { RunPlan } from '../plan/plan.ts';
import { LIVENESS_MUTANTS, PROJECTION_MUTANTS } from './mutants/liveness.ts';
import { MEMBERSHIP_MUTANTS } from './mutants/membership.ts';
import { differs, type Mutant } from './mutants/mutant.ts';
import { QUORUM_MUTANTS } from './mutants/quorums.ts';
import { RECOVERY_MUTANTS } from './mutants/recovery.ts';
import { RELEASE_MUTANTS } from './mutants/releases.ts';
import { SESSION_MUTANTS } from './mutants/sessions.ts';
import { STORAGE_MUTANTS } from './mutants/storage.ts';
import { VIEW_MUTANTS } from './mutants/views.ts';
import { profileRules } from './profiles.ts';

/** The planted bugs of issue 2. */
const FIRST_MUTANTS: readonly Mutant[] = [
  {
    id: 'ack-before-sync',
    what: 'prepare_ok leaves before the prepare is synced',
    source: 'issue 2, section 6; R7',
    property: 'INV-DURABLE-ACK',
    needs: ['host.power-loss'],
    override: (honest, fired) => ({ ackNeedsSync: () => differs(fired, honest.ackNeedsSync(), false) }),
  },
  {
    id: 'view-not-durable',
    what: 'DoViewChange and prepare_ok leave before the superblock holds the view',
    source: 'issue 2, section 6; R7',
    property: 'INV-VIEW-MONOTONIC',
    needs: ['process.crash', 'net.partition'],
    override: (honest, fired) => ({
      voteNeedsDurableView: () => differs(fired, honest.voteNeedsDurableView(), false),
    }),
  },
  {
    id: 'commit-quorum-half',
    what: 'an op counts as committed with n/2 copies instead of n/2 + 1',
    source: 'issue 2, section 6',
    property: 'INV-DURABLE-ACK',
    needs: ['net.partition'],
    override: (honest, fired) => ({
      commitQuorum: (count) => differs(fired, honest.commitQuorum(count), Math.max(1, Math.floor(count / 2))),
    }),
  },
  {
    id: 'ignore-last-normal-view',
    what: 'a view change weighs logs without their last normal view',
    source: 'Liskov & Cowling 2012, section 4.2; issue 2, section 6',
    property: 'INV-DURABLE-ACK',
    needs: ['net.partition', 'process.crash'],
    override: (honest, fired) => ({ voteLogView: (logView) => differs(fired, honest.voteLogView(logView), 0) }),
  },
  {
    id: 'blank-voter',
    what: 'a replica that lost its journal votes at once with an empty log',
    source: 'Michael et al., DISC 2017; issue 2, section 6',
    property: 'INV-DURABLE-ACK',
    needs: ['disk.file-lost'],
    override: (honest, fired) => ({
      lostJournalLosesVote: () => differs(fired, honest.lostJournalLosesVote(), false),
    }),
  },
  {
    id: 'torn-head-accepted',
    what: 'a torn record at the head of the journal is believed by its header alone',
    source: 'issue 2, section 6; R3',
    property: 'INV-STATE-EQUAL',
    needs: ['host.power-loss'],
    override: (honest, fired) => ({
      refusesDamagedRecord: () => differs(fired, honest.refusesDamagedRecord(), false),
    }),
  },
  {
    id: 'repair-accepts-any',
    what: 'repair accepts a prepare whose checksum is not the wanted one',
    source: 'issue 2, section 6',
    property: 'INV-AGREEMENT',
    needs: ['net.partition', 'process.crash'],
    override: (honest, fired) => ({
      repairAccepts: (wanted, got) => differs(fired, honest.repairAccepts(wanted, got), true),
    }),
  },
  {
    id: 'no-reack',
    what: 'a retransmitted prepare is dropped as a duplicate and never acknowledged again',
    source: 'issue 2, section 6',
    property: 'INV-NO-NEEDLESS-VIEW-CHANGE',
    needs: ['net.degrade'],
    override: (honest, fired) => ({ reacksDuplicate: () => differs(fired, honest.reacksDuplicate(), false) }),
  },
  {
    id: 'sessions-lost',
    what: 'the client table is lost at a view change',
    source: 'issue 2, section 6; Liskov & Cowling 2012, section 4',
    property: 'INV-EXACTLY-ONCE',
    needs: ['process.crash'],
    override: (honest, fired) => ({ keepsSessions: () => differs(fired, honest.keepsSessions(), false) }),
  },
  {
    id: 'commit-not-clamped',
    what: 'the commit number is taken over without looking at the own log',
    source: 'catalogue scn5; issue 2, section 6',
    property: 'INV-COMMIT-LE-OP',
    needs: ['net.degrade'],
    override: (honest, fired) => ({
      clampCommit: (commitMax, op) => differs(fired, honest.clampCommit(commitMax, op), commitMax),
      asserts: () => false,
    }),
  },
  {
    id: 'fsync-error-ignored',
    what: 'a failed fsync counts as a successful one',
    source: 'Rebello et al., ATC 2020; issue 2, section 6',
    property: 'INV-DURABLE-ACK',
    needs: ['disk.fsync-error'],
    override: (honest, fired) => ({ stopsOnSyncError: () => differs(fired, honest.stopsOnSyncError(), false) }),
  },
  {
    id: 'ok-counted-twice',
    what: 'a duplicate prepare_ok counts as another copy',
    source: 'issue 2, section 6',
    property: 'INV-DURABLE-ACK',
    needs: ['net.degrade', 'net.partition'],
    override: (honest, fired) => ({
      countOks: (mask, count) =>
        differs(fired, honest.countOks(mask, count), Math.max(honest.countOks(mask, count), count)),
    }),
  },
  {
    id: 'primary-resumes',
    what: 'a restarted primary goes on in its view instead of starting a new one',
    source: 'R7; R27',
    property: 'INV-ONE-LEADER',
    needs: ['process.crash'],
    override: (honest, fired) => ({
      restartedPrimaryYields: () => differs(fired, honest.restartedPrimaryYields(), false),
    }),
  },
  {
    id: 'timestamp-not-clamped',
    what: 'the primary stamps its clock without looking at the entry before',
    source: 'R27; catalogue INV-TIMESTAMP-MONOTONIC',
    property: 'INV-TIMESTAMP-MONOTONIC',
    needs: ['clock.step'],
    override: (honest, fired) => ({ clampsTimestamp: () => differs(fired, honest.clampsTimestamp(), false) }),
  },
  {
    id: 'recovering-acknowledges',
    what: 'a replica that lost its journal acknowledges before it has caught up',
    source: 'R7; catalogue INV-RECOVERY-SAFE',
    property: 'INV-RECOVERY-SAFE',
    needs: ['disk.file-lost'],
    override: (honest, fired) => ({
      recoveringIsSilent: () => differs(fired, honest.recoveringIsSilent(), false),
    }),
  },
  {
    id: 'projection-ahead',
    what: 'projections are built from the head of the log, not from the commit number',
    source: 'catalogue INV-PROJECTION',
    property: 'INV-PROJECTION',
    needs: ['net.partition'],
    override: (honest, fired) => ({
      projectionLimit: (commit, op) => differs(fired, honest.projectionLimit(commit, op), op),
    }),
  },
  {
    id: 'commit-not-clamped-asserted',
    what: "as commit-not-clamped, with the replica's own assertion in place",
    source: 'catalogue scn5',
    property: 'INV-NO-ASSERT',
    needs: ['net.degrade'],
    override: (honest, fired) => ({
      clampCommit: (commitMax, op) => differs(fired, honest.clampCommit(commitMax, op), commitMax),
    }),
  },
  {
    id: 'commit-before-reack',
    what: 'a new primary takes its whole log for committed before anybody acknowledged it in the new view',
    source: 'R7; R27',
    property: 'INV-DURABLE-ACK',
    needs: ['process.crash', 'net.partition'],
    override: (honest, fired) => ({ newViewResetsOks: () => differs(fired, honest.newViewResetsOks(), false) }),
  },
  {
    id: 'retry-executed-again',
    what: 'a retried request is prepared again although the client table knows it',
    source: 'Liskov & Cowling 2012, section 4.1; R13',
    property: 'INV-EXACTLY-ONCE',
    needs: ['net.degrade'],
    override: (honest, fired) => ({ answersFromTable: () => differs(fired, honest.answersFromTable(), false) }),
  },
];

/** All planted bugs of the protocol, in the order of the kill table. */
export const MUTANTS: readonly Mutant[] = [
  ...FIRST_MUTANTS,
  ...QUORUM_MUTANTS,
  ...VIEW_MUTANTS,
  ...RECOVERY_MUTANTS,
  ...SESSION_MUTANTS,
  ...LIVENESS_MUTANTS,
  ...MEMBERSHIP_MUTANTS,
  ...RELEASE_MUTANTS,
  ...STORAGE_MUTANTS,
  ...PROJECTION_MUTANTS,
];

/** Guards of the simulated product (R18): switching one off overrides the same kind of decision as a mutant does. */
export const GUARDS: ReadonlyMap<string, Partial<Rules>> = new Map<string, Partial<Rules>>([
  ['durable-restart', { restartsFromDisk: () => false }],
  ['lost-journal-loses-vote', { lostJournalLosesVote: () => false }],
  ['newcomers-catch-up', { newcomersCatchUp: () => false }],
  ['fsync', { ackNeedsSync: () => false, voteNeedsDurableView: () => false }],
]);

export function mutantOf(id: string): Mutant | null {
  return MUTANTS.find((mutant) => mutant.id === id) ?? null;
}

/** The rules that a plan runs under: honest, as its profile has them (R30), less the guards that it switches off, with its mutant planted. */
export function rulesOf(plan: RunPlan, honest: Rules, fired: () => void = () => {}): Rules {
  let rules: Rules = { ...honest, ...profileRules(plan) };
  for (const name of plan.guardsOff) {
    const guard = GUARDS.get(name);
    if (guard !== undefined) rules = { ...rules, ...guard };
  }
  if (plan.mutant === null) return rules;
  const mutant = mutantOf(plan.mutant);
  if (mutant === null) throw new Error(`no mutant ${plan.mutant}`);
  return { ...rules, ...mutant.override(rules, fired) };
}
