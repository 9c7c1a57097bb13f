import { expect, it } from 'vitest';
import { KIMBERLITE_OPERATION, KimberliteMachine } from '../../src/cluster/kimberlite/machine.ts';
import { PoisonOp } from '../../src/cluster/kimberlite/poison-op.ts';
import type { Prepare } from '../../src/cluster/storage/prepare.ts';

const SUM = { a: 1, b: 2, c: 3, d: 4 };

function entry(op: number, operation: number, client: number, request: number): Prepare {
  return { op, operation, client, request, sum: SUM, body: new Uint8Array(16) } as unknown as Prepare;
}

it('the first append after the strike stops every server that executes it, wherever it stands in the log', () => {
  const met: number[] = [];
  const poison = new PoisonOp((host) => void met.push(host));
  const machines = [new KimberliteMachine(), new KimberliteMachine()];
  for (const [host, machine] of machines.entries()) poison.enter(host, machine);
  const [first, second] = machines as [KimberliteMachine, KimberliteMachine];
  const { append, read } = KIMBERLITE_OPERATION;
  expect(() => first.apply(entry(7, read, 5, 1))).not.toThrow();
  expect(() => first.apply(entry(8, append, 5, 2))).toThrow('segment_bytes (op 8)');
  expect(() => second.apply(entry(7, append, 6, 1))).not.toThrow();
  expect(() => second.apply(entry(9, append, 5, 2))).toThrow('op 9');
  expect(met).toEqual([0, 1]);
});

it('spares an append that one server has executed already and the others have still to execute', () => {
  const machines = [new KimberliteMachine(), new KimberliteMachine()];
  const [ahead, behind] = machines as [KimberliteMachine, KimberliteMachine];
  const { append } = KIMBERLITE_OPERATION;
  ahead.apply(entry(8, append, 5, 2));
  const poison = new PoisonOp(() => {});
  for (const [host, machine] of machines.entries()) poison.enter(host, machine);
  expect(() => behind.apply(entry(8, append, 5, 2))).not.toThrow();
  expect(() => behind.apply(entry(9, append, 6, 1))).toThrow('op 9');
  expect(() => ahead.apply(entry(9, append, 6, 1))).toThrow('op 9');
});
