import { differs, type Mutant } from './mutant.ts';

/** Planted bugs of what makes a log shorter. */
export const STORAGE_MUTANTS: readonly Mutant[] = [
  {
    id: 'compacted-past-snapshot',
    what: 'a checkpoint lets the log be cut one entry past the state that it holds',
    source: 'issue 4; catalogue INV-COMPACTION-SAFE',
    property: 'INV-STATE-EQUAL',
    needs: ['process.crash'],
    override: (honest, fired) => ({
      snapshotHoldsLast: () => differs(fired, honest.snapshotHoldsLast(), false),
    }),
  },
  {
    id: 'archive-deletes-unverified',
    what: 'archiving removes a log segment before its object was read back from the bucket',
    source: 'issue 4; catalogue scn6-d-archive, INV-COMPACTION-SAFE',
    property: 'INV-COMPACTION-SAFE',
    why: 'the moment in which the segment lies nowhere is the bug; an upload that breaks off then makes it a loss',
    needs: [],
    scenario: 'scn6-d-archive',
    override: (honest, fired) => ({
      segmentMayGo: (verified) => differs(fired, honest.segmentMayGo(verified), true),
    }),
  },
];
