/** One line of an incident's event log. */
export interface IncidentEvent {
  /** Wall-clock time in ms since 1970, by true time. */
  readonly atMs: number;
  readonly what: string;
}

/** What the run knows of the present incident: which run it is, and its event log in order of time. */
export interface IncidentFacts {
  readonly scenario: string;
  readonly variant: string;
  readonly seed: number;
  /** Ids of the alerts that have fired. */
  readonly alerts: readonly string[];
  /** Firing and resolved alerts, acts of people, and steps begun. */
  readonly events: readonly IncidentEvent[];
  /** Operations that clients were told are done. */
  readonly acknowledged: number;
}

/** A document that an operator had written, with what the run knew at that moment. */
export interface IncidentReport {
  readonly kind: 'review' | 'bug';
  readonly path: string;
  readonly text: string;
  readonly facts: IncidentFacts;
}

/** Fields that a review must fill (catalogue, pir-template.required_fields). */
export const REVIEW_FIELDS = [
  'Incident',
  'Date',
  'Severity',
  'Duration',
  'Impact',
  'Timeline',
  'Root Cause',
  'Resolution',
  'Action Items',
  'Lessons Learned',
  'Compliance Impact',
] as const;

/** Fields that a bug report must fill (catalogue, help-bug-report.required_fields and its resolution). */
export const BUG_FIELDS = [
  'Version',
  'Run',
  'Diagnostic Bundle',
  'Steps to Reproduce',
  'Expected',
  'Observed',
] as const;

/** The text under a field's heading, trimmed; empty when there is none. */
export function fieldText(document: string, field: string): string {
  const lines = document.split('\n');
  const start = lines.indexOf(`## ${field}`);
  if (start < 0) return '';
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.startsWith('## '));
  return (end < 0 ? rest : rest.slice(0, end)).join('\n').trim();
}
