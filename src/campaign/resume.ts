import { createHash } from 'node:crypto';
import { UserError } from '../plan/user-error.ts';
import type { CampaignStore } from '../store/campaign-store.ts';
import type { CampaignRecord, CampaignSpec } from '../store/rows.ts';

/** The campaign's name on a queue: the same after a restart of its coordinator, another for every campaign. */
export function campaignName({ spec, startedMs }: CampaignRecord): string {
  const digest = createHash('sha256').update(JSON.stringify(spec)).update(String(startedMs)).digest('hex');
  return `campaign-${digest.slice(0, 16)}`;
}

/** What was asked for together with `--resume`; undefined: not asked for. */
export type Asked = { readonly [Key in keyof CampaignSpec]?: CampaignSpec[Key] | undefined };

/** The option that sets a field of the spec; the others are not asked for but found. */
const OPTIONS: readonly (readonly [field: keyof CampaignSpec, option: string])[] = [
  ['system', '--system'],
  ['scenarios', '--scenario'],
  ['variants', '--variant'],
  ['seedFrom', '--seeds'],
  ['seedTo', '--seeds'],
  ['strategy', '--strategy'],
  ['unrestricted', '--unrestricted'],
];

/**
 * The newest campaign that was interrupted or killed. Throws a `UserError` when there is none, when it was begun by
 * another version (its runs could not be compared with ours), or when an argument says something else than it did.
 */
export function resumable(
  store: CampaignStore,
  asked: Asked,
  own: Pick<CampaignSpec, 'firedrill' | 'node'>,
): CampaignRecord {
  const open = store.campaigns().filter(({ state }) => state !== 'finished');
  const record = open.at(-1);
  if (record === undefined) {
    throw new UserError(
      `${store.path} has no campaign that could be resumed`,
      'leave out --resume to begin one, or name its database with --db FILE',
    );
  }
  for (const [field, option] of OPTIONS) {
    const wanted = asked[field];
    if (wanted === undefined || JSON.stringify(wanted) === JSON.stringify(record.spec[field])) continue;
    throw new UserError(
      `campaign ${record.id} of ${store.path} was begun with another ${option} (${text(record.spec[field])}, not ${text(wanted)})`,
      `leave out ${option} to resume it, or leave out --resume to begin another campaign`,
    );
  }
  for (const field of ['firedrill', 'node'] as const) {
    if (record.spec[field] === own[field]) continue;
    throw new UserError(
      `campaign ${record.id} of ${store.path} was begun with ${field} ${record.spec[field]}, this is ${own[field]}`,
      'resume it with the version that began it, or leave out --resume to begin another campaign',
    );
  }
  return record;
}

function text(value: CampaignSpec[keyof CampaignSpec]): string {
  return Array.isArray(value) ? value.join(' ') : String(value);
}
