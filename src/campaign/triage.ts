import type { CampaignStore } from '../store/campaign-store.ts';
import type { SignatureRow } from '../store/rows.ts';
import { entrySignature, type KeptEntry } from './corpus.ts';

/** Whether failures that look like these had been met before, and where. */
export type Seen =
  | { readonly seen: 'new' }
  /** A file of the corpus explains it: a bug of ours that was mended, and is back. */
  | { readonly seen: 'corpus'; readonly entry: string; readonly note: string }
  /** Noted in the database by `corpus add --db`; the entry is in another corpus. */
  | { readonly seen: 'noted'; readonly note: string }
  /** An earlier campaign of the same database has it; the first that does. */
  | { readonly seen: 'earlier'; readonly campaign: number };

/** A signature with what triage says of it; `known` is true unless it is new. */
export type TriagedSignature = SignatureRow & { readonly triage: Seen };

/**
 * Tells new signatures of a campaign from known ones. What a mutant or a literal variant of the corpus shows explains
 * nothing about a run that has none, so only entries that must pass count. Failures that an earlier campaign's scenarios
 * had declared make nothing known.
 */
export class Triage {
  private readonly store: Pick<CampaignStore, 'signatures'>;
  private readonly id: number;
  private readonly entries: ReadonlyMap<string, KeptEntry>;
  private readonly earlier: ReadonlyMap<string, number>;

  constructor(store: Pick<CampaignStore, 'signatures' | 'earlierCampaigns'>, id: number, kept: readonly KeptEntry[]) {
    this.store = store;
    this.id = id;
    this.entries = explained(kept);
    this.earlier = store.earlierCampaigns(id);
  }

  /** The campaign's signatures, the most frequent first. */
  signatures(): TriagedSignature[] {
    return this.store.signatures(this.id).map((row) => {
      const triage = this.seen(row);
      return { ...row, known: triage.seen !== 'new', triage };
    });
  }

  private seen({ signature, known, note }: SignatureRow): Seen {
    const kept = this.entries.get(signature);
    if (kept !== undefined) return { seen: 'corpus', entry: kept.name, note: kept.entry.note };
    if (known) return { seen: 'noted', note };
    const campaign = this.earlier.get(signature);
    return campaign === undefined ? { seen: 'new' } : { seen: 'earlier', campaign };
  }
}

/** The first entry of each signature that the corpus explains. */
export function explained(kept: readonly KeptEntry[]): Map<string, KeptEntry> {
  const entries = new Map<string, KeptEntry>();
  for (const each of kept) {
    const signature = entrySignature(each.entry);
    if (each.entry.expect === 'passes' && !entries.has(signature)) entries.set(signature, each);
  }
  return entries;
}

/** Triage in a few words, for a table. */
export function seenText(triage: Seen): string {
  switch (triage.seen) {
    case 'new':
      return 'new';
    case 'corpus':
      return `known from corpus: ${triage.entry}`;
    case 'noted':
      return `known: ${triage.note}`;
    case 'earlier':
      return `known from campaign ${triage.campaign}`;
  }
}
