import type { TraceLine } from '../report/trace-table.ts';
import { RECORD, type TraceRecord } from '../sim/trace.ts';

const KIND_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(RECORD).map(([name, number]) => [number, name] as const),
);

/** Words that `--kind` takes and the column `kind` shows. */
export const TRACE_KINDS: readonly string[] = Object.keys(RECORD);

export function traceLine({ index, atUs, kind, host, a, b, c, text }: TraceRecord): TraceLine {
  const detail = text === '' ? `${a} ${b} ${c}` : text;
  return { event: index, atUs, host, kind: KIND_NAMES.get(kind) ?? `kind ${kind}`, detail };
}
