/**
 * The guards of the simulated product that refuse unsafe operator commands (R18). All are on unless a plan switches
 * them off; `ambiguity` is the catalogue's entry that the guard closes. What the command does without it is the text.
 */
export const COMMAND_GUARDS = [
  {
    name: 'wipe-needs-clean-quorum',
    ambiguity: 'AMB-WIPE-FOLLOWER',
    refuses: 'rm of the log, and storage restore, unless a quorum of other replicas is normal, caught up and verifies',
  },
  {
    name: 'wipe-needs-evidence',
    ambiguity: 'AMB-WIPE-EVIDENCE',
    refuses: 'rm of the log before a copy, export or state dump of this replica was kept',
  },
  {
    name: 'restore-clears-vote',
    ambiguity: 'AMB-RESTORE-SAME-ID',
    refuses: 'nothing: a restored replica comes back without a vote until it has recovered from its peers',
  },
  {
    name: 'restore-verifies-chain',
    ambiguity: 'AMB-RESTORE-LATEST',
    refuses: 'storage restore of a snapshot whose hash chain is broken, also without --verify-hash-chain',
  },
  {
    name: 'isolate-keeps-quorum',
    ambiguity: 'AMB-ISOLATE-QUORUM',
    refuses: 'replica isolate when fewer caught-up voters than a quorum would remain',
  },
  {
    name: 'isolate-stopped',
    ambiguity: 'AMB-ISOLATE-DEAD',
    refuses:
      'nothing: isolating a replica whose process is dead is recorded in its superblock; without it the command fails',
  },
  {
    name: 'rejoin-needs-approval',
    ambiguity: 'AMB-REJOIN-MISSING',
    refuses: 'replica rejoin after an assertion failure before `approve --what rejoin` was recorded',
  },
  {
    name: 'force-needs-approval',
    ambiguity: 'AMB-FORCE-APPROVAL',
    refuses: 'force-leader before `approve --what data-loss` was recorded',
  },
  {
    name: 'force-new-epoch',
    ambiguity: 'AMB-FORCE-NO-EPOCH',
    refuses:
      'nothing: force-leader writes the next epoch, so that the former members refuse the new lineage; without it the old epoch',
  },
  {
    name: 'force-needs-fencing',
    ambiguity: 'AMB-FORCE-NO-EPOCH',
    refuses: 'force-leader before every other member was fenced',
  },
  {
    name: 'force-needs-best-survivor',
    ambiguity: 'AMB-FORCE-CHOICE',
    refuses: 'force-leader of a node while a readable data directory of another member holds a newer log',
  },
  {
    name: 'restore-after-survivors',
    ambiguity: 'AMB-RESTORE-BEFORE-STANDBY',
    refuses: 'cluster restore-from-backup while a reachable replica or standby holds more than the snapshot',
  },
  {
    name: 'restore-needs-approval',
    ambiguity: 'AMB-RESTORE-BEFORE-STANDBY',
    refuses: 'cluster restore-from-backup before `approve --what data-loss` was recorded',
  },
  {
    name: 'restore-new-identity',
    ambiguity: 'AMB-RESTORE-SAME-ID',
    refuses:
      'nothing: a restored cluster has the next epoch; without it the one of the snapshot, whatever id was given',
  },
  {
    name: 'new-node-new-id',
    ambiguity: 'AMB-REUSE-ID',
    refuses: 'kimberlite-server --node-id of a node that was a member before the configuration was forced',
  },
  {
    name: 'new-node-has-no-vote',
    ambiguity: 'AMB-FORCE-QUORUM-OF-EMPTY',
    refuses:
      'nothing: a node started with --node-id follows the configuration of the peer that it names and votes after a change; without it, it counts itself and everybody of its configuration file as members, and votes with an empty log',
  },
  {
    name: 'failover-needs-fencing',
    ambiguity: 'AMB-FAILOVER-FENCE',
    refuses: 'cluster failover before every member of the old configuration was fenced',
  },
  {
    name: 'failover-needs-eligible',
    ambiguity: 'AMB-FAILOVER-LAG',
    refuses: 'cluster failover to a standby that is not eligible, unless the approval names its lag',
  },
  {
    name: 'standby-eligibility',
    ambiguity: 'AMB-STANDBY-FRESH',
    refuses:
      'nothing: a standby is eligible while its log has no gap, its copy is complete and its lag is below 100 ms; without it from its first moment on until a gap is seen, and then never again',
  },
  {
    name: 'failover-new-epoch',
    ambiguity: 'AMB-JOINT-IMPOSSIBLE',
    refuses:
      'nothing: failover is a new configuration with the next epoch; without it the promoted standby keeps the old one',
  },
  {
    // No ambiguity names it: it is the catalogue's own `refuse` of admin-verify; the two verify tools are AMB-PREFIX's.
    name: 'verify-needs-stopped',
    ambiguity: 'AMB-PREFIX',
    refuses: 'kimberlite-admin verify on a data directory that a server uses',
  },
  {
    name: 'compact-keeps-needed',
    ambiguity: 'AMB-COMPACT-LAGGARD',
    refuses: 'storage compact while a peer may still need the entries that it removes',
  },
  {
    name: 'compact-reserved-space',
    ambiguity: 'AMB-COMPACT-SPACE',
    refuses:
      'nothing: one segment of the log is a reserve in which compaction can always rewrite; without it a full disk refuses',
  },
  {
    name: 'config-sane',
    ambiguity: 'AMB-ELECTION-2000',
    refuses: 'cluster config set beyond INV-CONFIG-SANE: heartbeat <= election / 5, election > p99.9 of RTT + fsync',
  },
  {
    name: 'copy-in-keeps-newer',
    ambiguity: 'AMB-RSYNC',
    refuses:
      'rsync of a backup over the data directory of a running server, or over a log that is newer than the backup',
  },
  {
    name: 'batch-counts-entries',
    ambiguity: 'AMB-BATCH-UNITS',
    refuses: 'nothing: max-batch-size counts operations; without it bytes, as on the configuration page',
  },
  {
    name: 'usage-overrides-schedule',
    ambiguity: 'AMB-OFFPEAK',
    refuses: 'nothing: compaction by usage runs at any hour; without it the off-peak schedule holds it back, too',
  },
  {
    name: 'compact-by-log-size',
    ambiguity: 'AMB-85-VS-800GB',
    refuses: 'nothing: compaction by itself also starts at a size of the log; without it only at a share of the disk',
  },
  {
    name: 'data-directory-lock',
    ambiguity: 'AMB-HEAPTRACK',
    refuses: 'a second server on a data directory in use; without it the second one opens the directory and writes',
  },
  {
    name: 'token-in-log',
    ambiguity: 'AMB-TOKEN',
    refuses:
      'nothing: a support token is issued and used through the log, in its time; without it each node keeps its own list, by its own clock',
  },
  {
    name: 'odd-membership',
    ambiguity: 'AMB-REMOVE-EVEN',
    refuses: 'cluster reconfig to an even size (joint changes themselves come later, so it is refused in any case)',
  },
  {
    name: 'ready-when-normal',
    ambiguity: 'AMB-READINESS-NOT-HEALTH',
    refuses: 'nothing: /ready answers 200 only when the replica is normal; without it as soon as the server runs',
  },
] as const;

export type CommandGuard = (typeof COMMAND_GUARDS)[number]['name'];

/** Whether a guard is on, given the names of those that a plan switches off. */
export function guardIsOn(off: ReadonlySet<string>, name: CommandGuard): boolean {
  return !off.has(name);
}
