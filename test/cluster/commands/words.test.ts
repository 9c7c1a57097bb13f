import { describe, expect, it } from 'vitest';
import { type CommandUsage, parseFlags } from '../../../src/cluster/host/flags.ts';
import { humanBytes, msText, percentUp } from '../../../src/cluster/host/sizes.ts';
import {
  isoText,
  journalStamp,
  parseDayMs,
  parseDurationUs,
  parseSinceMs,
} from '../../../src/cluster/host/wall-time.ts';
import { metricsText } from '../../../src/cluster/kimberlite/metrics-text.ts';

const USAGE: CommandUsage = {
  command: 'tool',
  about: 'Does it.',
  flags: [
    { name: 'count', short: 'c', kind: 'integer', help: 'how often' },
    { name: 'quiet', short: 'q', kind: 'switch', help: 'no words' },
    { name: 'human', short: 'h', kind: 'switch', help: 'for people' },
    { name: 'name', kind: 'text', help: 'whose', required: true },
  ],
  positionals: ['HOST'],
  positionalsMin: 0,
};

function mistake(...argv: string[]): string {
  const parsed = parseFlags(USAGE, argv);
  return parsed.ok ? '' : `${parsed.result.code} ${(parsed.result.stderr.split('\n')[0] ?? '').replace('tool: ', '')}`;
}

describe('parseFlags', () => {
  it('reads long, short, joined and clustered flags', () => {
    for (const argv of [
      ['--name', 'x', '--count', '3', '-qh', 'node1'],
      ['--name=x', '-c3', '-q', '-h', 'node1'],
      ['-qhc', '3', 'node1', '--name=x'],
    ]) {
      const parsed = parseFlags(USAGE, argv);
      if (!parsed.ok) throw new Error(parsed.result.stderr);
      expect([parsed.flags.text('name'), parsed.flags.integer('count'), parsed.flags.positionals]).toEqual([
        'x',
        3,
        ['node1'],
      ]);
      expect([parsed.flags.has('quiet'), parsed.flags.has('human')]).toEqual([true, true]);
    }
  });

  it('takes what stands behind -- as it is, and a negative number as a value', () => {
    const parsed = parseFlags(USAGE, ['--name', 'x', '--count', '-4', '--', '-q']);
    expect(parsed.ok && [parsed.flags.positionals, parsed.flags.integer('count')]).toEqual([['-q'], -4]);
  });

  it('names each mistake and ends with 2', () => {
    expect(mistake('--nmae', 'x')).toBe('2 unknown flag --nmae');
    expect(mistake('-x')).toBe('2 unknown flag -x');
    expect(mistake()).toBe('2 --name is missing');
    expect(mistake('--name')).toBe('2 --name needs a value');
    expect(mistake('--name', '--quiet')).toBe('2 --name needs a value');
    expect(mistake('--name', 'x', '--quiet=yes')).toBe('2 --quiet takes no value');
    expect(mistake('--name', 'x', '--count', 'three')).toBe('2 --count needs an integer, not three');
    expect(mistake('--name', 'x', '--name', 'y')).toBe('2 --name stands twice');
    expect(mistake('--name', 'x', 'a', 'b')).toBe('2 unexpected argument b');
  });

  it('prints help with 0', () => {
    const parsed = parseFlags(USAGE, ['--help']);
    expect(!parsed.ok && [parsed.result.code, parsed.result.stdout.split('\n')[0]]).toEqual([0, 'Does it.']);
  });
});

describe('wall time', () => {
  it('agrees with Date over leap years and centuries', () => {
    for (let ms = -3_000_000_000_000; ms < 8_000_000_000_000; ms += 86_400_000 * 13 + 12_345_678) {
      expect(isoText(ms)).toBe(new Date(ms).toISOString());
    }
  });

  it('reads what journalctl reads', () => {
    const now = Date.UTC(2026, 1, 6, 10, 30, 0);
    expect(parseSinceMs('10 minutes ago', now)).toBe(now - 600_000);
    expect(parseSinceMs('-90s', now)).toBe(now - 90_000);
    expect(parseSinceMs('2026-02-06 10:00:00', now)).toBe(Date.UTC(2026, 1, 6, 10));
    expect(parseSinceMs('today', now)).toBe(Date.UTC(2026, 1, 6));
    expect(parseSinceMs('last week', now)).toBeNull();
    expect([parseDurationUs('1h'), parseDurationUs('500ms'), parseDurationUs('x')]).toEqual([
      3_600_000_000,
      500_000,
      null,
    ]);
    expect(journalStamp(now)).toBe('Feb 06 10:30:00');
    expect(['2024-02-29', '2025-02-29', '2025-13-01', '2025-1-1'].map(parseDayMs)).toEqual([
      1_709_164_800_000,
      null,
      null,
      null,
    ]);
    expect(parseSinceMs('2025-02-30 10:00', now)).toBeNull();
  });
});

describe('sizes', () => {
  it('rounds as df and du do', () => {
    expect([0, 1023, 1024, 1_048_577, 68_719_476_736].map(humanBytes)).toEqual(['0', '1023', '1.0K', '1.1M', '64G']);
    expect([percentUp(951, 1000), percentUp(0, 0)]).toEqual([96, 0]);
    expect([msText(1_234, 3), msText(600_400, 1), msText(-1_500, 0), msText(999, 1)]).toEqual([
      '1.234',
      '600.4',
      '-2',
      '1.0',
    ]);
  });
});

it('prints samples in the text format', () => {
  const samples = [
    { name: 'a', labels: [], value: 1 },
    { name: 'b', labels: [['le', '+Inf'] as const, ['x', 'q"\\'] as const], value: Number.POSITIVE_INFINITY },
  ];
  expect(metricsText(samples)).toBe('a 1\nb{le="+Inf",x="q\\"\\\\"} +Inf\n');
});
