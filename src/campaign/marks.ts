import { FAULT_KINDS } from '../faults/kind-table.ts';

/** A mark that the engine may set in a run (`Host.reached`, `World.mark`). */
export interface EngineMark {
  readonly mark: string;
  /** Why no drawn plan can reach it; '' for one that a campaign of drawn plans has to reach. */
  readonly onlyElsewhere: string;
}

const drawn = (mark: string): EngineMark => ({ mark, onlyElsewhere: '' });
const elsewhere = (mark: string, onlyElsewhere: string): EngineMark => ({ mark, onlyElsewhere });

/** Faults that only scenarios use, with the reason. */
const FAULTS_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['clock.ntp-down', 'stops a time daemon; drawn hosts have none, and clock.drift is drawn'],
  ['load.query', 'needs hosts with a CPU, which drawn plans do not give'],
  ['load.cpu', 'needs hosts with a CPU, which drawn plans do not give'],
  ['load.memory', 'needs hosts with memory, which drawn plans do not give'],
  ['load.write', 'changes the load, which drawn plans settle for a whole run'],
  ['process.hot-function', 'needs hosts with a CPU, which drawn plans do not give'],
  ['backup.job-fails', 'needs backups, which drawn plans never have'],
  ['config.wrong', 'needs the settings of scenarios about throughput and compaction'],
  ['load.offered', 'needs background load, which drawn plans never have'],
  ['load.reads', 'needs servers that answer reads by themselves, which drawn plans never have'],
  ['tls.mismatch', 'needs certificates, which drawn plans never have'],
  ['release.regression', 'needs servers installed from releases, which drawn plans never have'],
  ['disk.competing-io', 'only scenarios have it; drawn plans use the faults that act alike'],
  ['disk.queue-depth', 'only scenarios have it; drawn plans use the faults that act alike'],
  ['disk.iops-burst', 'only scenarios have it; drawn plans use the faults that act alike'],
  ['net.way', 'only scenarios have it; drawn plans use the faults that act alike'],
  ['net.competing-traffic', 'only scenarios have it; drawn plans use the faults that act alike'],
  ['net.placement', 'only scenarios have it; drawn plans use the faults that act alike'],
  ['host.site-down', 'only scenarios have it; drawn plans use the faults that act alike'],
  ['process.poison-op', 'only scenarios have it; drawn plans use the faults that act alike'],
  ['process.slow-encoder', 'needs background load, which drawn plans never have'],
]);

/**
 * Every mark whose name stands in the source, and one for each kind of fault. Marks of operator steps and alerts belong
 * to their scenarios. A test compares this table with the source (test/campaign/marks.test.ts).
 */
