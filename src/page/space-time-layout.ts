import type { ReportDetail } from '../report/model.ts';
import type { TraceHost, TraceMessage } from '../report/trace-model.ts';

/** The part of the time that a diagram shows. */
export interface Range {
  readonly fromUs: number;
  readonly toUs: number;
}

export interface ArrowShown {
  readonly message: TraceMessage;
  readonly onChain: boolean;
}

/** More arrows than this are a grey carpet, and slow. */
export const ARROWS_MAX = 500;
/** Messages of the chain, or records before the failure, that a diagram begins with. */
const FIRST_HOPS = 8;
const FIRST_RECORDS = 60;
const SHORTEST_US = 20;

/** What a diagram begins with: the last messages of the causal chain, or the last records, up to the failure. */
export function startRange({ trace: { records, messages }, chain }: ReportDetail, failedUs: number): Range {
  const last = failedUs < 0 ? (records.at(-1)?.atUs ?? 1) : failedUs;
  const chained = new Set(chain);
  const sent = messages.filter((each) => chained.has(each.sentIndex) && chained.has(each.endIndex)).slice(-FIRST_HOPS);
  const place = records.findLastIndex(({ atUs }) => atUs <= last);
  const fromUs = sent[0]?.sentUs ?? records[Math.max(0, place - FIRST_RECORDS)]?.atUs ?? 0;
  const pad = Math.max(SHORTEST_US, Math.ceil((last - fromUs) * 0.15));
  return { fromUs: fromUs - pad, toUs: last + pad };
}

/** Where the records lie, and a little on both sides: beyond it there is nothing to see. */
export function boundsOf({ trace: { records } }: ReportDetail): Range {
  const fromUs = records[0]?.atUs ?? 0;
  const toUs = Math.max(fromUs + 1, records.at(-1)?.atUs ?? 1);
  const pad = Math.max(SHORTEST_US, (toUs - fromUs) * 0.05);
  return { fromUs: fromUs - pad, toUs: toUs + pad };
}

/** The range moved and shortened until it lies within the bounds. */
export function within({ fromUs, toUs }: Range, bounds: Range): Range {
  const length = Math.min(toUs - fromUs, bounds.toUs - bounds.fromUs);
  const from = Math.max(bounds.fromUs, Math.min(fromUs, bounds.toUs - length));
  return { fromUs: from, toUs: from + length };
}

/** The range after a zoom around its middle and a shift by a share of its length. */
export function zoomed({ fromUs, toUs }: Range, factor: number, shift: number): Range {
  const length = Math.max(SHORTEST_US, (toUs - fromUs) * factor);
  const middle = (fromUs + toUs) / 2 + (toUs - fromUs) * shift;
  return { fromUs: middle - length / 2, toUs: middle + length / 2 };
}

/** The range after a zoom around a moment, given as a share of the range: what lies there stays where it is. */
export function zoomedAt({ fromUs, toUs }: Range, factor: number, share: number): Range {
  const length = Math.max(SHORTEST_US, (toUs - fromUs) * factor);
  const from = fromUs + (toUs - fromUs) * share - length * share;
  return { fromUs: from, toUs: from + length };
}

/** Hosts with a message in the detail: replicas first, then clients, then the others. */
export function shownHosts({ trace }: ReportDetail): TraceHost[] {
  const busy = new Set(trace.messages.flatMap(({ from, to }) => [from, to]));
  const order = ['replica', 'standby', 'client', 'operator', 'monitor', 'other'];
  return trace.hosts
    .filter(({ host, role }) => busy.has(host) || role === 'replica')
    .sort((one, other) => order.indexOf(one.role) - order.indexOf(other.role) || one.host - other.host);
}

/** Messages with a part of their way in the range, those of the causal chain first in what is kept, last in drawing. */
export function arrowsOf(
  { trace, chain }: ReportDetail,
  hosts: readonly TraceHost[],
  { fromUs, toUs }: Range,
  chainOnly: boolean,
): { readonly arrows: readonly ArrowShown[]; readonly leftOut: number } {
  const there = new Set(hosts.map(({ host }) => host));
  const chained = new Set(chain);
  const inside = trace.messages
    .filter(({ from, to, sentUs, endUs }) => {
      return there.has(from) && there.has(to) && sentUs <= toUs && (endUs < 0 ? sentUs : endUs) >= fromUs;
    })
    .map((message) => ({ message, onChain: chained.has(message.sentIndex) && chained.has(message.endIndex) }))
    .filter(({ onChain }) => onChain || !chainOnly)
    .sort((one, other) => Number(other.onChain) - Number(one.onChain));
  return { arrows: inside.slice(0, ARROWS_MAX).reverse(), leftOut: Math.max(0, inside.length - ARROWS_MAX) };
}
