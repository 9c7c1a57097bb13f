import { PropertySet } from '../../checkers/set.ts';
import type { ReplicaObservation } from '../../cluster/vsr/observe.ts';
import { groundTruth } from '../../scenarios/ground-truth.ts';
import { HONEST_PARTS } from '../../sim/parts.ts';
import { LedgerNeverCleared } from './disk-mutants.ts';
import { CERTIFICATES, type DurableParts, type SetMaker, SYNCED_COPIES, TRANSIENT } from './property-checks.ts';
import { type Check, type HarnessMutant, plant } from './row.ts';

/** Keeps the newest state of each replica and judges it when the run is over. */
class JudgesAtEnd extends PropertySet {
  private readonly newest = new Map<number, ReplicaObservation>();

  override onState(now: ReplicaObservation): void {
    this.newest.set(now.replica, now);
  }

  override onEnd(): void {
    for (const state of this.newest.values()) super.onState(state);
    super.onEnd();
  }
}

/** Looks at every other change of state. */
class SamplesStates extends PropertySet {
  private count = 0;

  override onState(now: ReplicaObservation): void {
    this.count++;
    if (this.count % 2 === 0) super.onState(now);
  }
}

const set: SetMaker = (properties) => new PropertySet(properties);
const durable: DurableParts = { world: HONEST_PARTS, truth: groundTruth, excuse: () => false };

/** A ground truth that takes what a process would read for what a power loss would leave. */
const cacheTruth: DurableParts['truth'] = (judged) => ({
  ...groundTruth(judged),
  peekDurable: (replica, file, offsetBytes, lengthBytes) =>
    judged.world.machines[replica]?.disk.peekCached(file, offsetBytes, lengthBytes) ?? null,
});

function setRow(id: string, what: string, source: string, planted: SetMaker): HarnessMutant {
  return plant({ id, what, source, part: 'checker' }, TRANSIENT, set, planted);
}

function durableRow(
  id: string,
  what: string,
  source: string,
  check: Check<DurableParts>,
  planted: Partial<DurableParts>,
): HarnessMutant {
  return plant({ id, what, source, part: 'checker' }, check, durable, { ...durable, ...planted });
}

/** Bugs planted in the properties of the log and in what they look at. */
export const PROPERTY_MUTANTS: readonly HarnessMutant[] = [
  setRow('judged-at-end', 'invariants are tested only at the end', 'issue 3; R10', (list) => new JudgesAtEnd(list)),
  setRow('every-other-state', 'every other state is not judged', 'R10', (list) => new SamplesStates(list)),
  setRow('last-property-deaf', 'the last property of the list hears nothing', 'R24', (list) => set(list.slice(0, -1))),
  durableRow('durability-of-the-cache', 'the page cache counts as durable', 'R10', SYNCED_COPIES, {
    truth: cacheTruth,
  }),
  durableRow('excuse-always', 'every missing copy is excused', 'R27; R11', CERTIFICATES, { excuse: () => true }),
  durableRow('excuse-outlives-damage', 'damage excuses also when it has been overwritten', 'R27; R11', CERTIFICATES, {
    world: { ...HONEST_PARTS, ledger: () => new LedgerNeverCleared() },
  }),
];
