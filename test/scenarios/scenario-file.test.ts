import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diagnosticText, ScenarioError } from '../../src/scenarios/diagnostics.ts';
import { loadScenarioFile, loadScenarios } from '../../src/scenarios/load.ts';
import { readScenario } from '../../src/scenarios/read.ts';
import { scenarioJsonSchema } from '../../src/scenarios/schema.ts';

const EXAMPLE = readFileSync(new URL('./example.yaml.txt', import.meta.url), 'utf8');
const KNOWN = {
  systems: ['kimberlite', 'raftkv'],
  faults: ['process.crash', 'disk.slow', 'disk.torn-write'],
  alerts: ['replica-unhealthy', 'no-quorum'],
  properties: ['INV-DURABLE-ACK', 'INV-REDUNDANCY-RESTORED'],
  guards: ['durable-restart'],
};

/** The mistakes of the example after one replacement. */
function mistakes(from: string | RegExp, to: string): string[] {
  const text = EXAMPLE.replace(from, () => to);
  expect(text).not.toBe(EXAMPLE);
  const reading = readScenario(text, 'a.yaml', KNOWN);
  return reading.ok ? [] : reading.diagnostics.map(diagnosticText);
}

describe('a scenario file', () => {
  it('is read into base units', () => {
    const reading = readScenario(EXAMPLE, 'a.yaml', KNOWN);
    if (!reading.ok) throw new ScenarioError(reading.diagnostics);
    expect(reading.scenario).toMatchObject({
      cluster: { slot: 8192, election_timeout: 500_000 },
      network: { loss: 328 },
      recovered: { within: 120_000_000 },
      operator: { reaction: 90_000_000 },
      inject: [
        { on: { after: { min: 1000, max: 20_000 } }, target: { kind: 'role', role: 'backup', index: 1 } },
        {
          target: { kind: 'hosts', hosts: [0, 2] },
          for: { min: 5_000_000, max: 10_000_000 },
          params: {
            factor: { min: 2, max: 8 },
            chunkBytes: { min: 4096, max: 4096 },
            lossPer65536: { min: 3277 },
            mode: 'torn',
          },
        },
      ],
    });
  });

  it.each([
    [
      'typo in a key',
      'severity: P2',
      'severty: P2',
      [
        'a.yaml:4:1: severty: key severty is not known here; did you mean severity?',
        'a.yaml:1:1: severity: is missing; add it',
      ],
    ],
    [
      'typo in a nested key',
      'fault: disk.slow',
      'falut: disk.slow',
      [
        'a.yaml:17:5: inject[1].falut: key falut is not known here; did you mean fault?',
        'a.yaml:16:5: inject[1].fault: is missing; add it',
      ],
    ],
    [
      'typo in a variant',
      'guards_off:',
      'guard_off:',
      ['a.yaml:44:5: variants.literal.guard_off: key guard_off is not known here; did you mean guards_off?'],
    ],
    [
      'key of nothing near',
      'severity: P2',
      'severity: P2\ncolour: red',
      [
        expect.stringMatching(
          /^a\.yaml:5:1: colour: key colour is not known here; use one of batching, clock, cluster, compaction, covers/,
        ),
      ],
    ],
    [
      'unknown fault',
      'fault: disk.slow',
      'fault: disk.slwo',
      ['a.yaml:17:12: inject[1].fault: fault disk.slwo is not known; did you mean disk.slow?'],
    ],
    [
      'unknown system',
      'system: kimberlite',
      'system: kimberlight',
      ['a.yaml:2:9: system: system kimberlight is not known; did you mean kimberlite?'],
    ],
    [
      'bad duration',
      'at: 2s',
      'at: 2 seconds',
      ['a.yaml:18:9: inject[1].at: is not a duration such as 150ms, 2s or 1h30m; correct the value'],
    ],
    [
      'duration as a number',
      'at: 2s',
      'at: 2',
      ['a.yaml:18:9: inject[1].at: is not a duration such as 150ms, 2s or 1h30m; correct the value'],
    ],
    [
      'range that runs backwards',
      '{5..10 s}',
      '{10..5 s}',
      [
        expect.stringContaining(
          'inject[1].for: is not a duration such as 150ms, 2s or 1h30m of whole base units, or its range runs backwards',
        ),
      ],
    ],
    [
      'parameter in the wrong unit',
      'chunkBytes: 4KiB',
      'chunkBytes: 4ms',
      [
        'a.yaml:21:66: inject[1].params.chunkBytes: is not a size such as 512B, 4KiB or 2GiB, nor a range of them such as {1..8}; correct the value',
      ],
    ],
    [
      'duplicate label',
      'label: slow',
      'label: crash',
      ['a.yaml:16:12: inject[1].label: label crash stands twice; give each fault a label of its own'],
    ],
    [
      'duplicate key',
      'severity: P2',
      'severity: P2\nseverity: P3',
      [expect.stringMatching(/^a\.yaml:5:1: the YAML is broken: .*unique.*; mend it there$/)],
    ],
    [
      'must_reach empty',
      'must_reach: [recovery.complete]',
      'must_reach: []',
      ['a.yaml:39:13: must_reach: is empty; write at least one'],
    ],
    [
      'neither at nor on',
      '    at: 2s\n',
      '',
      ['a.yaml:16:5: inject[1]: needs exactly one of at and on; write at: 5s, or on: {mark: ...} to strike by state'],
    ],
    [
      'broken expression',
      `['"status": "unreachable"']`,
      `['(']`,
      ['a.yaml:30:22: diagnose[0].expect.match[0]: is no regular expression; correct the value'],
    ],
    [
      'alert outside the rules',
      'may_fire: [no-quorum]',
      'may_fire: [noquorum]',
      ['a.yaml:25:14: signals.may_fire[0]: rule noquorum is not known; did you mean no-quorum?'],
    ],
    [
      'operator waits for no rule',
      'after_alert: [replica-unhealthy]',
      'after_alert: [other]',
      [
        expect.stringMatching(
          /^a\.yaml:26:26: operator\.after_alert\[0\]: alert other is not known; use one of no-quorum, replica-unhealthy$/,
        ),
      ],
    ],
    [
      'adversary that is not injected',
      'adversary: [crash]',
      'adversary: [crush]',
      ['a.yaml:47:52: variants.literal.fails.adversary[0]: fault crush is not injected; did you mean crash?'],
    ],
    [
      'some seeds without a pin',
      'seeds: every',
      'seeds: some, reason: a race',
      ['a.yaml:47:12: variants.literal.fails: needs a pinned seed; add pinned: N, a seed that fails'],
    ],
    ['severity', 'severity: P2', 'severity: high', ['a.yaml:4:11: severity: is not P0 to P4; correct the value']],
    [
      'value of a closed set',
      'clients: 2,',
      'clients: 2, restart: on-falure,',
      ['a.yaml:7:45: cluster.restart: is none of no, on-failure, always; did you mean on-failure?'],
    ],
    [
      'unknown property',
      '[INV-REDUNDANCY-RESTORED]',
      '[INV-REDUNDANCY-RESTORD]',
      [expect.stringContaining('did you mean INV-REDUNDANCY-RESTORED?')],
    ],
    [
      'unknown guard',
      '[durable-restart]',
      '[durable-restarts]',
      [expect.stringContaining('guard durable-restarts is not known; did you mean durable-restart?')],
    ],
    ['target', 'target: backup 1', 'target: leader', [expect.stringContaining('inject[0].target: is neither a role')]],
    [
      'unknown step in a mark',
      'mark: ack, nth: 100',
      'mark: "operator:restrat"',
      [expect.stringContaining('inject[0].on.mark: step restrat does not exist; did you mean restart?')],
    ],
    ['not a mapping', /[\s\S]*/, '- a\n- b\n', ['a.yaml:1:1: is not of the kind object; correct the value']],
    [
      'broken YAML',
      'covers: [scn1-a-example]',
      'covers: [scn1-a-example',
      [expect.stringMatching(/^a\.yaml:\d+:\d+: the YAML is broken: .*; mend it there$/), expect.anything()],
    ],
  ])('reports: %s', (_name, from, to, expected) => {
    const found = mistakes(from, to);
    if (_name === 'broken YAML') expect(found[0]).toEqual(expected[0]);
    else expect(found).toEqual(expected);
  });

  it('stops YAML bombs of every make', () => {
    const laughs = Array.from(
      { length: 9 },
      (_, index) => `a${index + 1}: &a${index + 1} [${`*a${index},`.repeat(9)}]`,
    );
    const read = (text: string): string => {
      const reading = readScenario(text, 'bomb.yaml', KNOWN);
      return reading.ok ? '' : diagnosticText(reading.diagnostics[0]!);
    };
    expect(read(`a0: &a0 lol\n${laughs.join('\n')}\n`)).toBe(
      'bomb.yaml:1:1: uses anchors too often (a YAML bomb?); write the values out: at most 32 aliases',
    );
    expect(read('['.repeat(100_000))).toBe('bomb.yaml:1:65: is nested too deeply; nest at most 64 levels');
    expect(read('- '.repeat(100_000))).toContain('is nested too deeply');
    expect(read('a'.repeat(300_000))).toContain('is larger than 256 KiB');
    expect(read('a: &x\n  b: *x\n')).not.toBe('');
  });

  it('lets steps be shared by an anchor', () => {
    const text = EXAMPLE.replace('diagnose:\n  - id: status', 'diagnose: &look\n  - id: status').replace(
      '  safe: {}',
      '  safe: {diagnose: *look}',
    );
    expect(readScenario(text, 'a.yaml', KNOWN).ok).toBe(true);
    const bad = readScenario(text.replace('run: kimberlite-cli', 'runn: kimberlite-cli'), 'a.yaml', KNOWN);
    expect(bad.ok ? [] : bad.diagnostics.map(diagnosticText)).toContain(
      'a.yaml:29:5: variants.safe.diagnose[0].runn: key runn is not known here; did you mean run?',
    );
  });
});

