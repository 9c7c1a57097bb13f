import { SECOND } from '../../../sim/time.ts';
import { type CommandResult, failed, type OperatorCommand, ok } from '../command.ts';
import { type HostFleet, ownMachine } from '../host-fleet.ts';
import { tenthsText } from '../sizes.ts';
import { readCpu } from './cpu-reading.ts';
import { serverPid } from './processes.ts';

const HELP = `usage: perf record -p PID [-F HZ] [-g] -- sleep SECONDS | perf report | perf script

record: samples the server of this host into perf.data; it adds to each of its events what sampling costs, 8 percent at
the default of 4000 Hz and with it in proportion. report: share of each function. script: one line per sample.
`;
/** Rate of perf by default, and what it costs with call graphs there (catalogue AMB-PERF-LOAD: 1 to 10 percent). */
const DEFAULT_HZ = 4_000;
const DEFAULT_PERMILLE = 80;
const FILE = 'perf.data';

interface Sample {
  readonly symbol: string;
  readonly us: number;
}

/** `perf record`, `perf report` and `perf script`. */
export const perf: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const [verb, ...rest] = argv;
  if (verb === '--help' || verb === undefined) return ok(HELP);
  if (verb === 'record') return yield* record(rest, ctx);
  const samples = readSamples(ctx.readFile(FILE));
  if (samples === null) return failed(1, `perf ${verb}: ${FILE}: No such file or directory\n`);
  const total = samples.reduce((sum, { us }) => sum + us, 0);
  if (verb === 'report') {
    const lines = samples.map(({ symbol, us }) => `${tenthsText((us * 100) / total).padStart(6)}%  ${symbol}\n`);
    return ok(`# Overhead  Symbol\n${lines.join('')}`);
  }
  if (verb !== 'script') return failed(1, HELP);
  return ok(samples.map(({ symbol, us }) => `kimberlite-serv ${Math.floor(us)} ${symbol}\n`).join(''));
};

function* record(
  words: readonly string[],
  ctx: Parameters<OperatorCommand<HostFleet>>[2],
): ReturnType<OperatorCommand<HostFleet>> {
  const machine = ownMachine(ctx.fleet, ctx.onHost);
  const { model } = machine.cpu;
  const pid = Number(words[words.indexOf('-p') + 1]);
  const seconds = Number(words[words.indexOf('sleep') + 1]);
  if (!words.includes('-p') || !words.includes('sleep') || !(seconds >= 1)) return failed(1, HELP);
  if (model === null) return failed(1, 'perf record: cores are modelled only where the plan gives hosts a CPU\n');
  if (!machine.isUp || pid !== serverPid(machine)) return failed(1, `perf record: no process ${pid}\n`);
  const hz = words.includes('-F') ? Number(words[words.indexOf('-F') + 1]) : DEFAULT_HZ;
  if (!(hz >= 1 && hz <= 100_000)) return failed(1, HELP);
  const costPermille = Math.ceil((hz * DEFAULT_PERMILLE) / DEFAULT_HZ);
  const before = readCpu(ctx.fleet, machine);
  model.samplingPermille += costPermille;
  try {
    yield { kind: 'sleep', us: Math.floor(seconds * SECOND) };
  } finally {
    model.samplingPermille -= costPermille;
  }
  const now = readCpu(ctx.fleet, machine);
  const samples: Sample[] = [];
  for (const [symbol, us] of now.bySymbol) {
    const gained = us - (before.bySymbol.get(symbol) ?? 0);
    if (gained > 0) samples.push({ symbol, us: gained });
  }
  samples.sort((left, right) => right.us - left.us || (left.symbol < right.symbol ? -1 : 1));
  ctx.writeFile(FILE, samples.map(({ symbol, us }) => `${Math.floor(us)} ${symbol}\n`).join(''));
  const busyUs = samples.reduce((sum, { us }) => sum + us, 0);
  return ok(`[ perf record: Captured and wrote ${FILE} (${Math.floor((busyUs * hz) / SECOND)} samples) ]\n`);
}

function readSamples(text: string | null): Sample[] | null {
  if (text === null) return null;
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [us, symbol] = line.split(' ');
      return { us: Number(us), symbol: symbol ?? '' };
    });
}

/** `stackcollapse-perf.pl`: samples of `perf script` from stdin as folded stacks. */
// biome-ignore lint/correctness/useYield: takes no time
export const stackcollapse: OperatorCommand<HostFleet> = function* (
  argv,
  stdin,
): ReturnType<OperatorCommand<HostFleet>> {
  if (argv.length > 0) return failed(1, 'usage: stackcollapse-perf.pl < OUTPUT-OF-perf-script\n\nFolds samples.\n');
  const folded: string[] = [];
  for (const line of stdin.split('\n')) {
    const [command, us, symbol] = line.split(' ');
    if (symbol !== undefined) folded.push(`${command};${symbol.replaceAll('::', ';')} ${us}\n`);
  }
  return ok(folded.join(''));
};

/** `flamegraph.pl`: folded stacks from stdin as an SVG, one frame to a line, as wide as its share. */
export const flamegraph: OperatorCommand<HostFleet> = function* (argv, stdin): ReturnType<OperatorCommand<HostFleet>> {
  if (argv.length > 0) return failed(1, 'usage: flamegraph.pl < FOLDED-STACKS > FILE.svg\n\nDraws folded stacks.\n');
  return draw(stdin.split('\n').filter((line) => line !== ''));
};

function draw(lines: readonly string[]): CommandResult {
  const stacks = lines.map((line) => ({
    name: line.slice(0, line.lastIndexOf(' ')),
    us: Number(line.slice(line.lastIndexOf(' ') + 1)),
  }));
  const total = Math.max(
    1,
    stacks.reduce((sum, { us }) => sum + us, 0),
  );
  const frames = stacks.map(
    ({ name, us }, index) =>
      `<rect x="0" y="${index * 16}" width="${tenthsText((us * 1_200) / total)}" height="15"><title>${name} ${tenthsText((us * 100) / total)}%</title></rect>\n`,
  );
  return ok(`<svg xmlns="http://www.w3.org/2000/svg" width="1200">\n${frames.join('')}</svg>\n`);
}
