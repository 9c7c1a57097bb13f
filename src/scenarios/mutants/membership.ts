import { differs, type Mutant } from './mutant.ts';

/** Planted bugs of membership changes, standbys and promotions. Drawn plans have none of them, so rehearsals hunt them. */
export const MEMBERSHIP_MUTANTS: readonly Mutant[] = [
  {
    id: 'joint-one-quorum',
    what: 'while a membership change is joint, a quorum of the new voters alone decides',
    source: 'issue 4; Ongaro 2014, section 4.3; catalogue model.reconfig_rule',
    property: 'INV-MEMBERSHIP',
    why: 'the change is what was decided wrongly; whether an acknowledged write goes with it takes a second fault',
    needs: [],
    scenario: 'scn1-c-replace',
    override: (honest, fired) => ({
      jointElectorates: (electorates) => differs(fired, honest.jointElectorates(electorates), electorates.slice(-1)),
    }),
  },
  {
    id: 'change-lost-on-repair',
    what: 'a membership change that does not come as a prepare, but by repair, transfer or with a view, is not learnt',
    source: 'issue 4; Liskov & Cowling 2012, section 7',
    property: 'INV-MEMBERSHIP',
    why: 'a replica that counts old voters does harm only when it leads at the wrong moment',
    needs: [],
    scenario: 'scn1-c-replace',
    override: (honest, fired) => ({
      learnsMembership: (isRepair) => differs(fired, honest.learnsMembership(isRepair), !isRepair),
    }),
  },
  {
    id: 'standby-counted',
    what: 'a standby acknowledges prepares, and the primary counts it towards the quorum',
    source: 'issue 4; catalogue INV-STANDBY-NO-VOTE',
    property: 'INV-STANDBY-NO-VOTE',
    why: 'what a standby of another region says in time is luck: with few faults the voters acknowledge as well',
    needs: [],
    scenario: 'scn2-b-dr-failover',
    override: (honest, fired) => ({ standbyVotes: () => differs(fired, honest.standbyVotes(), true) }),
  },
  {
    id: 'stale-standby-promoted',
    what: 'failover promotes a standby that is not eligible, although nobody approved its lag',
    source: 'issue 4; AMB-FAILOVER-LAG',
    property: 'INV-PROMOTE-CONSISTENT',
    needs: [],
    scenario: 'rca-compaction-region-lost-during',
    override: (honest, fired) => ({
      guardHolds: (guard) => differs(fired, honest.guardHolds(guard), guard !== 'failover-needs-eligible'),
    }),
  },
  {
    id: 'restored-under-old-id',
    what: 'a cluster that is restored from a backup keeps the identity of the one that it replaces',
    source: 'issue 4; AMB-RESTORE-SAME-ID',
    property: 'INV-FENCED',
    needs: [],
    scenario: 'scn2-c-restore-backup',
    override: (honest, fired) => ({
      guardHolds: (guard) => differs(fired, honest.guardHolds(guard), guard !== 'restore-new-identity'),
    }),
  },
];
