import type { DiskOp, Message } from './api.ts';
import { EVENT } from './core.ts';
import type { Deferred } from './host-journal.ts';
import type { World } from './world.ts';

/**
 * What a run is charged when its plan sets no bound of its own (R28): 1 GiB, our own figure. Drawn plans are charged
 * about 10 MiB at most, so only what grows without end comes here, and a worker of that size is still below what its
 * parent watches for.
 */
export const MEMORY_BYTES_MAX_DEFAULT = 1_073_741_824;

/** Charges of bookkeeping, rounded up from what V8 takes on a 64-bit machine. They never depend on the machine. */
const QUEUE_ENTRY_BYTES = 64;
const WAITING_BYTES = 48;
const MESSAGE_BYTES = 96;
const DISK_REQUEST_BYTES = 160;
const LEDGER_ENTRY_BYTES = 160;
const CHECKPOINT_BYTES = 8;

/** Steps between two looks at the sum, at least. */
const STEPS_MIN = 1_024;

/**
 * The modelled byte budget of a run (R28): sectors of all disks, the event queue and the inboxes with what they carry,
 * the ledger, and the trace's checkpoints. Equal plans are charged equally on every machine, whatever V8 does. Recorded
 * texts and journals are not charged: a replay keeps them and the run that it repeats did not, and both must end alike
 * (the journals are bounded, records are by `eventsMax`).
 */
export class MemoryBudget {
  readonly bytesMax: number;
  /** What the run held at the last look. */
  bytes: number;
  private readonly world: World;
  private stepsLeft: number;

  constructor(world: World, bytesMax: number) {
    this.world = world;
    this.bytesMax = bytesMax;
    this.bytes = 0;
    this.stepsLeft = STEPS_MIN;
  }

  /**
   * Called before each step of the world: whether the run may go on. It looks once in as many steps as there are entries
   * to be looked at, and at least once in a thousand, so that a look costs a step next to nothing.
   */
  allows(): boolean {
    if (--this.stepsLeft > 0) return true;
    const { world } = this;
    this.stepsLeft = Math.max(STEPS_MIN, world.queue.size);
    this.bytes = modelledBytes(world);
    return this.bytes <= this.bytesMax;
  }
}

/** Bytes that a world is charged at this moment. */
export function modelledBytes(world: World): number {
  let bytes = world.queue.sum((kind, ref) => QUEUE_ENTRY_BYTES + carriedBytes(kind, ref));
  for (const machine of world.machines) {
    bytes += machine.disk.allocatedBytes;
    machine.eachWaiting((event: Deferred) => {
      bytes += WAITING_BYTES + carriedBytes(event.kind, event.ref);
    });
  }
  bytes += world.ledger.entries.length * LEDGER_ENTRY_BYTES;
  return bytes + world.trace.checkpoints.length * CHECKPOINT_BYTES;
}

/** A message that several hosts will get is charged once for each. */
function carriedBytes(kind: number, ref: unknown): number {
  if (kind === EVENT.message) return MESSAGE_BYTES + (ref as Message).sizeBytes;
  if (kind === EVENT.disk) return DISK_REQUEST_BYTES + ((ref as DiskOp).bytes?.length ?? 0);
  return 0;
}
