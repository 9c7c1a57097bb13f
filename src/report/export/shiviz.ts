import type { TraceEntry, TraceModel } from '../trace-model.ts';

/**
 * What is typed into ShiViz's field for the log's regular expression (bestchai.bitbucket.io/shiviz). An event has two
 * lines: host and vector clock, then its text.
 */
export const SHIVIZ_REGEX = '(?<host>\\S*) (?<clock>{.*})\\n(?<event>.*)';

/** Kinds of records that are events of a host; timers and disk completions would hide the rest. */
const SHOWN: readonly string[] = ['send', 'deliver', 'drop', 'crash', 'start', 'fault', 'mark', 'log'];

/**
 * A part of a trace as a log for ShiViz: vector clocks over the messages that were sent and delivered within the part.
 * The log holds nothing but events, so that the regular expression parses all of it.
 */
export function shivizReport(trace: TraceModel): string {
  const names = new Map(trace.hosts.map(({ host, name }) => [host, name.replace(/\s/g, '_')]));
  const clocks = new Map<number, Map<number, number>>();
  const sent = new Map<number, ReadonlyMap<number, number>>();
  const lines: string[] = [];
  for (const record of trace.records) {
    const name = names.get(record.host);
    if (name === undefined || !SHOWN.includes(record.kind)) continue;
    const clock = clocks.get(record.host) ?? new Map<number, number>();
    clocks.set(record.host, clock);
    if (record.kind === 'deliver') join(clock, sent.get(record.message));
    clock.set(record.host, (clock.get(record.host) ?? 0) + 1);
    if (record.kind === 'send') sent.set(record.message, new Map(clock));
    lines.push(`${name} ${clockText(clock, names)}`, eventText(record));
  }
  return `${lines.join('\n')}\n`;
}

function join(clock: Map<number, number>, other: ReadonlyMap<number, number> | undefined): void {
  for (const [host, count] of other ?? []) clock.set(host, Math.max(clock.get(host) ?? 0, count));
}

function clockText(clock: ReadonlyMap<number, number>, names: ReadonlyMap<number, string>): string {
  const entries = [...clock].map(([host, count]): [string, number] => [names.get(host) ?? String(host), count]);
  return JSON.stringify(Object.fromEntries(entries));
}

/** One line without braces, which would be taken for a clock. */
function eventText({ kind, detail, atUs }: TraceEntry): string {
  const text = detail.replace(/\s+/g, ' ').replace(/[{}]/g, (brace) => (brace === '{' ? '(' : ')'));
  return `${(atUs / 1_000_000).toFixed(6)} s ${kind} ${text}`;
}