export const ENGINE_MARKS: readonly EngineMark[] = [
  drawn('ack'),
  drawn('assertion-failed'),
  elsewhere('batch-refused-no-space', 'needs background load, which drawn plans never have'),
  elsewhere('batch-sent', 'needs background load, which drawn plans never have'),
  elsewhere('blank-restart', 'needs the guard durable-restart off, as literal variants have it'),
  drawn('checkpoint-damaged'),
  drawn('checkpoint-durable'),
  drawn('checkpoint-no-space'),
  drawn('client-evicted'),
  drawn('client-retried'),
  drawn('client-retry-answered'),
  drawn('clock-epoch-expired'),
  drawn('clock-epoch-installed'),
  drawn('complaint-joined'),
  elsewhere('compaction-by-log-size', 'needs compaction by the servers, which drawn plans never have'),
  elsewhere('compaction-by-usage', 'needs compaction by the servers, which drawn plans never have'),
  elsewhere('compaction-done', 'needs compaction by the servers, which drawn plans never have'),
  elsewhere('damaged-prepare-refused', 'the network drops damaged packets, and journals give out no damaged entry'),
  elsewhere('data-loss-declared', 'needs an operator who forces a view'),
  drawn('disk-error-reported'),
  drawn('entry-repaired'),
  drawn('eviction-sent'),
  drawn('faulty-slot-found'),
  elsewhere('foreign-message-refused', 'needs another epoch, which only a forced recovery begins'),
  drawn('injected-violation-seen'),
  drawn('journal-lost'),
  drawn('log-truncated'),
  drawn('newer-view-seen'),
  drawn('nonce-protocol-answered'),
  drawn('nonce-protocol-started'),
  drawn('prepare-acknowledged-again'),
  drawn('prepare-breaks-chain'),
  drawn('prepare-quorum'),
  drawn('prepare-refused-no-room'),
  drawn('prepare-retransmitted'),
  elsewhere('prepared', 'set when an operator has prepared the scene of a scenario'),
  drawn('primary-abdicated'),
  drawn('primary-abdication-heard'),
  drawn('recovery-complete'),
  drawn('repair-asked'),
  // Within reach, but an answer must outlive the view change that gives its op another entry, and land in that entry's
  // own round trip: a clog holds such answers, and no plan has met the moment yet.
  drawn('repair-refused-other-sum'),
  drawn('request-refused-no-clock'),
  elsewhere('request-refused-batch-size', 'needs the guard batch-counts-entries off, as literal variants have it'),
  drawn('restarted-primary-yields'),
  drawn('retry-answered-from-table'),
  drawn('session-evicted'),
  drawn('stale-incarnation-dropped'),
  drawn('stale-vote-forgotten'),
  drawn('state-transfer-asked'),
  drawn('state-transfer-installed'),
  drawn('superblock-copy-repaired'),
  drawn('superblock-lost'),
  drawn('torn-append-found'),
  drawn('view-change-log-chosen'),
  drawn('view-change-proposed'),
  drawn('view-change-resumed'),
  drawn('view-change-started'),
  elsewhere(
    'view-change-undecidable',
    'every copy of an op must be damaged: the fault budget keeps one intact, --unrestricted does not',
  ),
  drawn('view-joined'),
  drawn('view-started'),
  drawn('vote-regained'),
  elsewhere('projection-backlog', 'needs hosts with a CPU, which drawn plans do not give'),
  elsewhere('query-killed', 'needs an operator who kills a query'),
  elsewhere('cluster-restored', 'needs an operator who restores a cluster'),
  elsewhere('foreign-data-refused', 'needs a new machine that joins, which drawn plans never have'),
  elsewhere('join-refused', 'needs a new machine that joins, which drawn plans never have'),
  elsewhere('join-rejected', 'needs a new machine that joins, which drawn plans never have'),
  elsewhere('membership-change-prepared', 'needs an operator who changes the membership'),
  elsewhere('new-node-started', 'needs a new machine that joins, which drawn plans never have'),
  elsewhere('release-activated', 'needs servers installed from releases, which drawn plans never have'),
  elsewhere('release-defect-hit', 'needs servers installed from releases, which drawn plans never have'),
  elsewhere('release-proposed', 'needs servers installed from releases, which drawn plans never have'),
  elsewhere('replica-retired', 'needs an operator who changes the membership'),
  elsewhere('standby-added', 'needs an operator who changes the membership'),
  elsewhere('unreadable-form-refused', 'needs servers installed from releases, which drawn plans never have'),
  ...FAULT_KINDS.map(({ kind }): EngineMark => faultMark(kind)),
];

function faultMark(kind: string): EngineMark {
  return elsewhere(`fault:${kind}`, FAULTS_ELSEWHERE.get(kind) ?? '');
}

/** Share of the runs below which a mark counts as rare. */
export const RARE_SHARE = 0.001;

/** A mark that a campaign of drawn plans never or rarely reached. */
export interface RareMark {
  readonly mark: string;
  readonly runs: number;
  /** Scenarios that must reach it. */
  readonly scenarios: readonly string[];
  /** Why drawn plans cannot; '' where they could. */
  readonly onlyElsewhere: string;
}

/** Marks below `RARE_SHARE` of the runs, the rarest first. `reached`: marks with the number of runs that had them. */
export function rareMarks(
  runs: number,
  reached: readonly (readonly [mark: string, runs: number])[],
  scenarios: readonly { readonly id: string; readonly mustReach: readonly string[] }[],
): RareMark[] {
  const counts = new Map(reached);
  const rare = ENGINE_MARKS.map(({ mark, onlyElsewhere }): RareMark => {
    const reaching = scenarios.filter(({ mustReach }) => mustReach.includes(mark)).map(({ id }) => id);
    return { mark, runs: counts.get(mark) ?? 0, scenarios: reaching, onlyElsewhere };
  }).filter((each) => each.runs === 0 || each.runs < RARE_SHARE * runs);
  return rare.sort((one, other) => one.runs - other.runs || (one.mark < other.mark ? -1 : 1));
}
