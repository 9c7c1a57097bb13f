import type Database from 'better-sqlite3';
import { openDatabase } from './open.ts';
import type {
  CampaignMedians,
  CampaignRecord,
  CampaignSpec,
  CampaignState,
  CampaignTotals,
  RunRow,
  SignatureRow,
  ThroughputPoint,
} from './rows.ts';
import { decodeRun, type StoredRun } from './run-codec.ts';
import { RunWriter } from './run-writer.ts';
import { storeError } from './store-error.ts';

interface StoredCampaign {
  readonly id: number;
  readonly spec: string;
  readonly started_ms: number;
  readonly ended_ms: number;
  readonly state: CampaignState;
}

const SELECT_RUNS = `
SELECT run.*, observed.coverage, observed.reached, plan.json, failure.detail, signature.text AS signature FROM run
JOIN observed ON observed.campaign = run.campaign AND observed.idx = run.idx
LEFT JOIN plan ON plan.campaign = run.campaign AND plan.idx = run.idx
LEFT JOIN failure ON failure.campaign = run.campaign AND failure.idx = run.idx
LEFT JOIN signature ON signature.id = failure.signature
WHERE run.campaign = ? AND run.idx BETWEEN ? AND ? ORDER BY run.idx`;

/** The first run of a signature is that of its oldest campaign: SQLite takes the bare columns from the row of `min`. */
const SELECT_SIGNATURES = `
SELECT signature.text AS signature, signature.known, signature.note, per.count, per.idx AS firstIndex,
  run.seed AS firstSeed
FROM (
  SELECT signature, sum(count) AS count, min(campaign) AS campaign, idx
  FROM (
    SELECT signature, campaign, count(*) AS count, min(idx) AS idx FROM failure
    WHERE signature IS NOT NULL AND (@id IS NULL OR campaign = @id) GROUP BY signature, campaign
  ) GROUP BY signature
) AS per
JOIN signature ON signature.id = per.signature
JOIN run ON run.campaign = per.campaign AND run.idx = per.idx
ORDER BY per.count DESC, signature.text`;

const SELECT_EARLIER = `
SELECT signature.text AS signature, min(failure.campaign) AS campaign FROM failure
JOIN signature ON signature.id = failure.signature
JOIN run ON run.campaign = failure.campaign AND run.idx = failure.idx
WHERE failure.campaign < ? AND run.expected = 0 GROUP BY signature.id ORDER BY signature.text`;

/**
 * Results of campaigns in one SQLite file (WAL). One process writes a campaign, any number may read. Every method
 * throws a `UserError` when the file or the file system refuses (damage, lock, full or read-only device).
 */
export class CampaignStore {
  readonly path: string;
  private readonly database: Database.Database;
  private readonly writer: RunWriter;

  private constructor(path: string, database: Database.Database) {
    this.path = path;
    this.database = database;
    this.writer = new RunWriter(database);
  }

  /**
   * Opens, creates or migrates a database. `busyMs` is how long any statement waits for another process. Throws a
   * `UserError` for a damaged, newer or foreign file, and for a place that cannot be written.
   */
  static open(path: string, busyMs?: number): CampaignStore {
    const database = openDatabase(path, busyMs);
    try {
      return new CampaignStore(path, database);
    } catch (error) {
      database.close();
      throw storeError(path, error);
    }
  }

  /** Begins a campaign, in state `running`; returns its id. */
  create(spec: CampaignSpec): number {
    return this.guarded(() => {
      const { lastInsertRowid } = this.database
        .prepare("INSERT INTO campaign (spec, started_ms, ended_ms, state) VALUES (?, ?, 0, 'running')")
        .run(JSON.stringify(spec), Date.now());
      return Number(lastInsertRowid);
    });
  }

  /** All campaigns, the newest last. */
  campaigns(): CampaignRecord[] {
    const rows = this.all<StoredCampaign>('SELECT * FROM campaign ORDER BY id');
    return rows.map(readCampaign);
  }

  campaign(id: number): CampaignRecord | null {
    const row = this.all<StoredCampaign>('SELECT * FROM campaign WHERE id = ?', id)[0];
    return row === undefined ? null : readCampaign(row);
  }

  /** `running` clears the end, the other two set it to now. */
  setState(id: number, state: CampaignState): void {
    const endedMs = state === 'running' ? 0 : Date.now();
    this.run('UPDATE campaign SET state = ?, ended_ms = ? WHERE id = ?', state, endedMs, id);
  }

  /**
   * Stores a batch in one transaction that is on stable storage when this returns. Rows whose index is stored already
   * are ignored. On any error nothing of the batch is stored.
   */
  putRuns(id: number, rows: readonly RunRow[]): void {
    this.guarded(() => this.writer.writeBatch(id, rows));
  }

  /** What a resumed campaign need not run again. */
  storedIndexes(id: number): Set<number> {
    return this.guarded(
      () => new Set(this.database.prepare('SELECT idx FROM run WHERE campaign = ?').pluck().all(id) as number[]),
    );
  }

