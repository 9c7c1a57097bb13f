import type { Ratchet } from './shape.ts';

/** Functions longer than the limit, each with the reason why splitting would not help its reader. */
export const RATCHETS: readonly Ratchet[] = [];