describe('loading', () => {
  it('reads a folder and reports the mistakes of all files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'firedrill-'));
    writeFileSync(join(folder, 'scn1-a-example.yaml'), EXAMPLE);
    expect(loadScenarios(folder, KNOWN).map(({ id }) => id)).toEqual(['scn1-a-example']);
    writeFileSync(join(folder, 'other.yaml'), EXAMPLE);
    writeFileSync(join(folder, 'third.yaml'), EXAMPLE.replace('severity: P2', 'severity: 2'));
    expect(() => loadScenarios(folder, KNOWN)).toThrow(
      /other\.yaml:1:1: its id is scn1-a-example; name the file scn1-a-example\.yaml[\s\S]*third\.yaml:4:11: severity/,
    );
  });

  it('names a file that does not exist, with a remedy', () => {
    try {
      loadScenarioFile('/nowhere/a.yaml', KNOWN);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ name: 'ScenarioError', remedy: expect.stringContaining('name a scenario file') });
    }
  });

  it('has its JSON Schema committed as the form gives it', () => {
    const committed = readFileSync(new URL('../../scenarios/scenario.schema.json', import.meta.url), 'utf8');
    const json = JSON.parse(committed);
    expect(json, 'run node scripts/schema.mjs').toEqual(JSON.parse(JSON.stringify(scenarioJsonSchema())));
    expect(json).toMatchObject({
      additionalProperties: false,
      properties: { inject: { type: 'array' } },
    });
  });
});
