import type { Decisions } from './decisions.ts';
import { chance, DOMAIN, mix2, mix3, mixString } from './mix.ts';
import type { Us } from './time.ts';

/** What of a world decides about rarities. */
interface RarityWorld {
  readonly seed: number;
  readonly rarities: boolean;
  readonly decisions: Decisions | null;
  readonly nowUs: Us;
}

/**
 * Whether the legal rarity `name` happens on this host now (R9): a quarter of the names are active in a run, and an
 * active one happens in one of 32 keys. A plan with a list of decisions says it itself.
 */
export function rarityHappens(world: RarityWorld, name: string, host: number, key: number): boolean {
  const { seed, rarities, decisions, nowUs } = world;
  if (!rarities && decisions === null) return false;
  const nameHash = mixString(0, name);
  const drawn =
    rarities &&
    chance(mix2(seed, DOMAIN.may, nameHash, 0), 16_384) &&
    chance(mix3(seed, DOMAIN.mayFire, nameHash, host, key), 2_048);
  return decisions === null ? drawn : decisions.rarity(nowUs, name, host, key, drawn);
}
