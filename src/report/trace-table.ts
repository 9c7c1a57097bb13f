import { instantText } from './duration.ts';

/** One line of a trace as it is shown: `event` is the position in the trace, `kind` a word, `host` a number. */
export interface TraceLine {
  readonly event: number;
  readonly atUs: number;
  readonly host: number;
  readonly kind: string;
  readonly detail: string;
}

/** Columns of a printed trace: the legend in docs/reading-a-trace.md is tested against this list. */
export const TRACE_COLUMNS = [
  { name: 'event', width: 9 },
  { name: 'time', width: 14 },
  { name: 'host', width: 12 },
  { name: 'kind', width: 9 },
  { name: 'detail', width: 0 },
] as const;

/** A trace in fixed columns. `hostName` gives the name of a host's number. */
export function traceTable(lines: readonly TraceLine[], hostName: (host: number) => string): string {
  const [event, time, host, kind] = TRACE_COLUMNS;
  const row = (cells: readonly [string, string, string, string, string]): string =>
    [
      cells[0].padStart(event.width),
      cells[1].padStart(time.width),
      cells[2].padEnd(host.width),
      cells[3].padEnd(kind.width),
      cells[4],
    ]
      .join('  ')
      .trimEnd();
  const [a, b, c, d, e] = TRACE_COLUMNS.map(({ name }) => name) as [string, string, string, string, string];
  const rows = lines.map((line) =>
    row([String(line.event), instantText(line.atUs), hostName(line.host), line.kind, line.detail]),
  );
  return [row([a, b, c, d, e]), ...rows].join('\n');
}
