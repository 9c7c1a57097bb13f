import { differs, type Mutant } from './mutant.ts';

/** Planted bugs of membership changes. Drawn plans change no membership, so rehearsals hunt them. */
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
];
