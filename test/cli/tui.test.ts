import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleOf, bundleText } from '../../src/cli/bundle.ts';
import { sessionOf, type TuiOptions, tui } from '../../src/cli/commands/tui.ts';
import { opOf } from '../../src/cli/recording/recorder.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import { press } from '../../src/tui/press.ts';
import { screenLines } from '../../src/tui/screen.ts';
import { firstView, type Session, type View } from '../../src/tui/view.ts';
import { filesUnder, ROOT } from '../tidy/source.ts';
import { plainText, screenHash } from '../tui/kit.ts';
import { fakeEngine, listen } from './kit.ts';

const SIZE = { columns: 80, rows: 23 };
const VERSIONS = { firedrill: '9.9.9', node: 'v99.0.0' };

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'firedrill-tui-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options = (what: string, changes: Partial<TuiOptions> = {}): TuiOptions => ({
  what,
  variant: null,
  seed: { kind: 'unset' },
  compare: false,
  other: null,
  ...changes,
});

/** Plans of the corpus with a planted bug, which are small. */
const shrunk = filesUnder('corpus')
  .filter((path) => path.endsWith('.json'))
  .map((path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as { plan: RunPlan })
  .map(({ plan }) => plan)
  .filter(({ mutant }) => mutant !== null);

const FAILING: readonly RunPlan[] = [
  ...shrunk,
  { ...swarmPlan(1), mutant: 'ack-before-sync' },
  { ...swarmPlan(1), mutant: 'commit-quorum-half' },
];

async function opened(plan: RunPlan): Promise<{ session: Session; hash: string; property: string }> {
  const { result } = await runPlan(plan, { recording: false });
  const path = join(folder, `${plan.mutant}-${plan.seed}.json`);
  writeFileSync(path, bundleText(bundleOf(result, VERSIONS)));
  const session = await sessionOf(options(path), listen(), fakeEngine({ runPlan }));
  return { session, hash: result.traceHash, property: result.property };
}

describe('tui BUNDLE', () => {
  it('has five planted bugs to show', () => {
    expect(new Set(FAILING.map(({ mutant }) => mutant)).size).toBe(5);
  });

  it.each(FAILING.map((plan) => [plan.mutant, plan] as const))(
    '%s: one key to the failure, 100 back and on to the same screen',
    async (_, plan) => {
      const { session, hash, property } = await opened(plan);
      const [run] = session.runs;
      // Watching changed nothing.
      expect(run.facts.result.traceHash).toBe(hash);
      expect(run.facts.reproduced).toBe('yes');
      const start = firstView(session);
      const failure = press(session, start, '!');
      const screen = (view: View): string => screenHash(screenLines(session, view, SIZE));
      const text = plainText(screenLines(session, failure, SIZE));
      expect(text).toContain(`FAILED ${property}`);
      expect(text).toContain('finding');
      let back = failure;
      for (let event = 0; event < 100; event++) back = press(session, back, 'left');
      expect(screen(back)).not.toBe(screen(failure));
      let on = back;
      for (let event = 0; event < 100; event++) on = press(session, on, 'right');
      expect(screen(on)).toBe(screen(failure));
      expect(screen(press(session, press(session, failure, 'g'), '!'))).toBe(screen(failure));
    },
    180_000,
  );

  it('shows the nearest run that passes beside it', async () => {
    const plan = shrunk.find(({ mutant }) => mutant === 'blank-voter') as RunPlan;
    const { result } = await runPlan(plan, { recording: false });
    const path = join(folder, 'compared.json');
    writeFileSync(path, bundleText(bundleOf(result, VERSIONS)));
    const session = await sessionOf(options(path, { compare: true }), listen(), fakeEngine({ runPlan }));
    expect(session.runs[1]?.facts.title).toMatch(/without/);
    expect(session.runs[1]?.facts.result.verdict).not.toBe('failed');
    const view = firstView(session);
    expect(view.row).toBeGreaterThan(0);
    expect(plainText(screenLines(session, view, SIZE))).toContain('log: they differ');
    expect(plainText(screenLines(session, press(session, view, 'left'), SIZE))).toContain('log: equal so far');
  }, 180_000);
});

describe('without a terminal', () => {
  it.each([
    [false, true, 'xterm'],
    [true, false, 'xterm'],
    [true, true, 'dumb'],
  ])('in %s, out %s, TERM=%s: refuses before it runs anything', async (input, output, TERM) => {
    const terminal = {
      stdin: { isTTY: input } as NodeJS.ReadStream,
      stdout: { isTTY: output, rows: 24, columns: 80 } as NodeJS.WriteStream,
      variables: { TERM },
    };
    const heard = listen();
    await expect(tui(options('fake-loses'), heard, fakeEngine(), terminal)).rejects.toThrow(/tui needs a terminal/);
    expect(heard.err + heard.out).toBe('');
  });
});

it('finds the op number that a text mentions', () => {
  expect(opOf('prepare view=3 op=118 commit=117')).toBe(118);
  expect(opOf('ping')).toBe(-1);
});
