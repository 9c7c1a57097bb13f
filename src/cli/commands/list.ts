import { listTable } from '../../report/list-table.ts';
import type { Engine } from '../engine.ts';
import { EXIT } from '../exit-codes.ts';
import type { CommandOutput } from '../output.ts';

export interface ListOptions {
  readonly json: boolean;
}

/** Prints the scenarios. Drawn plans are none; the text says how to run them. */
export async function list({ json }: ListOptions, out: CommandOutput, engine: Pick<Engine, 'source'>): Promise<number> {
  const entries = (await engine.source()).list().filter(({ variants }) => !variants.includes('swarm'));
  if (json) {
    const rows = entries.map(({ id, system, title, severity, variants, covers, mttrUs, mustReach }) => ({
      id,
      system,
      title,
      severity,
      variants,
      covers,
      mttrUs,
      mustReach,
    }));
    out.stdout(`${JSON.stringify(rows, null, 2)}\n`);
  } else {
    out.stdout(`${listTable(entries)}\n\ndrawn plans: firedrill run swarm --seeds 1..100\n`);
  }
  return EXIT.expected;
}
