import { describe, expect, it } from 'vitest';
import { labelValue } from '../../src/alerts/labels.ts';
import { RuleFileError } from '../../src/alerts/located.ts';
import { loadRuleSet } from '../../src/alerts/rule-file.ts';
import { RuleEngine } from '../../src/alerts/rules.ts';
import { SeriesStore } from '../../src/alerts/series.ts';
import { MINUTE, SECOND } from '../../src/sim/time.ts';

const fileOf = (...rules: string[]) => ({
  file: 'x.yml',
  text: ['groups:', '  - name: g', '    rules:', ...rules.map((rule) => `      - ${rule}`), ''].join('\n'),
});

/** Runs one gauge `a{i="1"}` through `values`, one per 15 s, and gives the steps as `from>to@second=value`. */
function stepsOf(rule: string, values: (number | null)[]): string[] {
  const rules = loadRuleSet([fileOf(rule)]);
  const store = new SeriesStore(rules.retentionUs);
  const engine = new RuleEngine(rules, store, 0);
  values.forEach((value, index) => {
    const atUs = index * 15 * SECOND;
    if (value !== null) store.append('a', [['i', '1']], atUs, value);
    else store.markStale(store.find('a', [['i', '1']])!, atUs);
    engine.evaluate(atUs);
  });
  return engine.transitions.map(({ from, to, atUs, value }) => `${from}>${to}@${atUs / SECOND}=${value}`);
}

describe('for', () => {
  it('fires at once without for', () => {
    expect(stepsOf('{alert: A, expr: a > 1}', [0, 2, 3, 0])).toEqual(['inactive>firing@15=2', 'firing>resolved@45=3']);
  });

  it('is pending until the expression has matched for that long', () => {
    const rule = '{alert: A, expr: a > 1, for: 30s}';
    expect(stepsOf(rule, [2, 2, 2, 2])).toEqual(['inactive>pending@0=2', 'pending>firing@30=2']);
    expect(stepsOf(rule, [2, 2, 0, 2, 2])).toEqual([
      'inactive>pending@0=2',
      'pending>inactive@30=2',
      'inactive>pending@45=2',
    ]);
  });

  it('counts a for that is no multiple of the interval up to the next evaluation', () => {
    expect(stepsOf('{alert: A, expr: a > 1, for: 20s}', [2, 2, 2])).toEqual([
      'inactive>pending@0=2',
      'pending>firing@30=2',
    ]);
  });

  it('resolves when the series goes stale and starts again from pending', () => {
    expect(stepsOf('{alert: A, expr: a > 1, for: 15s}', [2, 2, null, 5, 6])).toEqual([
      'inactive>pending@0=2',
      'pending>firing@15=2',
      'firing>resolved@30=2',
      'resolved>pending@45=5',
      'pending>firing@60=6',
    ]);
  });
});

describe('instances', () => {
  it('follows each label set by itself and fills in labels and annotations', () => {
    const rules = loadRuleSet([
      fileOf(
        '{alert: A, expr: a > 1, for: 15s, labels: {id: ALERT-A, i: "n{{ $labels.i }}"}, ' +
          'annotations: {summary: "{{ $labels.i }} at {{$value}}{{ $labels.none }}"}}',
      ),
    ]);
    const store = new SeriesStore(rules.retentionUs);
    const engine = new RuleEngine(rules, store, 0);
    store.append('a', [['i', '1']], 0, 5);
    store.append('a', [['i', '2']], 0, 0);
    expect(engine.evaluate(0)).toHaveLength(1);
    store.append('a', [['i', '1']], 15 * SECOND, 7);
    store.append('a', [['i', '2']], 15 * SECOND, 9);
    expect(engine.firedEver('A')).toBe(false);
    expect(engine.evaluate(15 * SECOND)).toHaveLength(2);
    expect(engine.firedEver('A')).toBe(true);
    expect(engine.firedEver('ALERT-A')).toBe(true);
    expect(engine.firedEver('ALERT-B')).toBe(false);
    const states = engine.states().map((state) => ({ ...state, labels: labelValue(state.labels, 'i') }));
    expect(states).toMatchObject([
      { alert: 'A', id: 'ALERT-A', labels: 'n1', phase: 'firing', activeAtUs: 0, sinceUs: 15 * SECOND, value: 7 },
      { labels: 'n2', phase: 'pending', activeAtUs: 15 * SECOND, value: 9 },
    ]);
    expect(states[0]!.annotations).toEqual([['summary', '1 at 7']]);
    expect(engine.firing('ALERT-A')).toBe(true);
    engine.evaluate(15 * SECOND + 5 * MINUTE);
    expect([engine.firing('A'), engine.firedEver('A')]).toEqual([false, true]);
  });

  it('keeps its state and records a failure when the expression cannot be evaluated', () => {
    const rules = loadRuleSet([
      fileOf('{alert: A, expr: a > on() b, labels: {id: I}}', '{alert: B, expr: b > 0, labels: {i: x}}'),
    ]);
    const store = new SeriesStore(rules.retentionUs);
    const engine = new RuleEngine(rules, store, 0);
    store.append('a', [], 0, 5);
    store.append('b', [['i', '1']], 0, 1);
    engine.evaluate(0);
    store.append('b', [['i', '2']], 15 * SECOND, 1);
    engine.evaluate(15 * SECOND);
    engine.evaluate(30 * SECOND);
    expect(engine.failures()).toMatchObject([
      { alert: 'A', id: 'I', firstAtUs: 15 * SECOND, lastAtUs: 30 * SECOND, count: 2 },
      { alert: 'B', message: expect.stringContaining('two elements of the result have the labels {i="x"}') },
    ]);
    expect(engine.states().map((state) => state.phase)).toEqual(['firing', 'firing']);
  });

  it('evaluates a group only when its interval has passed', () => {
    const rules = loadRuleSet([
      { file: 'x', text: 'groups: [{name: g, interval: 1m, rules: [{alert: A, expr: a > 1}]}]' },
    ]);
    const store = new SeriesStore(rules.retentionUs);
    const engine = new RuleEngine(rules, store, 0);
    engine.evaluate(0);
    store.append('a', [], 15 * SECOND, 2);
    for (const second of [15, 30, 45]) engine.evaluate(second * SECOND);
    expect(engine.transitions).toEqual([]);
    engine.evaluate(MINUTE);
    expect(engine.firing('A')).toBe(true);
  });

  it('refuses a store that keeps too little and an evaluation out of order', () => {
    const rules = loadRuleSet([fileOf('{alert: A, expr: "rate(a[1h]) > 0"}')]);
    expect(rules.retentionUs).toBe(65 * MINUTE);
    expect(() => new RuleEngine(rules, new SeriesStore(), 0)).toThrow('RuleSet.retentionUs');
    const engine = new RuleEngine(rules, new SeriesStore(rules.retentionUs), 0);
    engine.evaluate(0);
    expect(() => engine.evaluate(0)).toThrow('is not after');
  });
});

