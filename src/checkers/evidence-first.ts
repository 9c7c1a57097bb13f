import type { Property, Report } from './property.ts';

// Bits of what must have been kept (runbook, Scenario 5, diagnosis step 2).
const STATE_DUMP = 1;
const STORAGE_EXPORT = 2;
const COMPLETE = STATE_DUMP | STORAGE_EXPORT;
// Of corruption any copy of what is damaged will do.
const CORRUPTION = 4;
const COPY = 8;

/**
 * INV-EVIDENCE-FIRST: once a replica has stopped by its own assertion, its state and its storage are kept before anything
 * changes them: a start of the process, whoever started it, or a command that replaces its files. Isolating it is no such
 * change: the runbook wants that first. Where a scenario asks for it, the same holds once a verification has found a
 * replica's storage damaged: a copy, an export or a dump comes first. For rehearsals: a drawn plan has no operator who could keep anything.
 */
export class EvidenceFirst implements Property {
  readonly id = 'INV-EVIDENCE-FIRST';
  private readonly report: Report;
  private readonly judgesCorruption: boolean;
  /** Per replica that asserted and has not been changed since: what was kept. */
  private readonly kept: Map<number, number>;

  constructor(report: Report, judgesCorruption: boolean) {
    this.report = report;
    this.judgesCorruption = judgesCorruption;
    this.kept = new Map();
  }

  onStop(replica: number, _incarnation: number, cause: string): void {
    if (cause === 'assertion') this.kept.set(replica, 0);
  }

  onStart(replica: number): void {
    this.changed(replica, 'start');
  }

  /** An operator's verification has found the storage of `replica` damaged. */
  foundCorrupt(replica: number): void {
    if (this.judgesCorruption && !this.kept.has(replica)) this.kept.set(replica, CORRUPTION);
  }

  /** Something about `replica` was kept. */
  keep(replica: number, kind: string): void {
    const kept = this.kept.get(replica);
    if (kept === undefined) return;
    if (kind === 'state-dump') this.kept.set(replica, kept | STATE_DUMP);
    else if (kind === 'storage-export') this.kept.set(replica, kept | STORAGE_EXPORT);
    else if (kind === 'copy') this.kept.set(replica, kept | COPY);
  }

  /** `what` (a command, or `start`) changes the replica's state. The first change is judged; then the scene is gone. */
  changed(replica: number, what: string): void {
    const kept = this.kept.get(replica);
    if (kept === undefined) return;
    this.kept.delete(replica);
    if (kept & CORRUPTION ? kept !== CORRUPTION : (kept & COMPLETE) === COMPLETE) return;
    this.report(this.id, 'changed-before-evidence', {
      replica,
      what,
      stateDump: kept & STATE_DUMP ? 1 : 0,
      storageExport: kept & STORAGE_EXPORT ? 1 : 0,
    });
  }
}
