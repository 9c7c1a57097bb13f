import { describe, expect, it } from 'vitest';
import type { PeopleRecord } from '../../src/cluster/kimberlite/people-log.ts';
import type { GatePlan } from '../../src/plan/plan.ts';
import { Gates } from '../../src/scenarios/gates.ts';
import { MINUTE, SECOND } from '../../src/sim/time.ts';

const ACK: GatePlan = {
  id: 'ack',
  act: 'ack-alert',
  about: '',
  withinUs: 5 * MINUTE,
  afterStep: '',
  repeats: false,
  whileOpen: false,
};
const UPDATE: GatePlan = { ...ACK, id: 'update', act: 'post-update', withinUs: 15 * MINUTE, repeats: true };
const LEAD: GatePlan = { ...ACK, id: 'lead', act: 'escalate', about: 'lead', withinUs: 30 * MINUTE, whileOpen: true };
const PAGED_US = 100 * SECOND;

/** Gates of an incident that paged at 100 s and closed at `closedUs`, ticked every 15 s; returns what was reported. */
function judge(plans: readonly GatePlan[], acts: readonly Partial<PeopleRecord>[], closedUs: number): string[] {
  const found: string[] = [];
  const world = { nowUs: 0 };
  const records: PeopleRecord[] = [];
  const simulation = {
    plan: { gates: plans },
    cluster: { world },
    report: (property: string, _site: string, args: Record<string, unknown>) => {
      found.push(`${property} ${args['gate']} due ${args['dueS']} at ${world.nowUs / SECOND}`);
    },
  };
  const gates = new Gates(simulation as unknown as ConstructorParameters<typeof Gates>[0], {
    pagedUs: () => (world.nowUs >= PAGED_US ? PAGED_US : -1),
    commands: () => [],
    people: { records } as unknown as ConstructorParameters<typeof Gates>[1]['people'],
  });
  for (; world.nowUs < closedUs; world.nowUs += 15 * SECOND) {
    for (const act of acts) {
      if ((act.atUs ?? 0) > world.nowUs - 15 * SECOND && (act.atUs ?? 0) <= world.nowUs) {
        records.push({ atUs: 0, act: 'ack-alert', about: '', text: '', ...act });
      }
    }
    gates.tick();
  }
  gates.close();
  return found;
}

describe('INV-GATES-MET', () => {
  it('is silent when everything came in time', () => {
    const acts = [
      { act: 'ack-alert', atUs: PAGED_US + 5 * MINUTE },
      { act: 'post-update', atUs: PAGED_US + 15 * MINUTE },
      { act: 'post-update', atUs: PAGED_US + 30 * MINUTE },
      { act: 'escalate', about: 'lead', atUs: PAGED_US + 30 * MINUTE },
    ] as const;
    expect(judge([ACK, UPDATE, LEAD], acts, PAGED_US + 40 * MINUTE)).toEqual([]);
  });

  it('reports once what is overdue, as soon as it is', () => {
    expect(judge([ACK], [], PAGED_US + 40 * MINUTE)).toEqual(['INV-GATES-MET ack due 400 at 405']);
  });

  it('reports an act that came a second late', () => {
    const late = [{ act: 'ack-alert', atUs: PAGED_US + 5 * MINUTE + SECOND }] as const;
    expect(judge([ACK], late, PAGED_US + 6 * MINUTE)).toHaveLength(1);
  });

  it('reports a gap between two updates', () => {
    const acts = [{ act: 'post-update', atUs: PAGED_US + MINUTE }] as const;
    expect(judge([UPDATE], acts, PAGED_US + 17 * MINUTE)).toEqual(['INV-GATES-MET update due 1060 at 1065']);
  });

  it('asks for an escalation of the unresolved only while the incident is open', () => {
    expect(judge([LEAD], [], PAGED_US + 29 * MINUTE)).toEqual([]);
    expect(judge([LEAD], [], PAGED_US + 31 * MINUTE)).toEqual(['INV-GATES-MET lead due 1900 at 1905']);
    const other = [{ act: 'escalate', about: 'somebody', atUs: PAGED_US + MINUTE }] as const;
    expect(judge([LEAD], other, PAGED_US + 31 * MINUTE)).toHaveLength(1);
  });

  it('does not forgive at the end what was to be done in any case', () => {
    expect(judge([ACK], [], PAGED_US + MINUTE)).toHaveLength(1);
  });
});
