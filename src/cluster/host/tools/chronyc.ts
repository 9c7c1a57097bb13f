import type { Us } from '../../../sim/time.ts';
import { failed, type OperatorCommand, ok } from '../command.ts';
import { type CommandUsage, parseFlags } from '../flags.ts';
import { type HostFleet, ownMachine, wallMsOf } from '../host-fleet.ts';
import { plainText } from '../wall-time.ts';

const USAGE: CommandUsage = {
  command: 'chronyc',
  about: 'What the time daemon of this host knows: tracking (offset at its last poll) or sources (its server).',
  flags: [],
  positionals: ['tracking|sources'],
  positionalsMin: 1,
};

function seconds(us: Us): string {
  const magnitude = Math.abs(us);
  return `${Math.floor(magnitude / 1_000_000)}.${String(magnitude % 1_000_000).padStart(6, '0')}000`;
}

/** `chronyc tracking` and `chronyc sources`. The daemon knows its server's time, not true time. */
export const chronyc: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const machine = ownMachine(fleet, ctx.onHost);
  const { clock } = machine;
  yield { kind: 'sleep', us: 10_000 };
  if (!clock.ntpRunning) return failed(1, '506 Cannot talk to daemon\n');
  const polled = clock.ntpPolledUs >= 0;
  switch (parsed.flags.positionals[0]) {
    case 'tracking': {
      const side = clock.ntpErrorUs >= 0 ? 'slow' : 'fast';
      const polledMs = fleet.startWallMs + Math.floor(clock.ntpPolledUs / 1_000);
      const lines = [
        `Reference ID    : ${polled ? '0A000001 (ntp.kimberlite.prod)' : '00000000 ()'}`,
        `Ref time (UTC)  : ${polled ? plainText(polledMs) : 'never'}`,
        `System time     : ${seconds(polled ? clock.ntpErrorUs : 0)} seconds ${side} of NTP time`,
        `Leap status     : ${polled && clock.ntp.reachable ? 'Normal' : 'Not synchronised'}`,
        `Local time      : ${plainText(wallMsOf(fleet, machine))}`,
      ];
      return ok(`${lines.join('\n')}\n`);
    }
    case 'sources': {
      const heard = polled && clock.ntp.reachable;
      const state = heard ? '^*' : '^?';
      const reach = heard ? 377 : 0;
      return ok(`MS Name/IP address          Reach\n${state} ntp.kimberlite.prod        ${reach}\n`);
    }
    default:
      return failed(1, `chronyc: unrecognized command ${parsed.flags.positionals[0]}: use tracking or sources\n`);
  }
};
