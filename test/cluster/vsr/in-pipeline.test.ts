import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InPipeline } from '../../../src/cluster/vsr/in-pipeline.ts';

describe('requests in the pipeline', () => {
  it('answer as a Map would, whatever is set, removed and cleared', () => {
    const client = fc.integer({ min: 1, max: 5 });
    const request = fc.integer({ min: 0, max: 3 });
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('set' as const), client, request }) },
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('remove' as const), client, request }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), client, request }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pipeline = new InPipeline();
        const model = new Map<number, number>();
        for (const each of steps) {
          if (each.kind === 'clear') {
            pipeline.clear();
            model.clear();
          } else if (each.kind === 'set') {
            pipeline.set(each.client, each.request);
            model.set(each.client, each.request);
          } else {
            pipeline.remove(each.client, each.request);
            if (model.get(each.client) === each.request) model.delete(each.client);
          }
          for (let at = 1; at <= 5; at++) {
            expect(pipeline.has(at)).toBe(model.has(at));
            expect(pipeline.requestOf(at)).toBe(model.get(at) ?? -1);
          }
        }
      }),
      { seed: 1 },
    );
  });
});
