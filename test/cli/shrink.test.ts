import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleOf, readBundle, writeBundle } from '../../src/cli/bundle.ts';
import { type ShrinkCommandOptions, shrinkBundle } from '../../src/cli/commands/shrink.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { scenarioPathPlans } from '../../src/cli/scenario-path.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { readPlanScenario } from '../../src/scenarios/plan-scenario.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import { fakeEngine, listen } from './kit.ts';

const folder = mkdtempSync(join(tmpdir(), 'firedrill-shrink-'));
const engine = fakeEngine({ runPlan });
afterAll(() => rmSync(folder, { recursive: true }));

/** Fails within milliseconds of virtual time. */
const FAILING: RunPlan = { ...swarmPlan(1), mutant: 'ack-before-sync' };

function options(bundle: string, changes: Partial<ShrinkCommandOptions> = {}): ShrinkCommandOptions {
  const small = { runsMax: 60, seconds: 600, out: join(folder, 'small.json'), reports: folder };
  return { bundle, ...small, saveScenario: null, json: false, ...changes };
}

async function bundleFile(plan: RunPlan, name: string): Promise<string> {
  const { result } = await runPlan(plan, { recording: false });
  const path = join(folder, name);
  writeBundle(path, bundleOf(result, engine.versions));
  return path;
}

describe('firedrill shrink', () => {
  it('writes a bundle that replays, and a scenario that fails alike', async () => {
    const bundle = await bundleFile(FAILING, 'failing.json');
    const heard = listen();
    const saveScenario = join(folder, 'small.yaml');
    expect(await shrinkBundle(options(bundle, { saveScenario }), heard, engine)).toBe(EXIT.expected);
    expect(heard.out).toContain('planted bug ack-before-sync');
    expect(heard.out).toContain('INV-DURABLE-ACK');
    expect(heard.out).toContain(`npx firedrill replay ${join(folder, 'small.json')}`);
    const small = readBundle(join(folder, 'small.json'));
    const { result } = await runPlan(small.plan, { recording: false });
    expect(result.traceHash).toBe(small.expected.hash);
    expect(
      scenarioPathPlans({
        scenarios: [saveScenario],
        system: null,
        variant: null,
        seeds: { kind: 'unset' },
        without: null,
      }),
    ).toEqual([small.plan]);
  });

  it('prints one JSON document on request', async () => {
    const bundle = await bundleFile(FAILING, 'failing.json');
    const heard = listen();
    await shrinkBundle(options(bundle, { json: true, runsMax: 12 }), heard, engine);
    expect(JSON.parse(heard.out)).toMatchObject({
      seed: 1,
      failure: { property: 'INV-DURABLE-ACK' },
      ended: 'runs',
      minimal: { faults: 0 },
    });
  });

  it('destroys nothing by what it writes', async () => {
    const bundle = await bundleFile(FAILING, 'input.json');
    const before = readFileSync(bundle, 'utf8');
    const link = join(folder, 'link.json');
    symlinkSync(bundle, link);
    const told = join(folder, 'told.json');
    writeFileSync(told, 'mine');
    const linked = join(folder, 'linked.json');
    symlinkSync(told, linked);
    mkdirSync(join(folder, 'folder.json'));
    const refused = async (changes: Partial<ShrinkCommandOptions>, text: string): Promise<void> => {
      // Before the search: an engine that would run anything is not asked.
      const runPlan = async () => Promise.reject(new Error('asked'));
      await expect(shrinkBundle(options(bundle, changes), listen(), { ...engine, runPlan })).rejects.toThrow(text);
    };
    await refused({ out: bundle }, 'is the very file that is read');
    await refused({ out: link }, 'is the very file that is read');
    await refused({ saveScenario: bundle }, 'is the very file that is read');
    await refused({ out: linked }, 'it is a symbolic link');
    await refused({ out: join(folder, 'folder.json') }, 'it is a folder');
    await refused({ saveScenario: join(folder, 'small.json') }, 'name the same file');
    expect([readFileSync(bundle, 'utf8'), readFileSync(told, 'utf8')]).toEqual([before, 'mine']);
    expect(lstatSync(linked).isSymbolicLink()).toBe(true);
    expect(() => writeBundle(linked, readBundle(bundle))).toThrow('it is a symbolic link');
  });

  it('refuses bundles that passed or were changed, and exits 3 for one that does not reproduce', async () => {
    const passed = await bundleFile({ ...FAILING, mutant: null }, 'passed.json');
    await expect(shrinkBundle(options(passed), listen(), engine)).rejects.toMatchObject({
      message: expect.stringContaining('nothing to shrink'),
      remedy: expect.stringContaining('--bundle'),
    });
    const failing = await bundleFile(FAILING, 'failing.json');
    const damaged = join(folder, 'damaged.json');
    writeFileSync(damaged, readFileSync(failing, 'utf8').replace('"seed": 1', '"seed": 2'));
    await expect(shrinkBundle(options(damaged), listen(), engine)).rejects.toMatchObject({ code: 'bad-input' });
    const other = join(folder, 'other.json');
    const content = readBundle(failing);
    writeBundle(other, { ...content, expected: { ...content.expected, hash: 'beef' } });
    const heard = listen();
    expect(await shrinkBundle(options(other), heard, engine)).toBe(EXIT.nondeterminism);
    expect(heard.err).toContain('does not reproduce');
  });
});

describe('a scenario file with a plan', () => {
  it.each([
    ['a: [', 'YAML is broken'],
    ['id: x', 'there is no plan in it'],
    ['{id: x, system: kimberlite, title: t, plan: {version: 1}}', 'plan.system'],
    ['{id: x, system: kimberlite, title: t, extra: 1, plan: {}}', 'extra'],
  ])('%j is refused', (text, problem) => {
    expect(() => readPlanScenario(text, 'f.yaml')).toThrow(problem);
  });

  it('excludes profiles beside it', () => {
    const selection = { system: null, variant: null, seeds: { kind: 'unset' }, without: null } as const;
    expect(() =>
      scenarioPathPlans({ ...selection, scenarios: ['a.yaml'], profiles: ['intended', 'as_built'] }),
    ).toThrow('--profile');
  });

  it('excludes seeds and ids beside it', () => {
    const wrong = {
      scenarios: ['a.yaml', 'swarm'],
      system: null,
      variant: null,
      seeds: { kind: 'unset' },
      without: null,
    } as const;
    expect(() => scenarioPathPlans(wrong)).toThrow('swarm');
  });
});
