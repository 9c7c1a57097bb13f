import { z } from 'zod';
import type { Decision } from '../sim/decisions.ts';

/**
 * One chance decision of a run, written down (R26). A plan with a list of them leaves nothing to rates: what is listed
 * deviates, everything else takes its default. The forms and the defaults stand in `src/sim/decisions.ts`.
 */
export type PlanDecision = Decision;

const count = z.int().min(0);
const word = z.int();

/** The form of an entry of `decisions` in a plan file. */
export const decisionSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('packet'),
    what: z.enum(['loss', 'duplicate', 'reorder', 'corrupt']),
    from: count,
    to: count,
    message: z.string().min(1),
    tag: count,
    id0: word,
    id1: word,
    attempt: count,
    delayUs: count,
  }),
  z.strictObject({ kind: z.literal('rarity'), name: z.string().min(1), host: count, key: word }),
  z.strictObject({
    kind: z.literal('sector'),
    cause: z.enum(['power-loss', 'fsync-error']),
    label: z.string().min(1),
    host: count,
    file: z.string().min(1),
    sector: count,
    version: count,
    fate: z.enum(['written', 'torn']),
  }),
  z.strictObject({
    kind: z.literal('directory'),
    label: z.string().min(1),
    host: count,
    sequence: count,
    kept: z.int().min(1),
  }),
]);
