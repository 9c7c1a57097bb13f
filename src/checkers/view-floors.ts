/** Views that are remembered. Older ones answer with nothing, which judges nothing. */
const VIEWS_MAX = 64;

interface Floor {
  readonly epoch: number;
  readonly view: number;
  /** Highest op known to be committed in this view or an earlier one. */
  op: number;
}

/**
 * What each view must begin with: an op committed in (epoch, view) is part of the log of that view and of every later
 * one, but a primary that was left behind in an earlier view need not know of it.
 */
export class ViewFloors {
  /** Ascending by (epoch, view); `op` never falls along the list. */
  private readonly floors: Floor[];

  constructor() {
    this.floors = [];
  }

  /** Ops up to `op` are committed, as known in that view. */
  raise(epoch: number, view: number, op: number): void {
    const { floors } = this;
    let index = floors.length - 1;
    while (index >= 0 && isAfter(floors[index] as Floor, epoch, view)) index--;
    const known = floors[index];
    if (known !== undefined && known.epoch === epoch && known.view === view) {
      if (op <= known.op) return;
      known.op = op;
    } else {
      floors.splice(index + 1, 0, { epoch, view, op: Math.max(op, known?.op ?? 0) });
      index++;
    }
    for (let later = index + 1; later < floors.length; later++) {
      const floor = floors[later] as Floor;
      if (floor.op < op) floor.op = op;
    }
    if (floors.length > VIEWS_MAX) floors.shift();
  }

  /** Ops above `op` are no longer owed by anybody. */
  lower(op: number): void {
    for (const floor of this.floors) if (floor.op > op) floor.op = op;
  }

  /** The op that the log of (epoch, view) must reach; 0 when nothing is known. */
  at(epoch: number, view: number): number {
    const { floors } = this;
    let index = floors.length - 1;
    while (index >= 0 && isAfter(floors[index] as Floor, epoch, view)) index--;
    return floors[index]?.op ?? 0;
  }
}

function isAfter(floor: Floor, epoch: number, view: number): boolean {
  return floor.epoch > epoch || (floor.epoch === epoch && floor.view > view);
}
