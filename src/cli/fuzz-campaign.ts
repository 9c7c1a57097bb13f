import { ownBuild } from '../campaign/bullmq/build.ts';
import { DRAWN, learns, REHEARSED } from '../campaign/expand.ts';
import { type CampaignCase, CampaignOrder } from '../campaign/order.ts';
import { type Asked, resumable } from '../campaign/resume.ts';
import { DEFAULT_STRATEGY } from '../campaign/strategy.ts';
import { UserError } from '../plan/user-error.ts';
import type { CampaignStore } from '../store/campaign-store.ts';
import type { CampaignRecord, CampaignSpec } from '../store/rows.ts';
import type { FuzzOptions } from './commands/fuzz.ts';
import type { Engine } from './engine.ts';
import { SEED_MAX, selectEntries, variantsOf } from './select.ts';

/** Seeds of a campaign that was given neither a range nor a time: half a minute on two cores. */
const SEEDS_DEFAULT = 1_000;

/** A campaign of the database, and the order of its runs. */
export interface OpenCampaign {
  readonly record: CampaignRecord;
  readonly order: CampaignOrder;
  /** Whether its plans depend on coverage, so that it goes from generation to generation. */
  readonly learning: boolean;
}

/**
 * Reads and checks what the options ask for, before any database is opened; the function that it returns then begins that
 * campaign, or finds the one that is resumed.
 */
export async function campaignOf(
  options: FuzzOptions,
  engine: Engine,
): Promise<(store: CampaignStore) => OpenCampaign> {
  const own = versionsOf(engine);
  if (!options.resume) {
    const spec = await specOf(options, engine, own);
    return (store) => opened(store.campaign(store.create(spec))!);
  }
  const asked = await askedOf(options, engine);
  return (store) => {
    const record = resumable(store, asked, own);
    checkTime(options, record.spec);
    store.setState(record.id, 'running');
    return opened(record);
  };
}

function opened(record: CampaignRecord): OpenCampaign {
  const { spec } = record;
  return { record, order: orderOf(spec), learning: spec.scenarios[0] === DRAWN && learns(spec.strategy) };
}

/** The runs of a campaign. An open end reaches to the last seed that there is. */
export function orderOf({ scenarios, variants, seedFrom, seedTo }: CampaignSpec): CampaignOrder {
  // `variants` names one for each scenario, which then stands there once for each of its variants.
  const cases = scenarios.map((scenario, i) => ({ scenario, variant: variants[i] as CampaignCase['variant'] }));
  return new CampaignOrder(cases, seedFrom, seedTo < 0 ? SEED_MAX : seedTo);
}

/** Runs of different builds may differ: the digest of the sources tells one from another. */
function versionsOf({ versions }: Engine): Pick<CampaignSpec, 'firedrill' | 'node'> {
  return { firedrill: `${versions.firedrill}+${ownBuild(versions.firedrill).build}`, node: versions.node };
}

async function specOf(
  options: FuzzOptions,
  engine: Engine,
  own: Pick<CampaignSpec, 'firedrill' | 'node'>,
): Promise<CampaignSpec> {
  const { seeds } = options;
  const chosen = await casesOf(options, engine);
  const entropy = seeds.kind === 'unset' ? engine.entropy() % (SEED_MAX >>> 1) : 0;
  const seedFrom = seeds.kind === 'range' ? seeds.from : entropy;
  const lastDefault = options.forMs === null ? seedFrom + SEEDS_DEFAULT - 1 : -1;
  return {
    ...chosen,
    seedFrom,
    seedTo: seeds.kind === 'range' ? seeds.to : lastDefault,
    unrestricted: options.unrestricted,
    campaignSeed: seedFrom,
    profile: 'intended',
    ...own,
  };
}

type Chosen = Pick<CampaignSpec, 'system' | 'scenarios' | 'variants' | 'strategy'>;

async function casesOf(
  { scenarios, system, variant, strategy, unrestricted }: FuzzOptions,
  engine: Engine,
): Promise<Chosen> {
  const named = scenarios.length === 0 ? [DRAWN] : scenarios;
  const entries = selectEntries({ scenarios: named, system }, (await engine.source()).list());
  const drawn = entries.filter(({ id }) => id === DRAWN).length;
  if (drawn > 0 && entries.length > 1) {
    throw new UserError(
      `drawn plans (${DRAWN}) and scenarios do not share a campaign`,
      `run one campaign with --scenario ${DRAWN} and another with the rest`,
    );
  }
  if (drawn === 0 && (strategy !== null || unrestricted)) {
    const option = strategy === null ? '--unrestricted' : '--strategy';
    throw new UserError(`${option} is for drawn plans, not for scenarios`, `leave out ${option} or --scenario`);
  }
  const cases = entries.flatMap((entry) =>
    variantsOf(entry, { variant, without: null }).map((each) => ({ entry, variant: each })),
  );
  if (cases.length === 0) {
    throw new UserError('no run is left by these options', 'leave out --variant or --system; see firedrill list');
  }
  return {
    system: cases[0]!.entry.system,
    scenarios: cases.map(({ entry }) => entry.id),
    variants: cases.map((each) => each.variant),
    strategy: drawn === 0 ? REHEARSED : (strategy ?? DEFAULT_STRATEGY),
  };
}

/** What the command line says beside `--resume`; the campaign must say the same. */
async function askedOf(options: FuzzOptions, engine: Engine): Promise<Asked> {
  const { system, scenarios, variant, seeds, strategy, unrestricted } = options;
  const cases = scenarios.length > 0 || variant !== null ? await casesOf(options, engine) : null;
  return {
    system: system ?? undefined,
    scenarios: cases?.scenarios,
    variants: cases?.variants,
    strategy: strategy ?? undefined,
    unrestricted: unrestricted ? true : undefined,
    ...(seeds.kind === 'range' ? { seedFrom: seeds.from, seedTo: seeds.to } : {}),
  };
}

function checkTime({ forMs }: FuzzOptions, { seedTo }: CampaignSpec): void {
  if (seedTo < 0 && forMs === null) {
    throw new UserError('the campaign that is resumed ends with its time', 'say how long: --resume --for 30m');
  }
  if (seedTo >= 0 && forMs !== null) {
    throw new UserError('the campaign that is resumed ends with its last seed', 'leave out --for');
  }
}
