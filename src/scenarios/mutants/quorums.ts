import { differs, type Mutant } from './mutant.ts';

/** Planted bugs of normal operation: who counts, what counts, and what is sent. */
export const QUORUM_MUTANTS: readonly Mutant[] = [
  {
    id: 'quorum-of-reachable',
    what: 'quorums are counted from the replicas that can be reached, not from the members',
    source: 'partition studies (Alquraan et al., OSDI 2018); R10',
    property: 'INV-NO-SPLIT-BRAIN',
    needs: ['net.partition'],
    override: (honest, fired) => ({
      voterCount: (count, reach) => differs(fired, honest.voterCount(count, reach), reach()),
    }),
  },
  {
    id: 'reply-before-commit',
    what: 'the primary executes and answers a request as soon as it is prepared',
    source: 'R27; catalogue INV-QUORUM-REFUSE',
    property: 'INV-QUORUM-REFUSE',
    why: 'the reply leaves before any other replica has spoken; INV-DURABLE-ACK sees the same on the disks',
    needs: [],
    override: (honest, fired) => ({
      clampCommit: (commitMax, op) => differs(fired, honest.clampCommit(commitMax, op), op),
    }),
  },
  {
    id: 'ok-with-gap',
    what: 'prepare_ok names the highest durable op, although ops below it are missing',
    source: 'R7; R27',
    property: 'INV-DURABLE-ACK',
    needs: ['net.partition', 'process.crash'],
    override: (honest, fired) => ({
      durableUpTo: (gapless, highest) => differs(fired, honest.durableUpTo(gapless, highest), highest()),
    }),
  },
  {
    id: 'commit-number-assigned',
    what: 'a backup takes the commit number from the latest message, without the maximum of its own',
    source: 'PySyncObj issue 166 (M1)',
    property: 'INV-COMMIT-MONOTONIC',
    why: 'the number that goes back is the bug; INV-STATE-EQUAL sees only what is then applied twice',
    needs: [],
    override: (honest, fired) => ({
      knownCommit: (known, told) => differs(fired, honest.knownCommit(known, told), told),
    }),
  },
  {
    id: 'sealed-entry-changed',
    what: 'the primary moves the time stamp of every 16th entry after sealing its record, and nobody verifies it',
    source: 'Kimberlite canary: flipped hash link (M28)',
    property: 'INV-HASH-CHAIN',
    why: 'all replicas apply the same changed entry: no client and no comparison of states sees it',
    needs: [],
    override: (honest, fired) => ({
      sealedEntry: (prepare) =>
        differs(
          fired,
          honest.sealedEntry(prepare),
          prepare.op % 16 === 0 ? { ...prepare, timestampUs: prepare.timestampUs + 1 } : prepare,
        ),
      verifies: () => false,
    }),
  },
  {
    id: 'hole-skipped',
    what: 'the apply loop steps over an entry that is missing',
    source: 'RedisRaft issue 43 (M24)',
    property: 'INV-PREFIX',
    why: 'the gap shows when it opens; INV-STATE-EQUAL sees the state that follows from it',
    needs: ['net.degrade'],
    override: (honest, fired) => ({ waitsForMissing: () => differs(fired, honest.waitsForMissing(), false) }),
  },
];
