import type Database from 'better-sqlite3';
import type { RunRow } from './rows.ts';
import { packAscending, packNumbers } from './run-codec.ts';

/** `OR IGNORE` would also swallow a row that breaks another constraint. */
const INSERT_RUN = `
INSERT INTO run (campaign, idx, seed, scenario, variant, generation, origin, plan_hash, verdict, reason,
  property, site, trace_hash, events, virtual_us, acknowledged, faults_fired, wall_ms, expected, recovery_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (campaign, idx) DO NOTHING`;

const KEEP_FEATURE = `
INSERT INTO coverage (campaign, feature, first_idx) VALUES (?, ?, ?)
ON CONFLICT (campaign, feature) DO UPDATE SET first_idx = excluded.first_idx WHERE excluded.first_idx < first_idx`;

const COUNT_MARK = `
INSERT INTO reached (campaign, mark, runs) VALUES (?, ?, ?)
ON CONFLICT (campaign, mark) DO UPDATE SET runs = runs + excluded.runs`;

/**
 * Writes runs with all that is derived from them: first indexes of features, counts of marks, signatures. Results do not
 * depend on the order of the rows or on the batches they come in.
 */
export class RunWriter {
  private readonly database: Database.Database;
  private readonly insertRun: Database.Statement;
  private readonly insertObserved: Database.Statement;
  private readonly insertPlan: Database.Statement;
  private readonly insertFailure: Database.Statement;
  private readonly insertSignature: Database.Statement;
  private readonly keepFeature: Database.Statement;
  private readonly countMark: Database.Statement;
  private readonly insertMark: Database.Statement;
  private readonly findMark: Database.Statement;
  /** Lowest index known for each feature of `cachedCampaign`: most features are old, and cost no statement then. */
  private features = new Map<number, number>();
  private marks = new Map<string, number>();
  private cachedCampaign = -1;
  private readonly writeAll: Database.Transaction<(campaign: number, rows: readonly RunRow[]) => void>;

  constructor(database: Database.Database) {
    this.database = database;
    this.insertRun = database.prepare(INSERT_RUN);
    this.insertObserved = database.prepare('INSERT INTO observed VALUES (?, ?, ?, ?)');
    this.insertPlan = database.prepare('INSERT INTO plan (campaign, idx, json) VALUES (?, ?, ?)');
    this.insertFailure = database.prepare(
      'INSERT INTO failure (campaign, idx, signature, detail) VALUES (?, ?, (SELECT id FROM signature WHERE text = ?), ?)',
    );
    this.insertSignature = database.prepare('INSERT INTO signature (text) VALUES (?) ON CONFLICT (text) DO NOTHING');
    this.keepFeature = database.prepare(KEEP_FEATURE);
    this.countMark = database.prepare(COUNT_MARK);
    this.insertMark = database.prepare('INSERT INTO mark (name) VALUES (?) ON CONFLICT (name) DO NOTHING');
    this.findMark = database.prepare('SELECT id FROM mark WHERE name = ?').pluck();
    this.writeAll = database.transaction((campaign, rows) => {
      // Counted for the whole batch: each run reaches dozens of marks.
      const reached = new Map<number, number>();
      for (const row of rows) this.write(campaign, row, reached);
      for (const [mark, runs] of reached) this.countMark.run(campaign, mark, runs);
    });
  }

  /** One transaction, on stable storage when it returns. Rows whose index is stored already are ignored. */
  writeBatch(campaign: number, rows: readonly RunRow[]): void {
    if (campaign !== this.cachedCampaign) this.forget(campaign);
    // In WAL mode NORMAL syncs at checkpoints only, and a power cut would take every batch since the last one.
    this.database.pragma('synchronous = FULL');
    try {
      this.writeAll.immediate(campaign, rows);
    } catch (error) {
      // What was remembered of this batch was rolled back.
      this.forget(campaign);
      throw error;
    } finally {
      this.database.pragma('synchronous = NORMAL');
    }
  }

  private write(campaign: number, row: RunRow, reached: Map<number, number>): void {
    const marks: number[] = [];
    for (const [name, count] of row.reached) marks.push(this.markId(name), count);
    const { changes } = this.insertRun.run(
      campaign,
      row.index,
      row.seed,
      row.scenario,
      row.variant,
      row.generation,
      row.origin,
      row.planHash,
      row.verdict,
      row.reason,
      row.property,
      row.site,
      row.traceHash,
      row.events,
      row.virtualUs,
      row.acknowledged,
      row.faultsFired,
      row.wallMs,
      row.expected ? 1 : 0,
      row.recoveryUs ?? -1,
    );
    if (changes === 0) return;
    this.insertObserved.run(campaign, row.index, packAscending(row.coverage), packNumbers(marks));
    for (let at = 0; at < marks.length; at += 2) reached.set(marks[at]!, (reached.get(marks[at]!) ?? 0) + 1);
    for (const feature of row.coverage) this.cover(campaign, feature, row.index);
    if (row.planJson !== '') this.insertPlan.run(campaign, row.index, row.planJson);
    if (row.signature !== '') this.insertSignature.run(row.signature);
    if (row.signature !== '' || row.detail !== '') {
      this.insertFailure.run(campaign, row.index, row.signature, row.detail);
    }
  }

  private cover(campaign: number, feature: number, index: number): void {
    const first = this.features.get(feature);
    // Another process can only have lowered the stored index, so what is remembered is never too low.
    if (first !== undefined && first <= index) return;
    this.keepFeature.run(campaign, feature, index);
    this.features.set(feature, index);
  }

  private markId(name: string): number {
    const known = this.marks.get(name);
    if (known !== undefined) return known;
    this.insertMark.run(name);
    const id = this.findMark.get(name) as number;
    this.marks.set(name, id);
    return id;
  }

  private forget(campaign: number): void {
    this.features = new Map();
    this.marks = new Map();
    this.cachedCampaign = campaign;
  }
}
