import type { FaultPlan } from '../../plan/plan.ts';
import { cell, cellText, type Line, line, shortNames, type Tone } from '../line.ts';
import type { Recording } from '../recording/recording.ts';
import { FAULT_WORDS } from '../recording/words.ts';

/** Faults that strike now first, then those that did, then those that wait. */
const FAULT_ORDER = ['active', 'struck', 'over', 'refused', 'waiting'] as const;
const FAULT_TONES: Readonly<Record<(typeof FAULT_WORDS)[number], Tone>> = {
  active: 'bad',
  struck: 'warn',
  over: 'quiet',
  refused: 'quiet',
  waiting: 'quiet',
};

/** One line a fault, with its state as a word. */
export function faultLines(run: Recording, state: Float64Array): Line[] {
  const rows = run.facts.faults.map((fault, index) => ({ fault, word: faultWord(run, state, index) }));
  if (rows.length === 0) return [line('none is planned', 'quiet')];
  return FAULT_ORDER.flatMap((wanted) =>
    rows
      .filter(({ word }) => word === wanted)
      .map(({ fault, word }) => [
        { text: cell(word === 'active' ? 'ACTIVE' : word, 8), tone: FAULT_TONES[word] },
        { text: `${cellText(faultText(fault, run))}`, tone: word === 'waiting' ? 'quiet' : 'plain' } as const,
      ]),
  );
}

/** How many faults are active, for a title. */
export function faultTitle(run: Recording, state: Float64Array): string {
  const active = run.facts.faults.filter((_, index) => faultWord(run, state, index) === 'active').length;
  return `faults ${active} active of ${run.facts.faults.length}`;
}

function faultWord(run: Recording, state: Float64Array, index: number): (typeof FAULT_WORDS)[number] {
  return FAULT_WORDS[state[run.layout.fault(index)] as number] ?? 'waiting';
}

function faultText({ kind, label, target }: FaultPlan, run: Recording): string {
  const where =
    target.kind === 'role'
      ? target.role
      : target.hosts.map((host) => shortNames(run.layout.parts.hosts[host]?.name ?? String(host))).join(',');
  return `${kind} ${where} (${label})`;
}

/** Alerts that fire or are pending; where none is, a word about that. */
export function alertLines(run: Recording, state: Float64Array): Line[] {
  const { alerts } = run.facts;
  if (alerts.length === 0) return [line('nothing is monitored here', 'quiet')];
  const count = (index: number, phase: 'pending' | 'firing'): number => state[run.layout.alert(index, phase)] as number;
  const lines: Line[] = [];
  for (const phase of ['firing', 'pending'] as const) {
    for (const [index, id] of alerts.entries()) {
      const found = count(index, phase);
      if (found === 0) continue;
      const word = phase === 'firing' ? 'FIRING' : phase;
      lines.push([
        { text: cell(word, 8), tone: phase === 'firing' ? 'bad' : 'warn' },
        { text: `${id}${found > 1 ? ` x${found}` : ''}`, tone: 'plain' },
      ]);
    }
  }
  return lines.length === 0 ? [line('none is pending or fires', 'quiet')] : lines;
}

/** Sums of all clients, then one line each: the request in flight, what was answered, what nobody knows the end of. */
export function clientLines({ layout }: Recording, state: Float64Array): Line[] {
  const { clientCount, serverCount, hosts } = layout.parts;
  const value = (client: number, name: Parameters<typeof layout.client>[1]): number =>
    state[layout.client(client, name)] as number;
  const sums = { flying: 0, answered: 0, unknown: 0 };
  const each: Line[] = [];
  for (let client = 0; client < clientCount; client++) {
    const request = value(client, 'inFlight');
    const unknown = value(client, 'unknown');
    if (request > 0) sums.flying++;
    sums.answered += value(client, 'acknowledged');
    sums.unknown += unknown;
    const name = shortNames(hosts[serverCount + client]?.name ?? '');
    each.push([
      { text: cell(name, 4), tone: 'quiet' },
      { text: cell(request > 0 ? `#${request}...` : 'idle', 9), tone: request > 0 ? 'plain' : 'quiet' },
      { text: cell(`${value(client, 'acknowledged')} ok`, 8, 'right'), tone: 'plain' },
      { text: unknown > 0 ? ` ${unknown}?` : '', tone: 'warn' },
    ]);
  }
  const { flying, answered, unknown } = sums;
  return [line(`${flying} in flight, ${answered} ok, ${unknown}?`), ...each];
}
