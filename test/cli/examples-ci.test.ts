import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readAttestation } from '../../src/cli/gate-attestation.ts';
import { readGateInputs } from '../../src/cli/gate-inputs.ts';
import { ownScenarios } from '../../src/cli/own-scenarios.ts';
import type { ReportContext } from '../../src/cli/report-context.ts';
import { ROOT } from '../tidy/source.ts';

interface Step {
  readonly run?: string;
  readonly name?: string;
}

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
}

const yaml = (name: string): unknown => parse(readFileSync(join(ROOT, 'examples/ci', name), 'utf8'));

/** A gate small enough for a test; the commands are those of the examples. */
const SMALL = `version: 1
name: a small gate
rehearsals: {scenarios: [scn1-a-systemd]}
drawn: {seeds: 2}
inconclusive_max: 100%
`;

describe('examples/ci in a clean clone', () => {
  let clone = '';

  beforeAll(() => {
    clone = join(mkdtempSync(join(tmpdir(), 'firedrill-ci-')), 'clone');
    execFileSync('git', ['clone', '-q', '--depth', '1', `file://${ROOT}`, clone]);
    // npm ci would download what is here already; its own step, the build, runs.
    symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
    execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: clone });
    writeFileSync(join(clone, 'small.yaml'), SMALL);
  }, 900_000);

  afterAll(() => rmSync(dirname(clone), { recursive: true, force: true }));

  /** Runs a script as CI does, with `npx firedrill` being the clone's own; returns what it printed. */
  function run(script: string, env: Readonly<Record<string, string>>): string {
    const own = `npx() { shift; "${process.execPath}" dist/cli/main.js "$@"; }\n`;
    const options = { cwd: clone, encoding: 'utf8', env: { ...process.env, ...env } } as const;
    const { status, stdout, stderr } = spawnSync('bash', ['-e', '-c', own + script], options);
    // Of the few runs of some seconds one may prove nothing, which a campaign answers with 2.
    expect(script.includes(' fuzz ') ? [0, 2] : [0], `${script}\n${stdout}\n${stderr}`).toContain(status);
    return stdout;
  }

  const scripts = (workflow: Workflow): string[] =>
    Object.values(workflow.jobs).flatMap(({ steps }) =>
      steps.flatMap(({ run: script }) => (script === undefined || script === 'npm ci' ? [] : [script])),
    );

  it('the nightly workflow of GitHub', () => {
    const summary = join(clone, 'step-summary.md');
    const env = { FIREDRILL_FOR: '2s', GITHUB_STEP_SUMMARY: summary };
    const wanted = scripts(yaml('github-nightly.yml') as Workflow);
    expect(wanted).toHaveLength(4);
    for (const script of wanted) run(script, env);
    expect(readFileSync(summary, 'utf8')).toContain('campaign 1 of reports/campaigns.db');
    for (const file of ['junit.xml', 'report.json']) expect(existsSync(join(clone, 'reports', file))).toBe(true);
  }, 900_000);

  it('the gate of GitHub', () => {
    const summary = join(clone, 'gate-summary.md');
    const sha = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: clone, encoding: 'utf8' }).trim();
    const env = { POLICY: 'small.yaml', ACCEPTED: '', GITHUB_SHA: sha, GITHUB_STEP_SUMMARY: summary };
    for (const script of scripts(yaml('github-gate.yml') as Workflow)) run(script, env);
    expect(readFileSync(summary, 'utf8')).toContain('## Gate: passed');
    expect(readAttestation(join(clone, 'reports/gate/attestation.json'))).toMatchObject({
      verdict: 'passed',
      commit: sha,
    });
  }, 900_000);

  it('both jobs of GitLab', () => {
    type Job = { readonly script?: readonly string[]; readonly after_script?: readonly string[] };
    const jobs = yaml('gitlab.yml') as Readonly<Record<string, Job>>;
    const sha = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: clone, encoding: 'utf8' }).trim();
    const env = { FIREDRILL_FOR: '2s', POLICY: 'small.yaml', CI_COMMIT_SHA: sha };
    for (const name of ['firedrill-nightly', 'firedrill-gate']) {
      const { script = [], after_script: after = [] } = jobs[name] ?? {};
      expect(script.length).toBeGreaterThan(0);
      for (const line of [...script, ...after]) run(line, env);
    }
  }, 900_000);
});

describe('examples/ci/gate.yaml', () => {
  it('names only what there is', async () => {
    const source = ownScenarios();
    const entries = new Map(source.list().map((entry) => [entry.id, entry]));
    const policy = join(ROOT, 'examples/ci/gate.yaml');
    const { policy: read } = await readGateInputs({ policy, configFrom: null }, {
      source,
      entries,
    } as unknown as ReportContext);
    expect(read.name).toBe('before a deploy');
  });
});
