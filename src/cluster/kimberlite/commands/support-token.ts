import { type CommandResult, failed, ok, type Wait } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { isoText } from '../../host/wall-time.ts';
import { clientId } from '../../vsr/commit.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { parseOutcome } from '../machine.ts';
import { parseToken, TOKEN_KEYS, TOKEN_SPEND, type TokenRecord, tokenText } from '../support-tokens.ts';
import { type Context, here, type Run } from './ask.ts';
import { commitSetting } from './cluster-config.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-admin support-token',
  about:
    'Issues a token for support that is good for one use (--expires), uses one (--use), or revokes it (--revoke). Each is an entry of the log: a quorum decides which use is the first, and the time of the log when it is too late. The number of a token in this model is counted, not drawn.',
  flags: [
    { name: 'expires', kind: 'text', help: 'life of a new token such as 24h, 168h at most' },
    { name: 'use', kind: 'text', help: 'token that support shows' },
    { name: 'revoke', kind: 'text', help: 'token that must not be used any more' },
  ],
  positionals: [],
  positionalsMin: 0,
};

/** Where a node without `token-in-log` keeps the tokens that were used on it. */
const USED_HERE = '/etc/kimberlite/support-tokens-used';
const UNKNOWN = `${USAGE.command}: not committed within 30 s: whether it took effect is unknown\n`;

interface Committed {
  readonly op: number;
  readonly accepted: boolean;
  readonly expiresS: number;
}

/** Commits an entry about a token and reads the reply; null at the timeout. */
function* commitToken(ctx: Context, key: number, value: number): Generator<Wait, Committed | null, boolean> {
  const { fleet } = ctx;
  const op = yield* commitSetting(ctx, key, value);
  if (op === null) return null;
  const client = clientId(here(ctx).id, fleet.sessions);
  for (const view of fleet.seeAll(here(ctx))) {
    const session = view.node?.vsr.replica.sessions.get(client);
    if (session?.op !== op) continue;
    const { length, chain0 } = parseOutcome(session.reply);
    return { op, accepted: length === 1, expiresS: chain0 };
  }
  return null;
}

function record(ctx: Context, token: string, act: TokenRecord['act'], op: number, lifeS = 0): void {
  const { fleet } = ctx;
  const atUs = fleet.world.nowUs;
  fleet.tokens.push({ token, act, atUs, host: here(ctx).id, op, lifeUs: lifeS * 1_000_000 });
  fleet.world.mark(`token-${act}`, here(ctx).id);
}

/** Seconds of `24h`, `30m` or `90s`; 0 for anything else and for more than a week. */
function lifeOf(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,5})([hms])$/.exec(text) ?? [];
  if (count === undefined) return 0;
  const seconds = Number(count) * (unit === 'h' ? 3_600 : unit === 'm' ? 60 : 1);
  return seconds > 168 * 3_600 ? 0 : seconds;
}

function* issue(ctx: Context, text: string): Run {
  const lifeS = lifeOf(text);
  if (lifeS === 0) return failed(2, `${USAGE.command}: ${text} is no life of a token: 90s, 30m, 24h, 168h at most\n`);
  const { fleet } = ctx;
  const key = TOKEN_KEYS + ((here(ctx).id << 16) | (fleet.tokens.length & 0xffff));
  let op = -1;
  let expiresS = Math.floor(ctx.nowMs() / 1_000) + lifeS;
  if (fleet.guard('token-in-log')) {
    const done = yield* commitToken(ctx, key, lifeS);
    if (done === null) return failed(1, UNKNOWN);
    op = done.op;
    // The log counts from the start of the run.
    expiresS = Math.floor(fleet.startWallMs / 1_000) + done.expiresS;
  }
  const token = tokenText(key, expiresS);
  record(ctx, token, 'issued', op, lifeS);
  const entry = op < 0 ? '' : `, op ${op}`;
  return ok(`${token}\nfor one use, expires ${isoText(expiresS * 1_000)}${entry}\n`);
}

/** As a node decides that keeps its own list and goes by its own clock: the token itself says when it expires. */
function useHere(ctx: Context, token: string, expiresS: number): CommandResult {
  const used = ctx.readFile(USED_HERE) ?? '';
  const late = ctx.nowMs() >= expiresS * 1_000;
  if (late || used.split('\n').includes(token)) {
    record(ctx, token, 'refused', -1);
    return failed(1, `${USAGE.command}: refused: ${late ? 'expired' : 'already used'}\n`);
  }
  ctx.writeFile(USED_HERE, `${used}${token}\n`);
  record(ctx, token, 'accepted', -1);
  return ok('accepted\n');
}

function* spend(ctx: Context, token: string, revokes: boolean): Run {
  const parsed = parseToken(token);
  if (parsed === null) return failed(2, `${USAGE.command}: ${token} is no token\n`);
  if (!ctx.fleet.guard('token-in-log')) {
    return revokes
      ? failed(1, `${USAGE.command}: refused: nodes that keep tokens by themselves cannot revoke\n`)
      : useHere(ctx, token, parsed.expiresS);
  }
  const done = yield* commitToken(ctx, parsed.key, TOKEN_SPEND);
  if (done === null) return failed(1, UNKNOWN);
  if (revokes) {
    record(ctx, token, 'revoked', done.op);
    return ok(`revoked, op ${done.op}\n`);
  }
  record(ctx, token, done.accepted ? 'accepted' : 'refused', done.op);
  if (done.accepted) return ok(`accepted, op ${done.op}\n`);
  return failed(
    1,
    `${USAGE.command}: refused: ${done.expiresS === 0 ? 'used, revoked or unknown' : 'expired'}, op ${done.op}\n`,
  );
}

function* supportToken(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const wish = ['expires', 'use', 'revoke'].filter((name) => flags.has(name));
  if (wish.length !== 1) return failed(2, `${USAGE.command}: one of --expires, --use and --revoke\n`);
  const name = wish[0] as string;
  const text = flags.text(name) as string;
  return yield* name === 'expires' ? issue(ctx, text) : spend(ctx, text, name === 'revoke');
}

export const SUPPORT_TOKEN: Subcommand<KimberliteFleet> = {
  words: ['support-token'],
  about: USAGE.about,
  run: supportToken,
};
