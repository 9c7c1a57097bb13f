import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'junit2json';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { detailOfTrace } from '../../src/cli/report-detail.ts';
import { runOfResult } from '../../src/cli/report-run.ts';
import { traceRun } from '../../src/cli/trace-of-run.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import { githubReport } from '../../src/report/export/github.ts';
import { junitReport } from '../../src/report/export/junit.ts';
import { MARKDOWN_BYTES_MAX, markdownReport } from '../../src/report/export/markdown.ts';
import { type ChromeEvent, perfettoReport } from '../../src/report/export/perfetto.ts';
import { SHIVIZ_REGEX, shivizReport } from '../../src/report/export/shiviz.ts';
import { windowAround } from '../../src/report/trace-window.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import { ROOT } from '../tidy/source.ts';
import { documentRun, failedRun, HOSTILE, modelOf } from './export-model.ts';

describe('junit', () => {
  const model = modelOf([
    documentRun(),
    documentRun({ seed: 2, verdict: 'inconclusive', reason: 'vacuous', expected: false, pending: HOSTILE }),
    failedRun(3, 'INV-DURABLE-ACK'),
    documentRun({ scenario: HOSTILE, again: HOSTILE }),
    documentRun({ scenario: 'lost', verdict: 'inconclusive', reason: 'hung', expected: false }),
    documentRun({ scenario: 'odd', variant: 'literal', expected: false }),
  ]);

  it('is read by a public parser: a case for each scenario and group of seeds, the replay line in system-out', async () => {
    const read = await parse(junitReport(model));
    const suites = read !== undefined && read !== null && 'testsuite' in read ? (read.testsuite ?? []) : [];
    expect(suites.map(({ tests, failures, errors, skipped }) => [tests, failures, errors, skipped])).toEqual([
      [2, 1, 0, 1],
      [1, 0, 0, 0],
      [1, 0, 1, 0],
      [1, 1, 0, 0],
    ]);
    const [first, vague] = suites[0]!.testcase ?? [];
    expect(first).toMatchObject({ classname: 'fake-loses', name: 'safe intended seeds 1..3' });
    expect(first!.failure![0]).toMatchObject({ type: 'INV-DURABLE-ACK' });
    expect(String(first!['system-out'])).toContain('npx firedrill replay reports/runs/fake-loses-3.json');
    expect(vague).toMatchObject({ name: 'safe intended seeds 1..3 (inconclusive)' });
    expect(suites[3]!.testcase![0]!.failure![0]!.message).toContain('declared to fail');
  });

  it('keeps hostile text as text', async () => {
    const written = junitReport(model);
    expect(written).not.toContain('<img');
    const read = await parse(written);
    expect(JSON.stringify(read)).toContain('onerror=\\"alert(1)\\"');
  });

  it('a gate that failed has a failing case for each reason', async () => {
    const reasons = [{ rule: 'canaries', text: 'ack-before-sync survived', replay: null }];
    const gate = { verdict: 'failed', policy: 'gate.yaml', policySha256: 'ab', reasons } as const;
    const read = await parse(junitReport({ ...model, gate }));
    const suites = read !== undefined && read !== null && 'testsuite' in read ? (read.testsuite ?? []) : [];
    expect(suites[0]).toMatchObject({ name: 'gate', tests: 1, failures: 1 });
  });
});

describe('json', () => {
  const schema = z.fromJSONSchema(JSON.parse(readFileSync(join(ROOT, 'docs/report.schema.json'), 'utf8')));

  it('has the form that is written down', async () => {
    const plan = swarmPlan(5);
    const traced = await traceRun({ ...plan, faultPhaseUs: 3_000_000 }, runPlan);
    const row = runOfResult(traced.result, { expected: true, wallMs: 1, bundle: null, again: '' });
    const model = modelOf([documentRun(), failedRun(2, 'INV-A')], { shown: detailOfTrace(traced, row) });
    const read = schema.safeParse(JSON.parse(JSON.stringify(model)));
    expect(read.error?.issues ?? []).toEqual([]);
    expect(schema.safeParse({ ...model, version: 2 }).success).toBe(false);
    expect(schema.safeParse({ ...model, totals: {} }).success).toBe(false);
  });
});

