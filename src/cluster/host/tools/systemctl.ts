import type { Machine } from '../../../sim/machine.ts';
import { SECOND, type Us } from '../../../sim/time.ts';
import { type CommandResult, failed, type OperatorCommand, ok, type Wait } from '../command.ts';
import { type CommandUsage, parseFlags } from '../flags.ts';
import { type HostFleet, ownMachine } from '../host-fleet.ts';
import { journalStamp } from '../wall-time.ts';

const USAGE: CommandUsage = {
  command: 'systemctl',
  about:
    'Controls the units of this host: the service under test and chronyd. stop: the supervisor leaves it alone until start. A unit that hangs is killed 90 s after stop (TimeoutStopSec).',
  flags: [{ name: 'no-pager', kind: 'switch', help: 'no effect: output is never paged' }],
  positionals: ['start|stop|restart|status|is-active', 'UNIT'],
  positionalsMin: 2,
};

const CALL_US: Us = 50_000;
const STOP_US: Us = 100_000;
/** systemd's DefaultTimeoutStopSec. */
const STOP_TIMEOUT_US: Us = 90 * SECOND;

/** `systemctl VERB UNIT` on the host of the shell. */
export const systemctl: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const [verb, name] = parsed.flags.positionals as [string, string];
  const unit = name.replace(/\.service$/, '');
  const { fleet } = ctx;
  const machine = ownMachine(fleet, ctx.onHost);
  yield { kind: 'sleep', us: CALL_US };
  if (verb === 'set-environment' || verb === 'unset-environment') return environment(fleet, machine, verb, name);
  if (unit === 'chronyd' || unit === 'chrony') return chronyd(machine, verb);
  if (unit !== fleet.unit || !fleet.hasService(machine)) {
    return failed(5, `Failed to ${verb} ${unit}.service: Unit ${unit}.service not found.\n`);
  }
  switch (verb) {
    case 'start':
      startService(machine);
      return ok('');
    case 'stop':
      fleet.stopping?.(machine, 'systemctl stop');
      yield* stopService(machine);
      return ok('');
    case 'restart':
      fleet.stopping?.(machine, 'systemctl restart');
      yield* stopService(machine);
      startService(machine);
      return ok('');
    case 'is-active':
      return machine.isUp ? ok('active\n') : { stdout: `${downState(machine)}\n`, stderr: '', code: 3 };
    case 'status':
      return statusText(fleet, machine);
    default:
      return failed(1, `Unknown command verb '${verb}'. Use start, stop, restart, status or is-active.\n`);
  }
};

/** The manager's own variables. A shell's `export` is not among them: no unit is a child of that shell. */
function environment(fleet: HostFleet, machine: Machine, verb: string, text: string): CommandResult {
  const variables = fleet.managerEnvironment?.(machine);
  if (variables === undefined) return failed(1, `systemctl ${verb}: not modelled on this fleet\n`);
  const match = /^([A-Za-z_]\w*)(?:=(.*))?$/.exec(text);
  if (match === null) return failed(1, `Invalid environment variable: ${text}\n`);
  if (verb === 'unset-environment') variables.delete(match[1] as string);
  else if (match[2] === undefined) return failed(1, `Environment variable assignment ${text} has no value\n`);
  else variables.set(match[1] as string, match[2]);
  return ok('');
}

function* stopService(machine: Machine): Generator<Wait, void, boolean> {
  machine.stoppedByHand ||= machine.enabled;
  machine.enabled = false;
  if (!machine.isUp) return;
  yield { kind: 'sleep', us: machine.paused ? STOP_TIMEOUT_US : STOP_US };
  if (machine.paused) machine.resume(true);
  machine.stop('stop');
}

function startService(machine: Machine): void {
  machine.enabled = true;
  machine.stoppedByHand = false;
  machine.start();
}

/** The time daemon: a restart asks its server and steps or slews the wall clock. */
function chronyd(machine: Machine, verb: string): CommandResult {
  if (verb === 'restart' || verb === 'start') {
    machine.clock.restartNtp();
    return ok('');
  }
  const runs = machine.clock.ntpRunning;
  const code = runs ? 0 : 3;
  switch (verb) {
    case 'stop':
      machine.clock.stopNtp();
      return ok('');
    case 'is-active':
      return { stdout: runs ? 'active\n' : 'failed\n', stderr: '', code };
    case 'status': {
      const state = runs ? 'active (running)' : 'failed';
      return {
        stdout: `${runs ? '●' : '×'} chronyd.service - NTP client/server\n     Active: ${state}\n`,
        stderr: '',
        code,
      };
    }
    default:
      return failed(1, `Unknown command verb '${verb}'. Use start, stop, restart, status or is-active.\n`);
  }
}

function downState(machine: Machine): string {
  return machine.stopCause === 'stop' || machine.stopCause === '' ? 'inactive' : 'failed';
}

function statusText(fleet: HostFleet, machine: Machine): CommandResult {
  const stamp = (us: Us): string => journalStamp(fleet.startWallMs + Math.floor(us / 1_000));
  const up = machine.isUp;
  const state = up ? 'active (running)' : downState(machine) === 'failed' ? 'failed' : 'inactive (dead)';
  const since = up
    ? ` since ${stamp(machine.startedWallUs)}`
    : machine.stopCause === ''
      ? ''
      : ` (Result: ${machine.stopCause})`;
  const lines = [
    `${up ? '●' : downState(machine) === 'failed' ? '×' : '○'} ${fleet.unit}.service - Kimberlite database server`,
    `     Loaded: loaded (/etc/systemd/system/${fleet.unit}.service; ${machine.enabled || machine.stoppedByHand ? 'enabled' : 'disabled'})`,
    `     Active: ${state}${since}`,
  ];
  if (up) lines.push(`   Main PID: ${1_000 + machine.incarnation} (${fleet.program})`);
  const tail = machine.journal.filter((line) => line.unit === fleet.unit).slice(-10);
  if (tail.length > 0) lines.push('');
  for (const line of tail) {
    const at = fleet.startWallMs + Math.floor(line.atWallUs / 1_000);
    lines.push(`${journalStamp(at)} ${machine.name} ${fleet.program}: ${line.text}`);
  }
  return { stdout: `${lines.join('\n')}\n`, stderr: '', code: up ? 0 : 3 };
}
