import { differs, type Mutant } from './mutant.ts';

/** Planted bugs of recovery and of what is on disk. */
export const RECOVERY_MUTANTS: readonly Mutant[] = [
  {
    id: 'transfer-installs-older',
    what: 'a checkpoint is sent and installed although it is older than what the replica has',
    source: 'R7; R27; WRaft issue 118 (M11)',
    property: 'INV-COMMIT-MONOTONIC',
    why: 'the replica falls back and catches up again: nothing is lost while a quorum holds what it had',
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
  {
    id: 'recovery-from-anybody',
    what: 'a replica that is not in normal operation answers a Recovery',
    source: 'Michael et al., DISC 2017; R7',
    property: 'INV-DURABLE-ACK',
    needs: ['disk.file-lost', 'process.crash'],
    override: (honest, fired) => ({
      answersRecovery: (status) => differs(fired, honest.answersRecovery(status), true),
    }),
  },
  {
    id: 'recovery-from-one',
    what: 'a single answer ends the recovery of a replica that lost its journal',
    source: 'Michael et al., DISC 2017; R7',
    property: 'INV-VIEW-MONOTONIC',
    why: 'the promise that is taken back is the bug; an op is lost only when the old primary has none of its own pending',
    needs: ['disk.file-lost', 'net.partition'],
    override: (honest, fired) => ({ recoveryQuorum: (quorum) => differs(fired, honest.recoveryQuorum(quorum), 1) }),
  },
  {
    id: 'recovery-without-primary',
    what: 'recovery takes over the log of any replica of the newest view, its primary or not',
    source: 'Liskov & Cowling 2012, section 4.3; R7',
    property: 'INV-DURABLE-ACK',
    needs: ['disk.file-lost'],
    override: (honest, fired) => ({ tellsLog: (isLeader) => differs(fired, honest.tellsLog(isLeader), true) }),
  },
  {
    id: 'damaged-slot-served',
    what: 'a slot that fails its checksum is taken for what its header says',
    source: 'Alagappan et al., FAST 2018; catalogue INV-NO-CORRUPT-SERVE',
    property: 'INV-NO-CORRUPT-SERVE',
    needs: ['disk.bit-rot', 'process.crash'],
    override: (honest, fired) => ({ marksDamagedSlot: () => differs(fired, honest.marksDamagedSlot(), false) }),
  },
];
