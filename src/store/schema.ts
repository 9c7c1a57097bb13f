import type Database from 'better-sqlite3';

/** `PRAGMA application_id` of our files: the letters FDRL. Another program's database is refused by it. */
export const APPLICATION_ID = 0x4644524c;

/** The schema that this firedrill writes and the newest that it reads: the number of migrations. */
export const SCHEMA_VERSION = 3;

/**
 * Version 1. `observed`, `plan` and `failure` stand apart from `run`, so that totals over a million runs read none of
 * them. The blobs of `observed` are packed as `run-codec.ts` says: features, and pairs of mark and count.
 */
const CAMPAIGNS = `
CREATE TABLE campaign (
  id INTEGER PRIMARY KEY,
  spec TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'interrupted'))
) STRICT;
CREATE TABLE run (
  campaign INTEGER NOT NULL REFERENCES campaign (id),
  idx INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  scenario TEXT NOT NULL,
  variant TEXT NOT NULL,
  generation INTEGER NOT NULL,
  origin TEXT NOT NULL,
  plan_hash TEXT NOT NULL,
  verdict TEXT NOT NULL,
  reason TEXT NOT NULL,
  property TEXT NOT NULL,
  site TEXT NOT NULL,
  trace_hash TEXT NOT NULL,
  events INTEGER NOT NULL,
  virtual_us INTEGER NOT NULL,
  acknowledged INTEGER NOT NULL,
  faults_fired INTEGER NOT NULL,
  wall_ms REAL NOT NULL,
  expected INTEGER NOT NULL,
  PRIMARY KEY (campaign, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE observed (
  campaign INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  coverage BLOB NOT NULL,
  reached BLOB NOT NULL,
  PRIMARY KEY (campaign, idx)
) STRICT;
CREATE TABLE plan (
  campaign INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (campaign, idx)
) STRICT;
CREATE TABLE signature (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE failure (
  campaign INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  signature INTEGER REFERENCES signature (id),
  detail TEXT NOT NULL,
  PRIMARY KEY (campaign, idx)
) STRICT;
CREATE TABLE coverage (
  campaign INTEGER NOT NULL,
  feature INTEGER NOT NULL,
  first_idx INTEGER NOT NULL,
  PRIMARY KEY (campaign, feature)
) STRICT, WITHOUT ROWID;
CREATE TABLE mark (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE reached (
  campaign INTEGER NOT NULL,
  mark INTEGER NOT NULL REFERENCES mark (id),
  runs INTEGER NOT NULL,
  PRIMARY KEY (campaign, mark)
) STRICT, WITHOUT ROWID;
CREATE TABLE throughput (
  campaign INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  events INTEGER NOT NULL,
  features INTEGER NOT NULL
) STRICT;
CREATE INDEX throughput_of ON throughput (campaign, at_ms);
`;

/** Version 2: triage. A signature may be known, with a note; failures are found by it. */
const TRIAGE = `
ALTER TABLE signature ADD COLUMN known INTEGER NOT NULL DEFAULT 0;
ALTER TABLE signature ADD COLUMN note TEXT NOT NULL DEFAULT '';
CREATE INDEX failure_by_signature ON failure (signature, campaign, idx);
`;

/** Version 3: how long recovery took, for distributions against targets; -1: it did not recover, or had nothing to. */
const RECOVERY = `ALTER TABLE run ADD COLUMN recovery_us INTEGER NOT NULL DEFAULT -1;`;

/** Migration n leads from version n to n + 1. What has been released is never edited, only followed by another. */
const MIGRATIONS: readonly string[] = [CAMPAIGNS, TRIAGE, RECOVERY];

/** Brings a database to a version in one transaction, so that a crash leaves the old one or the new one. */
export function migrate(database: Database.Database, to: number = SCHEMA_VERSION): void {
  database
    .transaction(() => {
      // Read inside: another process may have migrated while we waited for the lock.
      const from = database.pragma('user_version', { simple: true }) as number;
      if (from >= to) return;
      for (const step of MIGRATIONS.slice(from, to)) database.exec(step);
      database.pragma(`application_id = ${APPLICATION_ID}`);
      database.pragma(`user_version = ${to}`);
    })
    .immediate();
}
