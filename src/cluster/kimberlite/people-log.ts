import type { Us } from '../../sim/time.ts';
import { RECORD } from '../../sim/trace.ts';
import type { World } from '../../sim/world.ts';

/** What people do in an incident besides typing commands (catalogue, operator_actions and commands.people). */
export type PeopleAct =
  | 'ack-alert'
  | 'escalate'
  | 'approve'
  | 'open-ticket'
  | 'post-update'
  | 'set-status-page'
  | 'decide'
  | 'mend'
  | 'fence'
  | 'unfence';

export interface PeopleRecord {
  readonly atUs: Us;
  readonly act: PeopleAct;
  /** Whom or what it concerns: a role, `data-loss`, a channel, a fault's label, a host. */
  readonly about: string;
  /** Who did it, or the words that were used. */
  readonly text: string;
}

/** Acts of people with their virtual time, for gates and INV-LOSS-APPROVED. Append-only. */
export class PeopleLog {
  readonly records: PeopleRecord[];
  private readonly world: World;

  constructor(world: World) {
    this.records = [];
    this.world = world;
  }

  add(act: PeopleAct, about: string, text: string): void {
    const atUs = this.world.nowUs;
    this.records.push({ atUs, act, about, text });
    if (this.world.trace.recording) {
      this.world.trace.record(atUs, RECORD.operator, -1, 0, 0, 0, `${act} ${about}: ${text}`);
    }
  }

  /** The first record of an act about something, or null. */
  find(act: PeopleAct, about: string): PeopleRecord | null {
    return this.records.find((record) => record.act === act && record.about === about) ?? null;
  }

  /** Whether an approval was recorded, at any time up to now. */
  approved(what: string): boolean {
    return this.find('approve', what) !== null;
  }
}
