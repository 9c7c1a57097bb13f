import { describe, expect, it } from 'vitest';
import { readCommandLine } from '../../src/cli/command-line.ts';
import { COMMANDS } from '../../src/cli/command-table.ts';

const read = (line: string) =>
  readCommandLine(
    (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', '')),
    '1.2.3',
  );

const RUN = {
  scenarios: [],
  system: null,
  variant: null,
  planFile: null,
  seeds: { kind: 'unset' },
  jobs: null,
  without: null,
  checkDeterminism: false,
  json: false,
  bundle: false,
  reports: 'reports',
};
const REPLAY = { bundle: 'b.json', fromUs: null, untilUs: null, node: null, kinds: [], json: false };
const range = (from: number, to: number) => ({ kind: 'range', from, to });

describe('an argument list becomes options', () => {
  it.each([
    ['list', 'list', { json: false }],
    ['list --json', 'list', { json: true }],
    ['run', 'run', RUN],
    ['run a b --system kimberlite', 'run', { ...RUN, scenarios: ['a', 'b'], system: 'kimberlite' }],
    ['run 007', 'run', { ...RUN, scenarios: ['007'] }],
    ['run a --variant literal --seed 0', 'run', { ...RUN, scenarios: ['a'], variant: 'literal', seeds: range(0, 0) }],
    ['run --seed=4294967295', 'run', { ...RUN, seeds: range(4_294_967_295, 4_294_967_295) }],
    ['run --seeds 1..200 --jobs 2 --json', 'run', { ...RUN, seeds: range(1, 200), jobs: 2, json: true }],
    ['run --plan p.json --bundle --reports out', 'run', { ...RUN, planFile: 'p.json', bundle: true, reports: 'out' }],
    ['run --without faults', 'run', { ...RUN, without: 'faults' }],
    ['run --json=true --bundle=false', 'run', { ...RUN, json: true }],
    ['run --without resolve --check-determinism', 'run', { ...RUN, without: 'resolve', checkDeterminism: true }],
    ['replay b.json', 'replay', REPLAY],
    ['replay b.json --from 1.5s --until 2m', 'replay', { ...REPLAY, fromUs: 1_500_000, untilUs: 120_000_000 }],
    ['replay b.json --from 300ms --until 12.000001', 'replay', { ...REPLAY, fromUs: 300_000, untilUs: 12_000_001 }],
    [
      'replay b.json --node 0 --kind fault,crash --json',
      'replay',
      { ...REPLAY, node: 0, kinds: ['fault', 'crash'], json: true },
    ],
    [
      'mutants',
      'mutants',
      { ids: [], seedsMax: 2_000, starts: 20, jobs: null, json: false, strategy: 'portfolio', compareEvents: null },
    ],
    [
      'mutants a b --seeds-max 9 --starts 3 --jobs 1',
      'mutants',
      { ids: ['a', 'b'], seedsMax: 9, starts: 3, jobs: 1, json: false, strategy: 'portfolio', compareEvents: null },
    ],
    ['bench --json', 'bench', { json: true }],
    ['check-history h.log --model register', 'check-history', { file: 'h.log', model: 'register', json: false }],
    [
      'check-history h --seconds 0.5 --steps 9 --memory-mb 64',
      'check-history',
      { file: 'h', json: false, seconds: 0.5, steps: 9, memoryMb: 64 },
    ],
  ])('%s', async (line, name, options) => {
    expect(await read(line)).toEqual({ kind: 'command', command: { name, options } });
  });
});

describe('a mistake is refused and says what to do', () => {
  it.each([
    ['', /no command was given\n.*name one of these\n[\s\S]*firedrill fuzz/],
    ['rnu', /did you mean run\?/],
    ['frobnicate', /no command frobnicate\n.*firedrill --help/],
    ['run --sede 3', /sede.*\n.*did you mean --seed\?.*firedrill run --help/],
    ['run --no-json', /no-json/],
    ['run --json=maybe', /--json takes no value/],
    ['run --check-determinism=1', /--check-determinism takes no value\n.*write --check-determinism alone/],
    ['gate --policy p.yaml --json=', /--json takes no value/],
    ['fuzz --resume=yes', /--resume takes no value/],
    ['fuzz --engine bullmq', /--engine bullmq needs --redis/],
    ['list extra', /extra/],
    ['run --seed', /Not enough arguments following: seed/],
    ['run --seed -1', /seed/],
    ['run --seed 1.5', /--seed "1.5" is no whole number/],
    ['run --seed 4294967296', /from 0 to 4294967295/],
    ['run --seed 1 --seed 2', /--seed is given 2 times/],
    ['run --seed 1 --seeds 1..2', /exclude each other/],
    ['run --seeds 5', /such as --seeds 1\.\.200/],
    ['run --seeds 9..3', /--seeds 3\.\.9/],
    ['run --seeds 1..4000000000', /at most 100000/],
    ['run --jobs 0', /--jobs "0"/],
    ['run --variant unsafe', /Choices: "safe", "literal"/],
    ['run --without checks', /Choices: "faults", "resolve"/],
    ['run a --plan p.json', /exclude each other/],
    ['run --plan p.json --seed 1', /--plan and --seed exclude each other/],
    ['replay', /Not enough non-option arguments|bundle/],
    ['replay a b', /b/],
    ['mutants --seeds-max 0', /--seeds-max "0"/],
    ['bench fast', /fast/],
    ['replay b.json --from noon', /--from "noon" is no time/],
    ['replay b.json --from 10s --until 5s', /--from 10s is after --until 5s\n.*--from 5s --until 10s/],
    ['mutants --events-max 0', /--events-max is for --compare-strategies/],
    ['mutants --compare-strategies --events-max 0', /--events-max "0"/],
    ['shrink b.json --for 0s', /--for 0s leaves no time to search/],
    ['gate', /examples\/ci\/gate\.yaml is one to start from/],
    ['replay b.json --node two', /--node "two"/],
    ['check-history h.log --model x', /Choices: "register", "kv", "log"/],
    ['check-history h.log --model register --seconds 0', /above 0/],
  ])('%s', async (line, message) => {
    const outcome = await read(line);
    expect(outcome).toMatchObject({ kind: 'usage', message: expect.stringMatching(message) });
    expect(outcome.kind === 'usage' && outcome.message).toMatch(/remedy: \S/);
  });
});

describe('help', () => {
  it.each(COMMANDS.map((row) => [row.name, row] as const))('%s has an example and every option', async (name, row) => {
    for (const line of [`${name} --help`, `${name} -h`]) {
      const help = await read(line);
      const text = help.kind === 'text' ? help.text : '';
      expect(text).toContain(row.summary);
      expect(text).toMatch(/Examples:\n +firedrill /);
      expect(text.replaceAll(/\s+/g, ' ')).toContain(row.examples[0]![1]);
      for (const option of row.options) expect(text).toContain(`--${option.name}`);
    }
  });

  it('of the whole command names the commands and the exit codes; the version is ours', async () => {
    const help = await read('--help');
    const text = help.kind === 'text' ? help.text : '';
    for (const { name } of COMMANDS) expect(text).toContain(`firedrill ${name}`);
    expect(text).toContain('Exit codes: 0');
    expect(await read('--version')).toEqual({ kind: 'text', text: '1.2.3\n' });
  });

  it('every example of the help is an argument list that is understood', async () => {
    for (const [line] of COMMANDS.flatMap(({ examples }) => examples)) {
      expect(await read(line.replace('$0 ', '')), line).toMatchObject({ kind: 'command' });
    }
  });
});
