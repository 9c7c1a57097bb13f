import Table from 'cli-table3';
import { durationText } from './duration.ts';

/** A scenario as `firedrill list` shows it. */
export interface ListedScenario {
  readonly id: string;
  readonly system: string;
  readonly title: string;
  readonly severity: string;
  readonly variants: readonly string[];
  readonly mttrUs: number;
}

/** The scenarios as a table, in the given order. */
export function listTable(scenarios: readonly ListedScenario[]): string {
  const table = new Table({
    head: ['scenario', 'system', 'severity', 'variants', 'target', 'title'],
    style: { head: [], border: [], compact: true },
  });
  for (const { id, system, title, severity, variants, mttrUs } of scenarios) {
    table.push([id, system, severity, variants.join(', '), mttrUs > 0 ? durationText(mttrUs) : '-', title]);
  }
  return table.toString();
}
