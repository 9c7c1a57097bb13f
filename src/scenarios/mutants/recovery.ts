import { differs, type Mutant } from './mutant.ts';

/** Planted bugs of recovery and of what is on disk. */
export const RECOVERY_MUTANTS: readonly Mutant[] = [
  {
    id: 'transfer-installs-older',
    what: 'a checkpoint is sent and installed although it is older than what the replica has',
    source: 'R7; R27; WRaft issue 118 (M11)',
    property: 'INV-COMMIT-MONOTONIC',
    needs: ['net.partition'],
    override: (honest, fired) => ({
      transfers: (op, commit, checkpoint) => differs(fired, honest.transfers(op, commit, checkpoint), true),
    }),
  },
  {
    id: 'checkpoint-not-synced',
    what: 'the superblock names a checkpoint whose bytes are not synced, and its slots are reused',
    source: 'R27 (slot reused before the checkpoint is durable); R2',
    property: 'INV-RECOVERS',
    needs: ['host.power-loss'],
    override: (honest, fired) => ({ syncsCheckpoint: () => differs(fired, honest.syncsCheckpoint(), false) }),
  },
];
