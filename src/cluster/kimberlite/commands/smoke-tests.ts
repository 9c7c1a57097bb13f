import { ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { askAll, type Context, ofMembers, type Run } from './ask.ts';
import { commitSetting } from './cluster-config.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-cli test smoke-tests',
  about:
    'Registers a session, writes a probe record through the log and reads it back on every replica. Prints pass or fail for each test; exit code 1 when one fails.',
  flags: [
    { name: 'critical-only', kind: 'switch', help: 'the tests that any release must pass (there are no others)' },
  ],
  positionals: [],
  positionalsMin: 0,
};

/** Key of the probe record: beside all settings that mean anything. */
const PROBE_KEY = 8_192;

function* smokeTests(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const before = ofMembers(ctx, yield* askAll(ctx));
  const reachable = before.filter((view) => view.node !== null).length;
  const value = Math.floor(ctx.nowMs() / 1_000) >>> 0;
  const op = yield* commitSetting(ctx, PROBE_KEY, value);
  const after = ofMembers(ctx, yield* askAll(ctx));
  const holds = after.filter((view) => view.node?.machine.settings.get(PROBE_KEY) === value).length;
  const tests: readonly (readonly [string, boolean])[] = [
    ['every replica answers', reachable === before.length],
    ['a probe write commits', op !== null],
    ['every replica reads the probe back', op !== null && holds === after.length],
  ];
  const text = tests.map(([name, passed]) => `${passed ? 'PASS' : 'FAIL'} ${name}\n`).join('');
  const code = tests.every(([, passed]) => passed) ? 0 : 1;
  return { ...ok(text), code };
}

export const SMOKE_TESTS: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['test', 'smoke-tests'], about: USAGE.about, run: smokeTests },
];