  /** Runs with indexes from `fromIndex` to `toIndex`, both included, ascending. */
  runs(id: number, fromIndex: number, toIndex: number): RunRow[] {
    const names = new Map(
      this.all<{ id: number; name: string }>('SELECT id, name FROM mark').map((mark) => [mark.id, mark.name]),
    );
    const rows = this.all<StoredRun>(SELECT_RUNS, id, fromIndex, toIndex);
    return rows.map((row) => decodeRun(row, (mark) => names.get(mark) ?? `mark ${mark}`));
  }

  totals(id: number): CampaignTotals {
    const rows = this.all<{ verdict: string; reason: string; expected: number; count: number }>(
      'SELECT verdict, reason, expected, count(*) AS count FROM run WHERE campaign = ? GROUP BY 1, 2, 3 ORDER BY 1, 2, 3',
      id,
    );
    const sum = (keep: (row: (typeof rows)[number]) => boolean): number =>
      rows.filter(keep).reduce((total, row) => total + row.count, 0);
    const byReason: Record<string, number> = {};
    for (const { reason, count } of rows) if (reason !== '') byReason[reason] = (byReason[reason] ?? 0) + count;
    return {
      runs: sum(() => true),
      passed: sum(({ verdict }) => verdict === 'passed'),
      failed: sum(({ verdict }) => verdict === 'failed'),
      inconclusive: sum(({ verdict }) => verdict === 'inconclusive'),
      unexpected: sum(({ expected }) => expected === 0),
      byReason,
    };
  }

  medians(id: number): CampaignMedians {
    const median = (column: 'events' | 'acknowledged' | 'faults_fired'): number => {
      const judged = "FROM run WHERE campaign = @id AND reason NOT IN ('crashed', 'hung')";
      const middle = `(SELECT (max(count(*), 1) - 1) / 2 ${judged})`;
      const [row] = this.all<{ value: number }>(
        `SELECT ${column} AS value ${judged} ORDER BY ${column} LIMIT 1 OFFSET ${middle}`,
        { id },
      );
      return row?.value ?? 0;
    };
    return { events: median('events'), acknowledged: median('acknowledged'), faultsFired: median('faults_fired') };
  }

  /** Marks with the number of runs that reached them, by name. */
  marks(id: number): readonly (readonly [mark: string, runs: number])[] {
    return this.all<{ name: string; runs: number }>(
      'SELECT name, runs FROM reached JOIN mark ON mark.id = mark WHERE campaign = ? ORDER BY name',
      id,
    ).map(({ name, runs }) => [name, runs] as const);
  }

  featureCount(id: number): number {
    return this.all<{ count: number }>('SELECT count(*) AS count FROM coverage WHERE campaign = ?', id)[0]!.count;
  }

  /** Failures by signature, the most frequent first; null: over all campaigns. */
  signatures(id: number | null): SignatureRow[] {
    type Stored = Omit<SignatureRow, 'known'> & { readonly known: number };
    return this.all<Stored>(SELECT_SIGNATURES, { id }).map((row) => ({ ...row, known: row.known === 1 }));
  }

  /** The first campaign before `id` with an undeclared failure of each signature, by signature. */
  earlierCampaigns(id: number): Map<string, number> {
    const rows = this.all<{ signature: string; campaign: number }>(SELECT_EARLIER, id);
    return new Map(rows.map(({ signature, campaign }) => [signature, campaign]));
  }

  /** Marks a signature as known to us, in all campaigns, whether it was met already or not. */
  setKnown(signature: string, note: string): void {
    this.run(
      'INSERT INTO signature (text, known, note) VALUES (?, 1, ?) ON CONFLICT (text) DO UPDATE SET known = 1, note = excluded.note',
      signature,
      note,
    );
  }

  throughput(id: number, { atMs, runs, events, features }: ThroughputPoint): void {
    this.run('INSERT INTO throughput VALUES (?, ?, ?, ?, ?)', id, Math.round(atMs), runs, events, features);
  }

  throughputOf(id: number): readonly ThroughputPoint[] {
    return this.all<ThroughputPoint>(
      'SELECT at_ms AS atMs, runs, events, features FROM throughput WHERE campaign = ? ORDER BY at_ms, rowid',
      id,
    );
  }

  close(): void {
    this.guarded(() => this.database.close());
  }

  private all<Row>(sql: string, ...values: readonly unknown[]): Row[] {
    return this.guarded(() => this.database.prepare<unknown[], Row>(sql).all(...values));
  }

  private run(sql: string, ...values: readonly unknown[]): void {
    this.guarded(() => this.database.prepare(sql).run(...values));
  }

  private guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storeError(this.path, error);
    }
  }
}

function readCampaign({ id, spec, started_ms, ended_ms, state }: StoredCampaign): CampaignRecord {
  return { id, spec: JSON.parse(spec) as CampaignSpec, startedMs: started_ms, endedMs: ended_ms, state };
}
