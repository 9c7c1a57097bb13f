import type { Us } from '../../sim/time.ts';

/** Keys of the log's settings from here on are support tokens: the value is the second at which one expires, 0 once spent. */
export const TOKEN_KEYS = 0x4000_0000;

/** Value with which a token's setting is written to use it up or to revoke it. */
export const TOKEN_SPEND = 0;

/**
 * Executes an entry about a token, by the log's own time: an issue (`value` seconds of life) or a use. Returns the words of
 * the reply: for a use 1 when the token was open and has not expired, else 0, and the second at which it expires.
 */
export function applyToken(
  settings: Map<number, number>,
  key: number,
  value: number,
  timestampUs: Us,
): readonly [accepted: number, expiresS: number] {
  const nowS = Math.floor(timestampUs / 1_000_000);
  if (value !== TOKEN_SPEND) {
    settings.set(key, nowS + value);
    return [1, nowS + value];
  }
  const expiresS = settings.get(key) ?? 0;
  settings.set(key, 0);
  return [expiresS > nowS ? 1 : 0, expiresS];
}

/** What really happened to a token, for the judges (AMB-TOKEN). */
export interface TokenRecord {
  readonly token: string;
  readonly act: 'issued' | 'accepted' | 'refused' | 'revoked';
  /** True time. */
  readonly atUs: Us;
  readonly host: number;
  /** Its entry in the log; -1 when the log knows nothing of it. */
  readonly op: number;
  /** Life of an issued token; 0 for other acts. */
  readonly lifeUs: Us;
}

/** Reads `kst-<number, hexadecimal>-<second of expiry>`; null for anything else. */
export function parseToken(text: string): { readonly key: number; readonly expiresS: number } | null {
  const [, id, expiresS] = /^kst-([0-9a-f]{1,6})-(\d{10})$/.exec(text) ?? [];
  if (id === undefined) return null;
  return { key: TOKEN_KEYS + Number.parseInt(id, 16), expiresS: Number(expiresS) };
}

/** The text of a token: see `parseToken`. */
export function tokenText(key: number, expiresS: number): string {
  return `kst-${(key - TOKEN_KEYS).toString(16)}-${expiresS}`;
}