describe('rule files', () => {
  it('keeps only the wanted ids and refuses an unknown one', () => {
    const file = fileOf(
      '{alert: A, expr: "rate(a[1h]) > 0", labels: {id: I}}',
      '{alert: B, expr: b > 0, labels: {id: J}}',
    );
    const rules = loadRuleSet([file], new Set(['J']));
    expect(rules.groups.flatMap((group) => group.rules.map((rule) => rule.alert))).toEqual(['B']);
    expect([rules.metrics, rules.retentionUs]).toEqual([['b'], 5 * MINUTE]);
    expect(() => loadRuleSet([file], new Set(['K']))).toThrow('alert id K, which no loaded rule has; known ids: I, J');
  });

  it.each([
    [
      'function outside the subset',
      fileOf('alert: A', '{alert: B, expr: "up + irate(b[1m])"}'),
      4,
      'groups[0].rules[0].expr',
      'expr is missing',
    ],
    [
      'position inside an expression',
      fileOf('{alert: B, expr: "up + irate(b[1m])"}'),
      4,
      'groups[0].rules[0].expr',
      'irate() is outside the supported subset (line 1 column 6',
    ],
    ['unknown key', fileOf('{alert: A, expr: a, fro: 1m}'), 4, 'groups[0].rules[0].fro', 'key fro is not supported'],
    [
      'recording rule',
      fileOf('{record: r, expr: a}'),
      4,
      'groups[0].rules[0].record',
      'recording rules are not supported',
    ],
    [
      'bad duration',
      fileOf('{alert: A, expr: a, for: 30}'),
      4,
      'groups[0].rules[0].for',
      'duration "30" cannot be read',
    ],
    [
      'template action',
      fileOf('{alert: A, expr: a, annotations: {s: "{{ humanize $value }}"}}'),
      4,
      'groups[0].rules[0].annotations.s',
      'humanize $value',
    ],
    [
      'open template',
      fileOf('{alert: A, expr: a, labels: {s: "{{ $value"}}'),
      4,
      'groups[0].rules[0].labels.s',
      'not closed',
    ],
    [
      'label name',
      fileOf('{alert: A, expr: a, labels: {alertname: x}}'),
      4,
      'groups[0].rules[0].labels.alertname',
      'cannot be set',
    ],
    [
      'same id twice',
      fileOf('{alert: A, expr: a, labels: {id: I}}', '{alert: B, expr: a, labels: {id: I}}'),
      5,
      'groups[0].rules[1].labels',
      'alert id I is already that of A',
    ],
    ['no list', { file: 'x.yml', text: 'groups:\n  - name: g\n    rules: 3\n' }, 3, 'groups[0].rules', 'is not a list'],
    [
      'same group twice',
      { file: 'x.yml', text: 'groups:\n - {name: g, rules: []}\n - {name: g, rules: []}\n' },
      3,
      'groups[1].name',
      'stands twice',
    ],
    ['broken YAML', { file: 'x.yml', text: 'groups:\n  - name: "g\n' }, 3, '', 'quote'],
    ['same key twice', { file: 'x.yml', text: 'groups: []\ngroups: []\n' }, 2, '', 'unique'],
    ['empty file', { file: 'x.yml', text: '' }, 1, '', 'is not a mapping'],
  ])('locates: %s', (_what, file, line, path, problem) => {
    let caught: unknown;
    try {
      loadRuleSet([file]);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(RuleFileError);
    const error = caught as RuleFileError;
    expect(`${error.message}`).toContain(problem);
    expect([error.file, error.line, error.path]).toEqual(['x.yml', line, path]);
    expect(error.remedy).not.toBe('');
  });
});
