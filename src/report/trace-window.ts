import type { TraceEntry, TraceModel, TraceState } from './trace-model.ts';

/** A part of a trace with the number of records on both sides. */
export interface TraceWindow {
  readonly trace: TraceModel;
  readonly before: number;
  readonly after: number;
}

/** Share of a window that lies before its centre: what led to a failure says more than what followed. */
const BEFORE_SHARE = 0.9;

/** At most `max` records around the last record of `centreUs`, with all that belongs to them. */
export function windowAround(trace: TraceModel, centreUs: number, max: number): TraceWindow {
  const { records } = trace;
  const past = records.findIndex(({ atUs }) => atUs > centreUs);
  const centre = past < 0 ? records.length : past;
  const from = Math.max(0, Math.min(centre - Math.floor(max * BEFORE_SHARE), records.length - max));
  const shown = records.slice(from, from + max);
  const fromUs = shown[0]?.atUs ?? 0;
  const toUs = shown.at(-1)?.atUs ?? 0;
  const there = new Set(shown.map(({ message }) => message));
  const part: TraceModel = {
    ...trace,
    records: shown,
    messages: trace.messages.filter(({ id }) => there.has(id)),
    states: statesOf(trace.states, fromUs, toUs),
  };
  return { trace: part, before: from, after: records.length - from - shown.length };
}

function statesOf(states: readonly TraceState[], fromUs: number, toUs: number): TraceState[] {
  const first = new Map<number, TraceState>();
  for (const state of states) if (state.atUs < fromUs) first.set(state.host, state);
  return [...first.values(), ...states.filter(({ atUs }) => atUs >= fromUs && atUs <= toUs)];
}

/** Messages that come and go whatever happens: they explain nothing while another one does. */
const BACKGROUND: readonly string[] = ['ping', 'pong', 'heartbeat'];
const TOLD: readonly string[] = ['fault', 'crash', 'start'];
const HOPS_MAX = 60;

/**
 * What led to a failure on a host, backwards: the last message that it handled, what had happened on its sender before
 * that, and so on; with the faults, crashes and restarts of the hosts on the way. Trace indexes, ascending.
 */
export function causalChain(trace: TraceModel, host: number, atUs: number): number[] {
  const { records } = trace;
  const messages = new Map(trace.messages.map((message) => [message.id, message]));
  const chain = new Set<number>();
  let here = host;
  let place = records.findLastIndex((record) => record.atUs <= atUs);
  for (let hop = 0; hop < HOPS_MAX && place >= 0; hop++) {
    const before = arrival(records, here, place, messages);
    for (let index = place; index > before; index--) {
      const record = records[index]!;
      if (record.host === here && TOLD.includes(record.kind)) chain.add(record.index);
    }
    const arrived = records[before];
    const message = arrived === undefined ? undefined : messages.get(arrived.message);
    if (arrived === undefined || message === undefined) break;
    chain.add(arrived.index);
    const sent = records.findLastIndex(
      ({ kind, message: id }, index) => index < before && kind === 'send' && id === message.id,
    );
    if (sent < 0) break;
    chain.add(records[sent]!.index);
    here = message.from;
    place = sent;
  }
  return [...chain].sort((one, other) => one - other);
}

function arrival(
  records: readonly TraceEntry[],
  host: number,
  place: number,
  messages: ReadonlyMap<number, { readonly kind: string; readonly from: number; readonly to: number }>,
): number {
  for (let index = place; index >= 0; index--) {
    const record = records[index]!;
    if (record.host !== host || record.kind !== 'deliver') continue;
    const message = messages.get(record.message);
    if (message !== undefined && message.from !== host && !BACKGROUND.includes(message.kind)) return index;
  }
  return -1;
}