describe('markdown', () => {
  it('stays below 1 MiB, counts what it leaves out and escapes', () => {
    const many = Array.from({ length: 3_000 }, (_, seed) =>
      failedRun(seed, `INV-${seed}-${'x'.repeat(400)}`, false, `scenario-${seed}`),
    );
    const written = markdownReport(modelOf(many));
    expect(new TextEncoder().encode(written).length).toBeLessThanOrEqual(MARKDOWN_BYTES_MAX);
    expect(written).toContain('2800 more rows are left out');
    expect(written).not.toContain('<img');
    expect(written).not.toContain('`x`');
  });

  it("a gate's verdict comes first, and runs that its policy allowed are counted", () => {
    const gate = { verdict: 'passed', policy: 'gate.yaml', policySha256: 'ab', reasons: [] } as const;
    const unexpected = failedRun(1, 'INV-A', false);
    const written = markdownReport(modelOf([documentRun(), unexpected], { title: 'gate passed: a test', gate }));
    expect(written).toMatch(/^# gate passed: a test\n/);
    expect(written).toContain(', 1 otherwise than declared; ');
    expect(markdownReport(modelOf([unexpected]))).toMatch(/^# 1 runs ended otherwise than declared: /);
  });

  it('tables have as many cells as their head', () => {
    const rows = markdownReport(modelOf([failedRun(1, 'INV-A|B'), documentRun({ scenario: 'a|b' })]))
      .split('\n')
      .filter((line) => line.startsWith('|'));
    const cells = rows.map((line) => line.split('|').length);
    expect(new Set(cells)).toEqual(new Set([7, 9]));
  });
});

describe('github', () => {
  it('gives at most ten annotations, the worst first, each on one line', () => {
    const runs = Array.from({ length: 15 }, (_, n) => failedRun(n + 1, `INV-${n}`));
    const lines = githubReport(modelOf([...runs, ...runs.slice(7, 8)]))
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(10);
    expect(lines[0]).toMatch(
      /^::error title=INV-7 @ a-site::2 failures in fake-loses.*%0Areplay: npx firedrill replay/,
    );
    expect(lines[9]).toMatch(/^::error title=and 6 more::/);
    expect(lines.every((line) => /^::(error|warning) title=[^:,]*::/.test(line))).toBe(true);
  });

  it('says nothing where all ended as declared, and encodes what would be a command', () => {
    expect(githubReport(modelOf([documentRun(), failedRun(1, 'INV-A', true)]))).toBe('');
    const lost = documentRun({
      verdict: 'inconclusive',
      reason: 'hung',
      expected: false,
      pending: HOSTILE,
      again: HOSTILE,
    });
    expect(
      githubReport(modelOf([lost]))
        .trimEnd()
        .split('\n'),
    ).toHaveLength(1);
  });
});

describe('trace viewers', async () => {
  const { result, trace } = await traceRun(swarmPlan(3), runPlan);

  it('watching changes nothing, and every delivery has its message', () => {
    expect(result.traceHash).not.toBe('');
    const delivered = trace.records.filter(({ kind }) => kind === 'deliver');
    expect(delivered.every(({ message }) => trace.messages[message]?.fate === 'delivered')).toBe(true);
    expect(trace.messages.every(({ sentUs, endUs }) => endUs === -1 || endUs >= sentUs)).toBe(true);
  });

  it('perfetto: a Chrome trace whose flows pair up and whose slices hold them', () => {
    const read = JSON.parse(perfettoReport(trace, { subject: HOSTILE })) as { traceEvents: ChromeEvent[] };
    const events = read.traceEvents;
    const wrong = events.filter(
      ({ ph, pid, tid, ts, name }) =>
        !'MXisfCbe'.includes(ph) || typeof name !== 'string' || [pid, tid, ts].some((each) => !(each >= 0)),
    );
    expect(wrong).toEqual([]);
    expect(events.filter(({ ph, dur }) => ph === 'X' && !(dur! >= 0))).toEqual([]);
    const starts = new Map(events.filter(({ ph }) => ph === 's').map((event) => [event.id, event]));
    const ends = events.filter(({ ph }) => ph === 'f');
    expect(ends.length).toBeGreaterThan(1_000);
    expect(new Set(ends.map(({ id }) => id)).size).toBe(starts.size);
    expect(ends.every(({ id, ts, name }) => starts.get(id)?.name === name && starts.get(id)!.ts <= ts)).toBe(true);
    const slices = new Set(events.filter(({ ph }) => ph === 'X').map(({ pid, tid, ts }) => `${pid} ${tid} ${ts}`));
    expect([...starts.values(), ...ends].every(({ pid, tid, ts }) => slices.has(`${pid} ${tid} ${ts}`))).toBe(true);
    const processes = events.filter(({ name }) => name === 'process_name');
    expect(processes).toHaveLength(trace.hosts.length + 1);
    const commits = events.filter(({ ph, name, pid }) => ph === 'C' && name === 'commit number' && pid === 2);
    expect(Math.max(...commits.map(({ args }) => Number(args!['commit'])))).toBeGreaterThan(50);
  });

  it('shiviz: the documented expression parses all of it into clocks that only grow', () => {
    const part = windowAround(trace, result.virtualUs, 2_000).trace;
    const written = shivizReport(part);
    const found = [...written.matchAll(new RegExp(SHIVIZ_REGEX, 'g'))];
    expect(found.map(([whole]) => `${whole}\n`).join('')).toBe(written);
    const own = new Map<string, number>();
    let joins = 0;
    for (const { groups } of found) {
      const clock = JSON.parse(groups!['clock']!) as Record<string, number>;
      const host = groups!['host']!;
      expect(clock[host]).toBe((own.get(host) ?? 0) + 1);
      own.set(host, clock[host]!);
      for (const [other, count] of Object.entries(clock)) expect(count).toBeLessThanOrEqual(own.get(other) ?? 0);
      if (Object.keys(clock).length > 1) joins++;
    }
    expect(joins).toBeGreaterThan(100);
  });
});
