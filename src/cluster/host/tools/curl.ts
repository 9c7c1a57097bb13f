import { SECOND, type Us } from '../../../sim/time.ts';
import { failed, type OperatorCommand, ok } from '../command.ts';
import { type CommandUsage, parseFlags } from '../flags.ts';
import { CONNECT_TIMEOUT_US, type HostFleet, ownMachine, roundTripUs } from '../host-fleet.ts';

const USAGE: CommandUsage = {
  command: 'curl',
  about: 'Gets a page of a host of the fleet over HTTP: /status, /metrics, /health, /ready on port 9090.',
  flags: [
    { name: 'silent', short: 's', kind: 'switch', help: 'no error text' },
    { name: 'show-error', short: 'S', kind: 'switch', help: 'error text even with -s' },
    { name: 'fail', short: 'f', kind: 'switch', help: 'exit 22 on a code from 400 on' },
    { name: 'location', short: 'L', kind: 'switch', help: 'no effect: nothing redirects here' },
    { name: 'max-time', short: 'm', kind: 'integer', help: 'give up after N seconds' },
    { name: 'connect-timeout', kind: 'integer', help: 'give up connecting after N seconds' },
    { name: 'output', short: 'o', kind: 'text', help: 'write the body to a file' },
  ],
  positionals: ['URL'],
  positionalsMin: 1,
};

/** `curl [-sSf] [-m SECONDS] [-o FILE] http://HOST:PORT/PATH`, with curl's exit codes 3, 6, 7, 22 and 28. */
export const curl: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const { fleet } = ctx;
  const quiet = flags.has('silent') && !flags.has('show-error');
  const error = (code: number, text: string) => failed(code, quiet ? '' : `curl: (${code}) ${text}\n`);
  const match = /^(?:http:\/\/)?([A-Za-z0-9.-]+)(?::(\d{1,5}))?(\/[^?#]*)?$/.exec(flags.positionals[0] as string);
  if (match === null) return error(3, `URL ${flags.positionals[0]} is not http://HOST:PORT/PATH`);
  const name = match[1] as string;
  const port = Number(match[2] ?? 80);
  const to = fleet.machineOf(name, ctx.onHost);
  if (to === null) return error(6, `Could not resolve host: ${name}`);
  const from = ownMachine(fleet, ctx.onHost);
  // 0 stands for no limit of one's own, as it does with curl.
  const limitUs = (flag: string): Us => {
    const seconds = flags.integer(flag) ?? 0;
    return seconds > 0 ? seconds * SECOND : Number.MAX_SAFE_INTEGER;
  };
  const connectUs = Math.min(limitUs('connect-timeout'), limitUs('max-time'), CONNECT_TIMEOUT_US);
  const tripUs = roundTripUs(fleet, from, to);
  if (!fleet.reaches(from, to) || tripUs > connectUs) {
    yield { kind: 'sleep', us: connectUs };
    return error(
      28,
      `Failed to connect to ${name} port ${port} after ${Math.floor(connectUs / 1_000)} ms: Timeout was reached`,
    );
  }
  if (2 * tripUs > limitUs('max-time')) {
    yield { kind: 'sleep', us: limitUs('max-time') };
    return error(28, `Operation timed out after ${limitUs('max-time') / 1_000} milliseconds with 0 bytes received`);
  }
  yield { kind: 'sleep', us: 2 * tripUs };
  const answer = fleet.reaches(from, to) ? fleet.httpGet(to, port, match[3] ?? '/') : null;
  if (answer === null) return error(7, `Failed to connect to ${name} port ${port}: Connection refused`);
  if (flags.has('fail') && answer.code >= 400) return error(22, `The requested URL returned error: ${answer.code}`);
  const path = flags.text('output');
  if (path === undefined) return ok(answer.body);
  ctx.writeFile(path, answer.body);
  return ok('');
};
