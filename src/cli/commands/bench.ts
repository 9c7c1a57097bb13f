import { benchTable } from '../../report/bench-table.ts';
import { runBench } from '../bench-workloads.ts';
import { EXIT } from '../exit-codes.ts';
import type { CommandOutput } from '../output.ts';

export interface BenchOptions {
  readonly json: boolean;
}

/** Measures the workloads of R29 on this machine. A figure is no verdict: the exit code is 0. */
export async function bench({ json }: BenchOptions, out: CommandOutput): Promise<number> {
  const results = await runBench((line) => out.stderr(`${line}\n`));
  out.stdout(`${json ? JSON.stringify({ results }, null, 2) : benchTable(results)}\n`);
  return EXIT.expected;
}
