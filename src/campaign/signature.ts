import type { RunResult } from '../plan/result.ts';

/** What of a result a signature is made of. */
export type Signed = Pick<RunResult, 'verdict' | 'reason' | 'property' | 'findings' | 'pending'>;

/** Longer first lines are cut: a signature is read in tables. */
const LINE_CHARACTERS_MAX = 160;

/** The signature of a property and the place in our source that found it violated. */
export function failureSignature(property: string, site: string): string {
  return `${property} @ ${site}`;
}

/** Where the property that `result.property` names was found violated; '' when none was. */
export function siteOf({ property, findings }: Pick<RunResult, 'property' | 'findings'>): string {
  return findings.find((finding) => finding.property === property)?.site ?? '';
}

/**
 * What failures of one cause have in common: property and site; for a crashed or hung run the reason and the first line
 * of what was said last, without what differs from machine to machine. '' for a run that is neither.
 */
export function signatureOf(result: Signed): string {
  if (result.verdict === 'failed') return failureSignature(result.property, siteOf(result));
  if (result.reason !== 'crashed' && result.reason !== 'hung') return '';
  return `${result.reason}: ${firstLine(result.pending)}`;
}

/** Folders go, the file's name stays; numbers go, except the exit code. */
function firstLine(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  const placeless = line.replace(/(?:file:\/\/)?(?:\/[^\s/:()]+)+\//g, '');
  const timeless = placeless.replace(/(?<!code )\b(?:0x[0-9a-f]+|\d+(?:\.\d+)?)\b/gi, '#');
  return timeless.slice(0, LINE_CHARACTERS_MAX);
}
