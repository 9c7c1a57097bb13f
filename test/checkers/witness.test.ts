import { describe, expect, it } from 'vitest';
import { checkLinearizability } from '../../src/checkers/linearizability.ts';
import { registerModel } from '../../src/checkers/models/register.ts';
import { NEVER_RETURNED } from '../../src/checkers/sequential-model.ts';
import { checkWitness } from '../../src/checkers/witness.ts';
import { numbers, type RegisterOperation, read, recordedRun, write } from './register-histories.ts';

const judgeRegister = (operations: readonly RegisterOperation[]) =>
  checkLinearizability(registerModel(), operations, { stepsMax: 10_000_000 }).verdict;

describe('witness', () => {
  const model = registerModel();
  const history = [write(1, 4, 1), write(2, 3, 2), read(5, 6, 1), write(7, NEVER_RETURNED, 3)];

  it('accepts the commit order, with or without the unknown operation', () => {
    expect(checkWitness(model, history, [1, 0, 2])).toEqual({ verdict: 'linearizable' });
    expect(checkWitness(model, history, [1, 0, 2, 3])).toEqual({ verdict: 'linearizable' });
  });

  it('stays undecided on everything else, though the history is fine', () => {
    expect(judgeRegister(history)).toBe('linearizable');
    expect(checkWitness(model, history, [0, 1, 2])).toEqual({ verdict: 'undecided', why: 'result', operation: 2 });
    expect(checkWitness(model, history, [1, 0])).toEqual({ verdict: 'undecided', why: 'not placed', operation: 2 });
    expect(checkWitness(model, history, [1, 1, 0, 2])).toMatchObject({ why: 'placed twice', operation: 1 });
    expect(checkWitness(model, history, [1, 0, 2, 9])).toMatchObject({ why: 'not an operation', operation: 9 });
    const reversed = [write(1, 2, 1), write(3, 4, 1)];
    expect(checkWitness(model, reversed, [1, 0])).toEqual({ verdict: 'undecided', why: 'real time', operation: 0 });
  });

  it('never accepts what the search calls illegal', () => {
    let accepted = 0;
    for (let seed = 1; seed <= 300; seed += 1) {
      const draw = numbers(seed);
      const run = recordedRun(seed, 12, 2, 0);
      if (draw(2) === 0) {
        const at = run.findIndex((each) => each.output?.kind === 'value');
        if (at >= 0) run[at] = { ...run[at]!, output: { kind: 'value', value: draw(5) } };
      }
      const byReturn = run.map((_, index) => index);
      if (checkWitness(model, run, byReturn).verdict !== 'linearizable') continue;
      accepted += 1;
      expect(judgeRegister(run), `seed ${seed}`).toBe('linearizable');
    }
    expect(accepted).toBeGreaterThan(20);
  });
});
