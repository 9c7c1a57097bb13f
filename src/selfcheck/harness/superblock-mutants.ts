import { HONEST_RULES } from '../../cluster/vsr/rules.ts';
import { type HarnessMutant, plant } from './row.ts';
import { type CopyRules, SUPERBLOCK_KEEPS } from './superblock-checks.ts';

function copies(id: string, what: string, planted: Partial<CopyRules>): HarnessMutant {
  const facts = { id, what, source: 'R5; R27', part: 'storage' } as const;
  return plant(facts, SUPERBLOCK_KEEPS, HONEST_RULES, { ...HONEST_RULES, ...planted });
}

/**
 * Planted bugs of the superblock's copies. In whole runs they take two power failures within the milliseconds of one
 * update (none killed in 150 storms that aim at them); a check of their own plays those histories by the hundred.
 */
export const SUPERBLOCK_MUTANTS: readonly HarnessMutant[] = [
  copies('superblock-one-sync', 'all copies of the superblock are written before one sync', {
    syncsCopy: (copy, count) => copy === count - 1,
  }),
  copies('superblock-newest-copy-wins', 'a superblock opens from its newest copy alone, and nothing is repaired', {
    copiesSuffice: () => true,
    repairsCopies: () => false,
  }),
  copies('superblock-copies-not-repaired', 'copies of the superblock that differ at start stay as they are', {
    repairsCopies: () => false,
  }),
];
