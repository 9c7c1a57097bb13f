import { differs, type Mutant } from './mutant.ts';

/** Planted bugs of what is built from the log. */
export const PROJECTION_MUTANTS: readonly Mutant[] = [
  {
    id: 'projection-twice-after-restart',
    what: 'a process that takes its projection over with a checkpoint projects the first op above it twice',
    source: 'R27; catalogue INV-PROJECTION',
    property: 'INV-PROJECTION',
    needs: ['process.crash'],
    override: (honest, fired) => ({
      projectionTimes: (op, restoredAt) =>
        differs(fired, honest.projectionTimes(op, restoredAt), restoredAt > 0 && op === restoredAt + 1 ? 2 : 1),
    }),
  },
];

/** Planted bugs after which nothing wrong is ever said, but something never happens. */
export const LIVENESS_MUTANTS: readonly Mutant[] = [
  {
    id: 'no-next-view',
    what: 'a view that does not begin is waited for: no next one when its primary is down, too',
    source: 'R27; Liskov & Cowling 2012, section 4.2',
    property: 'INV-RECOVERS',
    needs: ['process.crash', 'net.partition'],
    override: (honest, fired) => ({ goesOnToNextView: () => differs(fired, honest.goesOnToNextView(), false) }),
  },
  {
    id: 'repair-asks-one-peer',
    what: 'every round of a repair asks the same peer',
    source: 'R27',
    property: 'INV-RECOVERS',
    needs: ['disk.bit-rot', 'process.crash'],
    override: (honest, fired) => ({ repairTurn: (attempt) => differs(fired, honest.repairTurn(attempt), 0) }),
  },
  {
    id: 'denial-never-sent',
    what: 'a replica that no longer has an entry does not say so',
    source: 'R27',
    property: 'INV-RECOVERS',
    needs: ['net.partition'],
    override: (honest, fired) => ({ answersMissing: () => differs(fired, honest.answersMissing(), false) }),
  },
  {
    id: 'heartbeat-without-commit',
    what: 'heartbeats do not tell what is committed',
    source: 'R27',
    property: 'INV-RECOVERS',
    needs: [],
    override: (honest, fired) => ({
      heartbeatCommit: (commit) => differs(fired, honest.heartbeatCommit(commit), 0),
    }),
  },
  {
    id: 'older-view-entry-blocks',
    what: 'an entry first prepared in an older view is never committed, and all after it wait',
    source: 'RaftOS issue 30 (M7)',
    property: 'INV-RECOVERS',
    needs: ['process.crash'],
    override: (honest, fired) => ({
      commitsEntryOf: (entryView, view) => differs(fired, honest.commitsEntryOf(entryView, view), entryView >= view),
    }),
  },
];
