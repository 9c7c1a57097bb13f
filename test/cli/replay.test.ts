import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleOf, bundleText, readBundle } from '../../src/cli/bundle.ts';
import { type ReplayOptions, replay } from '../../src/cli/commands/replay.ts';
import { CHECKPOINT_EVENTS, divergenceWindow } from '../../src/cli/divergence.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { TRACE_COLUMNS } from '../../src/report/trace-table.ts';
import { Trace } from '../../src/sim/trace.ts';
import { fakeRunPlan } from '../campaign/fake-run.ts';
import { samplePlan } from '../support/sample-plan.ts';
import { fakeEngine, listen } from './kit.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'firedrill-replay-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const engine = fakeEngine();

async function bundleFile(name: string, plan: RunPlan, change: (text: string) => string = (text) => text) {
  const { result } = await fakeRunPlan(plan, { recording: false });
  const path = join(folder, name);
  writeFileSync(path, change(bundleText(bundleOf(result, engine.versions))));
  return path;
}

async function start(bundle: string, changes: Partial<ReplayOptions> = {}, used = engine) {
  const heard = listen();
  const options = { bundle, fromUs: null, untilUs: null, node: null, kinds: [], json: false, ...changes };
  const code = await replay(options, heard, used);
  return { code, out: heard.out, err: heard.err };
}

const broken = samplePlan({ scenario: 'fake-broken', seed: 5 });
const literal = samplePlan({
  scenario: 'fake-loses',
  variant: 'literal',
  expectedFailure: { property: 'INV-DURABLE-ACK', seeds: 'every', pinned: 0, reason: '' },
});

describe('a bundle with parts missing', () => {
  it.each([
    ['no expected', undefined, 'expected is missing'],
    ['an empty one', {}, 'expected.hash is missing'],
    ['no list of checkpoints', { checkpoints: 'x' }, 'expected.checkpoints is no list'],
    ['a verdict that there is not', { verdict: 'maybe' }, 'expected.verdict is none of passed'],
    ['more than there is', { more: 1 }, 'expected has the unknown key more'],
  ])('%s is refused', async (name, change, text) => {
    const { result } = await fakeRunPlan(broken, { recording: false });
    const content = bundleOf(result, engine.versions);
    const whole = change !== undefined && Object.keys(change).length > 0;
    const expected = whole ? { ...content.expected, ...change } : change;
    const path = join(folder, `${name}.json`);
    // The checksum is right: such a file was written by a program, not damaged.
    writeFileSync(path, bundleText({ ...content, expected } as unknown as typeof content));
    expect(() => readBundle(path)).toThrow(text);
  });
});

