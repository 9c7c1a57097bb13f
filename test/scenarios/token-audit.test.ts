import { expect, it } from 'vitest';
import {
  applyToken,
  parseToken,
  TOKEN_KEYS,
  TOKEN_SPEND,
  tokenText,
} from '../../src/cluster/kimberlite/support-tokens.ts';
import { tokenProblems } from '../../src/scenarios/token-audit.ts';
import { HOUR, SECOND } from '../../src/sim/time.ts';

const T = 'kst-1-1770400000';
const ISSUED = { token: T, act: 'issued', atUs: 0, host: 0, op: 5, lifeUs: 24 * HOUR } as const;
const USED = { token: T, act: 'accepted', atUs: HOUR, host: 0, op: 9, lifeUs: 0 } as const;

it('a token that is issued and used once through the log is in order', () => {
  expect(tokenProblems([ISSUED, USED, { ...USED, act: 'refused', op: -1 }])).toEqual([]);
});

it('a second use, a late one, one after the revocation and one without the log are each found', () => {
  expect(tokenProblems([ISSUED, USED, { ...USED, host: 2 }])).toEqual([`${T} accepted twice`]);
  expect(tokenProblems([ISSUED, { ...USED, atUs: 24 * HOUR + 2 * SECOND }])).toEqual([`${T} accepted after its life`]);
  expect(tokenProblems([ISSUED, { ...USED, act: 'revoked' }, USED])).toEqual([`${T} accepted after it was revoked`]);
  expect(tokenProblems([{ ...ISSUED, op: -1 }, USED])).toEqual([`${T} issued: not in the log`]);
  expect(tokenProblems([USED])).toEqual([`${T} accepted, never issued`]);
});

it('the log decides by its own time, and only the first use counts', () => {
  const settings = new Map<number, number>();
  const key = TOKEN_KEYS + 7;
  expect(applyToken(settings, key, 300, 100 * SECOND)).toEqual([1, 400]);
  expect(applyToken(settings, key, TOKEN_SPEND, 399 * SECOND)).toEqual([1, 400]);
  expect(applyToken(settings, key, TOKEN_SPEND, 399 * SECOND)).toEqual([0, 0]);
  applyToken(settings, key, 300, 100 * SECOND);
  expect(applyToken(settings, key, TOKEN_SPEND, 400 * SECOND)).toEqual([0, 400]);
  expect(parseToken(tokenText(key, 1_770_400_000))).toEqual({ key, expiresS: 1_770_400_000 });
  expect(parseToken('kst-')).toBeNull();
});
