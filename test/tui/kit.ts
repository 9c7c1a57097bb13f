import { createHash } from 'node:crypto';
import type { Line } from '../../src/tui/line.ts';
import { StateLayout } from '../../src/tui/recording/layout.ts';
import { Recording, type RecordingFacts } from '../../src/tui/recording/recording.ts';
import { kindNumber, type RowKind } from '../../src/tui/recording/words.ts';
import { RecordingWriter } from '../../src/tui/recording/writer.ts';
import { failedResult } from '../support/sample-plan.ts';

export const PROPERTY = 'INV-DURABLE-ACK';

/** Three replicas, two clients, operator and monitor; one fault, one alert. */
export const LAYOUT = layoutOf(['replica-0', 'replica-1', 'replica-2']);

function layoutOf(servers: readonly string[]): StateLayout {
  return new StateLayout({
    hosts: [
      ...servers.map((name) => ({ name, kind: 'replica' as const })),
      ...[0, 1].map((number) => ({ name: `client-${number}`, kind: 'client' as const })),
      { name: 'operator', kind: 'operator' },
      { name: 'monitor', kind: 'monitor' },
    ],
    serverCount: servers.length,
    clientCount: 2,
    faultCount: 1,
    alertCount: 1,
  });
}

export interface Told {
  readonly atUs: number;
  readonly kind: RowKind;
  readonly host?: number;
  readonly peer?: number;
  readonly op?: number;
  readonly text?: string;
}

/** Writes events, each a list of rows and of changed cells. */
export function writeEvents(
  writer: RecordingWriter,
  events: readonly { readonly rows: readonly Told[]; readonly cells?: readonly (readonly [number, number])[] }[],
): void {
  for (const { rows, cells = [] } of events) {
    for (const { atUs, kind, host = -1, peer = -1, op = -1, text = '' } of rows) {
      writer.row({ atUs, event: writer.openRow, kind: kindNumber(kind), host, peer, op, text });
    }
    for (const [cell, value] of cells) writer.set(cell, value);
    writer.endEvent();
  }
}

/** A run of `events` events of 1 ms: deliveries on the replicas in turn, a mark with each tenth, and a failure at 7/8. */
export function smallRun(
  events = 400,
  changes: Partial<RecordingFacts> = {},
  oddFrom = events,
  servers: readonly string[] = ['replica-0', 'replica-1', 'replica-2'],
): Recording {
  const layout = layoutOf(servers);
  const writer = new RecordingWriter(layout.cellCount);
  const failsAt = Math.floor((events * 7) / 8);
  let failureRow = -1;
  for (let event = 0; event < events; event++) {
    const atUs = event * 1_000;
    const host = event % 3;
    const text = `prepare view=0 op=${event}${event >= oddFrom ? ' odd' : ''}`;
    const rows: Told[] = [{ atUs, kind: 'deliver', host, peer: (host + 1) % 3, op: event, text }];
    if (event === 40) rows.push({ atUs, kind: 'fault', host: 1, text: 'cut (net.partition) takes effect: host 1' });
    if (event % 10 === 0) rows.push({ atUs, kind: 'mark', host, text: 'ack' });
    if (event === failsAt) {
      failureRow = writer.openRow + rows.length;
      rows.push({ atUs, kind: 'finding', host, text: `${PROPERTY}: gone` });
    }
    const cells: [number, number][] = [
      [layout.server(host, 'process'), 1],
      [layout.server(host, 'op'), event],
    ];
    if (event === 40) cells.push([layout.fault(0), 1], [layout.link(1, 0), 4]);
    writeEvents(writer, [{ rows, cells }]);
  }
  const facts: RecordingFacts = {
    title: 'small run',
    result: failedResult([PROPERTY]),
    explanation: 'an operation that a client was told is done does not survive',
    reproduced: 'unknown',
    faults: failedResult([PROPERTY]).plan.faults.slice(0, 1),
    alerts: ['ALERT-X'],
    findings: [{ row: failureRow, property: PROPERTY, text: `${PROPERTY}: gone` }],
    terminal: [{ row: 5, tone: 'prompt', text: '$ date' }],
    ...changes,
  };
  return new Recording(layout, facts, writer.chunks);
}

/** The characters of a screen. */
export function plainText(lines: readonly Line[]): string {
  return lines.map((parts) => parts.map(({ text }) => text).join('')).join('\n');
}

/** What a screen shows, its tones included, as one word. */
export function screenHash(lines: readonly Line[]): string {
  return createHash('sha256').update(JSON.stringify(lines)).digest('hex');
}
