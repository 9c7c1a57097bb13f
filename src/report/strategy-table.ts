import Table from 'cli-table3';
import type { Painter } from './paint.ts';

/** What the table needs of one strategy's hunt of one mutant. */
export interface DuelFate {
  readonly mutant: string;
  readonly strategy: string;
  readonly killed: number;
  /** -1: the median trial ended without a kill. */
  readonly medianRuns: number;
  readonly medianEvents: number;
  readonly trials: readonly unknown[];
}

/** A million events, to one digit. */
function millions(events: number): string {
  return `${(events / 1_000_000).toFixed(1)} M`;
}

function cell({ killed, trials, medianRuns, medianEvents }: DuelFate, paint: Painter): string {
  const share = killed === trials.length ? '' : ` (${killed} of ${trials.length})`;
  return medianRuns < 0 ? paint.bad(`not found${share}`) : `${medianRuns} / ${millions(medianEvents)}${share}`;
}

/** Median runs and events to the kill of each mutant by each strategy, and the totals of each strategy. */
export function strategyTable(duels: readonly DuelFate[], paint: Painter): string {
  const strategies = [...new Set(duels.map(({ strategy }) => strategy))];
  const mutants = [...new Set(duels.map(({ mutant }) => mutant))];
  const of = (mutant: string, strategy: string): DuelFate | undefined =>
    duels.find((duel) => duel.mutant === mutant && duel.strategy === strategy);
  const table = new Table({
    head: ['mutant: runs / events to kill', ...strategies],
    style: { head: [], border: [], compact: true },
  });
  for (const mutant of mutants) {
    table.push([
      mutant,
      ...strategies.map((strategy) => {
        const duel = of(mutant, strategy);
        return duel === undefined ? '-' : cell(duel, paint);
      }),
    ]);
  }
  table.push(['found in trials', ...strategies.map((strategy) => totalOf(duels, strategy))]);
  table.push(['median of medians', ...strategies.map((strategy) => medianOf(duels, strategy))]);
  return table.toString();
}

function totalOf(duels: readonly DuelFate[], strategy: string): string {
  const own = duels.filter((duel) => duel.strategy === strategy);
  const sum = (count: (duel: DuelFate) => number): number => own.reduce((total, duel) => total + count(duel), 0);
  return `${sum(({ killed }) => killed)} of ${sum(({ trials }) => trials.length)}`;
}

/** Not found counts as longer than everything that was. */
function medianOf(duels: readonly DuelFate[], strategy: string): string {
  const own = duels.filter((duel) => duel.strategy === strategy);
  own.sort((left, right) => longest(left) - longest(right));
  const middle = own[Math.floor((own.length - 1) / 2)];
  if (middle === undefined || middle.medianRuns < 0) return 'not found';
  return `${middle.medianRuns} / ${millions(middle.medianEvents)}`;
}

function longest({ medianEvents }: DuelFate): number {
  return medianEvents < 0 ? Number.MAX_SAFE_INTEGER : medianEvents;
}