describe('replay', () => {
  it('reproduces, shows the trace around the failure, and exits as the run itself', async () => {
    const { code, out } = await start(await bundleFile('a.json', broken));
    expect(code).toBe(1);
    expect(out).toContain('reproduced: hash 0000000500000001, 3500 events');
    const lines = out.split('\n');
    const head = lines.findIndex((line) => /^ +event +time +host +kind +detail$/.test(line));
    const shown = lines.slice(head + 1, lines.indexOf('', head));
    expect(shown).toHaveLength(44);
    expect(shown[0]).toBe('      962        0.961000  replica-1     mark       text 961');
    expect(shown.at(-1)).toContain('text 1004');
    expect((await start(await bundleFile('b.json', literal))).code).toBe(0);
    expect((await start(await bundleFile('c.json', samplePlan({ scenario: 'fake-fine' })))).code).toBe(0);
  });

  it.each<[Partial<ReplayOptions>, number, string]>([
    [{ fromUs: 10_000, untilUs: 12_000 }, 3, 'text 10'],
    [{ untilUs: 0 }, 1, 'text 0'],
    [{ node: 3, untilUs: 100_000 }, 25, 'client-0'],
    [{ kinds: ['mark', 'crash'], untilUs: 9_000 }, 6, 'crash'],
    [{ fromUs: 10_000_000 }, 0, 'reproduced'],
  ])('shows the part %j', async (part, count, text) => {
    const path = await bundleFile('part.json', broken);
    const document = JSON.parse((await start(path, { ...part, json: true })).out);
    expect(document.trace).toHaveLength(count);
    expect((await start(path, part)).out).toContain(text);
  });

  it('with a differing hash exits 3 and says where the traces part, and who wrote the bundle', async () => {
    const path = await bundleFile('d.json', samplePlan({ scenario: 'fake-fine' }));
    const drifting = fakeEngine({
      runPlan: async (plan, options) => {
        const outcome = await fakeRunPlan(plan, options);
        return { ...outcome, result: { ...outcome.result, traceHash: 'f'.repeat(16), traceCheckpoints: [11, 23, 34] } };
      },
    });
    const { code, out } = await start(path, {}, drifting);
    expect(code).toBe(3);
    expect(out).toContain(`NOT REPRODUCED (bundle and replay): hash 0000000100000001 and ${'f'.repeat(16)}`);
    expect(out).toContain('the first difference lies among events 1025 to 2048');
    expect(out).toContain('text 1024');
    const other = { ...drifting, versions: { firedrill: '10.0.0', node: 'v99.0.0' } };
    expect((await start(path, {}, other)).out).toContain(
      'written by firedrill 9.9.9 on Node v99.0.0, replayed by 10.0.0',
    );
    const document = JSON.parse((await start(path, { json: true }, drifting)).out);
    expect(document).toMatchObject({ reproduced: false, firstDifference: { firstEvent: 1025, lastEvent: 2048 } });
  });

  it('refuses a host that the run has not', async () => {
    const path = await bundleFile('n.json', broken);
    await expect(start(path, { node: 99 })).rejects.toThrow(
      /--node 99: there is no such host[\s\S]*a host from 0 to \d/,
    );
  });

  it('writes no history over the bundle', async () => {
    const path = await bundleFile('h.json', broken);
    const before = readFileSync(path, 'utf8');
    await expect(start(path, { history: path })).rejects.toThrow('--history');
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('refuses a kind that no trace has', async () => {
    await expect(start(await bundleFile('e.json', broken), { kinds: ['crsh'] })).rejects.toThrow(
      /did you mean crash\?/,
    );
  });
});

describe('a bundle', () => {
  it('with any one byte changed is refused', async () => {
    const path = await bundleFile('whole.json', broken);
    const whole = readFileSync(path);
    expect(readBundle(path).plan).toEqual(broken);
    const changed = join(folder, 'changed.json');
    for (let at = 0; at < whole.length; at++) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = bytes[at]! ^ (at % 2 === 0 ? 1 : 0x80);
      writeFileSync(changed, bytes);
      expect(() => readBundle(changed), `byte ${at}`).toThrow(/remedy: /);
    }
    for (const text of [whole.subarray(0, -1), Buffer.concat([whole, Buffer.from('\n')]), Buffer.from('')]) {
      writeFileSync(changed, text);
      expect(() => readBundle(changed)).toThrow(/remedy: /);
    }
  });

  it('of another version, or that is something else, is refused as such', async () => {
    const newer = await bundleFile('newer.json', broken, (text) => text.replace('"version": 1', '"version": 2'));
    expect(() => readBundle(newer)).toThrow(/no bundle of version 1 \(version: 2\)/);
    const other = join(folder, 'other.json');
    writeFileSync(other, '[1]');
    expect(() => readBundle(other)).toThrow(/\(version: none\)/);
    expect(() => readBundle(folder)).toThrow(/it is a folder/);
  });

  it('whose plan cannot be used is refused although its checksum holds', async () => {
    const bad = await bundleFile('bad.json', { ...broken, system: '' });
    expect(() => readBundle(bad)).toThrow(/bad\.json: plan\.system/);
  });
});

describe('where traces part', () => {
  it('is told by the checkpoints that a trace keeps', () => {
    const fold = (bad: number) => {
      const trace = new Trace(false);
      for (let event = 1; event <= 5_000; event++) trace.fold(event, 1, 0, event === bad ? 1 : 0, 0, 0);
      return trace.checkpoints;
    };
    for (const bad of [1, CHECKPOINT_EVENTS, CHECKPOINT_EVENTS + 1, 3_000]) {
      const { firstEvent, lastEvent } = divergenceWindow(fold(0), fold(bad));
      expect(firstEvent <= bad && bad <= lastEvent, `event ${bad} in ${firstEvent}..${lastEvent}`).toBe(true);
      expect(lastEvent - firstEvent + 1).toBe(CHECKPOINT_EVENTS);
    }
    expect(divergenceWindow(fold(0), fold(4_999))).toEqual({ firstEvent: 4 * CHECKPOINT_EVENTS + 1, lastEvent: -1 });
  });

  it('and the legend explains each column in its order', () => {
    const page = readFileSync(new URL('../../docs/reading-a-trace.md', import.meta.url), 'utf8');
    const legend = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    expect(legend.slice(0, TRACE_COLUMNS.length)).toEqual(TRACE_COLUMNS.map(({ name }) => name));
  });
});
