import { hi32, mix4, mixString } from '../../../sim/mix.ts';
import { type OperatorCommand, ok } from '../command.ts';
import type { HostFleet } from '../host-fleet.ts';

/** How long a call takes, so that no two on a host fall on the same microsecond. */
const CALL_US = 1_000;

/** `uuidgen`: a UUID of version 4, drawn from the seed, the host and the moment. */
export const uuidgen: OperatorCommand<HostFleet> = function* (_argv, _stdin, ctx) {
  const { world } = ctx.fleet;
  const host = ctx.fleet.machineOf(ctx.onHost, ctx.onHost)?.id ?? -1;
  const domain = mixString(world.seed, 'uuidgen');
  let digits = '';
  for (let word = 0; word < 4; word++) {
    const drawn = mix4(world.seed, domain, world.nowUs, hi32(world.nowUs), host, word);
    digits += (drawn >>> 0).toString(16).padStart(8, '0');
  }
  yield { kind: 'sleep', us: CALL_US };
  const variant = '89ab'[Number.parseInt(digits[16] as string, 16) & 3];
  return ok(
    `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}\n`,
  );
};
