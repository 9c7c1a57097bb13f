import { PropertySet } from '../../checkers/set.ts';
import type { ReplicaObservation } from '../../cluster/vsr/observe.ts';
import { Ledger } from '../../sim/ledger.ts';
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

class LedgerNeverCleared extends Ledger {
  override clear(): void {}
}

const set: SetMaker = (properties) => new PropertySet(properties);
const durable: DurableParts = {
  peek: (disk, file, offsetBytes, lengthBytes) => disk.peekDurable(file, offsetBytes, lengthBytes),
  ledger: () => new Ledger(),
  excuse: () => false,
};

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
    peek: (disk, file, offsetBytes, lengthBytes) => disk.peekCached(file, offsetBytes, lengthBytes),
  }),
  durableRow('excuse-always', 'every missing copy is excused', 'R27; R11', CERTIFICATES, { excuse: () => true }),
  durableRow('excuse-outlives-damage', 'damage excuses also when it has been overwritten', 'R27; R11', CERTIFICATES, {
    ledger: () => new LedgerNeverCleared(),
  }),
];
