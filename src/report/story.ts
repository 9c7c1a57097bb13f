import Table from 'cli-table3';
import type { PlanDecision } from '../plan/decision.ts';
import type { FaultPlan, RunPlan } from '../plan/plan.ts';
import type { Finding } from '../plan/result.ts';
import { durationText, instantText } from './duration.ts';
import { findingText } from './findings.ts';

/** How long a story is: what `src/campaign/shrink` counts, up to the failure. */
export interface StoryCounts {
  readonly faults: number;
  readonly steps: number;
  readonly decisions: number;
  readonly operations: number;
  readonly clients: number;
  readonly replicas: number;
  readonly events: number;
}

/** Something that happened in the minimal run. */
export type StoryEvent =
  | {
      readonly kind: 'fault';
      readonly atUs: number;
      readonly label: string;
      readonly ends: boolean;
      readonly where: string;
    }
  | { readonly kind: 'decision'; readonly atUs: number; readonly decision: PlanDecision }
  | { readonly kind: 'process'; readonly atUs: number; readonly host: number; readonly text: string }
  | { readonly kind: 'mark'; readonly atUs: number; readonly host: number; readonly mark: string }
  | { readonly kind: 'step'; readonly atUs: number; readonly step: string; readonly on: string; readonly code: number };

/** One change to the minimal plan and whether it then passes; the nearest first. */
export interface StoryNeighbour {
  readonly passes: boolean;
  /** The property by which it fails instead; '' when it passes or fails alike. */
  readonly instead: string;
  readonly change:
    | { readonly kind: 'without-fault'; readonly fault: FaultPlan }
    | { readonly kind: 'shorter-fault'; readonly fault: FaultPlan; readonly durationUs: number }
    | { readonly kind: 'without-decision'; readonly index: number }
    | { readonly kind: 'without-step'; readonly step: string }
    | { readonly kind: 'without-bug'; readonly mutant: string };
}

export interface Story {
  readonly plan: RunPlan;
  readonly finding: Finding;
  readonly original: StoryCounts;
  readonly minimal: StoryCounts;
  readonly runs: number;
  readonly ended: 'done' | 'runs' | 'time' | 'cancelled';
  readonly events: readonly StoryEvent[];
  readonly neighbours: readonly StoryNeighbour[];
}

/** Lines of the middle part; of a longer story only faults, decisions and steps are told. */
const LINES_MAX = 24;

const ROWS: readonly (readonly [name: keyof StoryCounts, text: string])[] = [
  ['faults', 'faults'],
  ['steps', 'operator steps'],
  ['decisions', 'chance decisions'],
  ['operations', 'client operations'],
  ['clients', 'clients'],
  ['replicas', 'replicas'],
  ['events', 'events'],
];

/** The story of a shrunk failure: how small it became, what happens in it, and what little would make it pass. */
export function storyText(story: Story, hostName: (host: number) => string): string {
  return [
    headLine(story.plan),
    '',
    countsTable(story),
    `${story.runs} runs; ${endText(story.ended)}.`,
    '',
    ...eventLines(story, hostName),
    `  ${findingText(story.finding)}`,
    '',
    ...neighbourLines(story, hostName),
    '',
  ].join('\n');
}

function headLine({ scenario, variant, seed, mutant, cluster }: RunPlan): string {
  const bug = mutant === null ? '' : `, planted bug ${mutant}`;
  const { replicaCount, clientCount } = cluster;
  return `${scenario} ${variant} seed ${seed}${bug}: ${plural(replicaCount, 'replica')}, ${plural(clientCount, 'client')}`;
}

function countsTable({ original, minimal }: Story): string {
  const table = new Table({
    head: ['up to the failure', 'original', 'minimal'],
    colAligns: ['left', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const [name, text] of ROWS) table.push([text, original[name], minimal[name]]);
  return table.toString();
}

function endText(ended: Story['ended']): string {
  switch (ended) {
    case 'done':
      return 'no smaller plan of the kinds that are tried fails alike';
    case 'runs':
      return 'stopped at the limit of runs: a longer search may find a smaller plan';
    case 'time':
      return 'stopped at the limit of time: a longer search may find a smaller plan';
    case 'cancelled':
      return 'interrupted: this is the best plan so far';
  }
}

function eventLines({ plan, finding, events }: Story, hostName: (host: number) => string): string[] {
  const before = [...events].filter(({ atUs }) => atUs <= finding.atUs).sort((left, right) => left.atUs - right.atUs);
  const told = before.length <= LINES_MAX ? before : before.filter(({ kind }) => kind !== 'process' && kind !== 'mark');
  const line = (event: StoryEvent): string => `  ${instantText(event.atUs)} s  ${eventText(plan, event, hostName)}`;
  if (told.length <= LINES_MAX) return told.map(line);
  // Too long to be told: the faults, and how much chance there is beside them.
  const rest = told.filter(({ kind }) => kind !== 'decision');
  const chance = told.length - rest.length;
  const left = Math.max(0, rest.length - LINES_MAX);
  return [
    ...rest.slice(0, LINES_MAX).map(line),
    ...(left > 0 ? [`  ... and ${left} more`] : []),
    ...(chance > 0 ? [`  ... and ${chance} chance decisions: lost, late or doubled packets, un-synced sectors`] : []),
  ];
}

function eventText(plan: RunPlan, event: StoryEvent, hostName: (host: number) => string): string {
  switch (event.kind) {
    case 'fault': {
      const fault = plan.faults.find(({ label }) => label === event.label);
      const what = `${fault?.kind ?? ''} (${event.label})`;
      if (event.ends) return `${what} ends`;
      const where = event.where.replace(/^hosts? /, '').replace(/\d+/g, (host) => hostName(Number(host)));
      return `${what} strikes ${where}${fault === undefined ? '' : paramsText(fault)}`;
    }
    case 'decision':
      return decisionText(event.decision, hostName);
    case 'process':
      return `${hostName(event.host)}: ${event.text}`;
    case 'mark':
      return event.host < 0 ? event.mark : `${hostName(event.host)}: ${event.mark}`;
    case 'step':
      return `operator on ${event.on}: step ${event.step} exits ${event.code}`;
  }
}

function paramsText({ params, durationUs }: FaultPlan): string {
  const parts = Object.entries(params).map(([name, value]) =>
    name.endsWith('Us') && typeof value === 'number'
      ? `${name.slice(0, -2)} ${durationText(value)}`
      : `${name} ${String(value)}`,
  );
  if (durationUs > 0) parts.push(`for ${durationText(durationUs)}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

const PACKET_TEXT = { loss: 'is lost', duplicate: 'comes twice', corrupt: 'is damaged on the way' } as const;

function decisionText(decision: PlanDecision, hostName: (host: number) => string): string {
  switch (decision.kind) {
    case 'packet': {
      const { what, from, to, message, delayUs, attempt } = decision;
      const fate = what === 'reorder' ? `comes ${durationText(delayUs)} late` : PACKET_TEXT[what];
      const again = attempt > 0 ? ` (sent for the ${ordinal(attempt + 1)} time)` : '';
      return `${message} from ${hostName(from)} to ${hostName(to)} ${fate}${again}`;
    }
    case 'rarity':
      return `${hostName(decision.host)}: the legal rarity ${decision.name} happens`;
    case 'sector': {
      const { host, file, sector, fate, cause } = decision;
      const why = cause === 'power-loss' ? 'the power loss' : 'the failed fsync';
      return `${hostName(host)}: sector ${sector} of ${file}, not synced, is ${fate} at ${why}`;
    }
    case 'directory':
      return `${hostName(decision.host)}: ${decision.kept} directory operations survive without a sync`;
  }
}

function neighbourLines({ plan, neighbours, minimal, events }: Story, hostName: (host: number) => string): string[] {
  const passing = neighbours.filter(({ passes, change }) => passes && change.kind !== 'without-bug');
  const lines: string[] = [];
  const [nearest] = passing;
  if (nearest !== undefined) {
    lines.push(`nearest passing neighbour: ${changeText(plan, nearest.change, events, hostName)} it passes.`);
  } else if (minimal.faults + minimal.steps + minimal.decisions > 0) {
    const other = neighbours.find(({ instead, change }) => instead !== '' && change.kind !== 'without-bug');
    if (neighbours.length === 0) lines.push('nearest passing neighbour: not looked for.');
    else lines.push('nearest passing neighbour: none; whatever single element is changed, something still fails.');
    if (other !== undefined) {
      const without = changeText(plan, other.change, events, hostName);
      lines.push(`nearest without this failure: ${without} it fails by ${other.instead} instead.`);
    }
  } else lines.push('nothing is left that could be taken away: it fails without any fault.');
  const bug = neighbours.find(({ change }) => change.kind === 'without-bug');
  if (bug?.passes) lines.push(`Without the planted bug ${plan.mutant ?? ''} it passes.`);
  return lines;
}

function changeText(
  plan: RunPlan,
  change: StoryNeighbour['change'],
  events: readonly StoryEvent[],
  hostName: (host: number) => string,
): string {
  switch (change.kind) {
    case 'without-fault':
      return `without ${faultName(plan, change.fault, events)}`;
    case 'shorter-fault':
      return `with ${faultName(plan, change.fault, events)} for ${durationText(change.durationUs)} instead of ${durationText(change.fault.durationUs)}`;
    case 'without-decision': {
      const decision = plan.decisions?.[change.index];
      return decision === undefined ? 'without one decision' : `if not "${decisionText(decision, hostName)}"`;
    }
    case 'without-step':
      return `without the step ${change.step}`;
    case 'without-bug':
      return `without the planted bug ${change.mutant}`;
  }
}

/** Such as `the second disk.fsync-error (f7) at 3.2 s`. */
function faultName(plan: RunPlan, fault: FaultPlan, events: readonly StoryEvent[]): string {
  const same = plan.faults.filter(({ kind }) => kind === fault.kind);
  const began = events.find((event) => event.kind === 'fault' && event.label === fault.label && !event.ends);
  const which = same.length === 1 ? '' : `${ordinal(same.findIndex(({ label }) => label === fault.label) + 1)} `;
  return `the ${which}${fault.kind} (${fault.label})${began === undefined ? '' : ` at ${durationText(began.atUs)}`}`;
}

function ordinal(number: number): string {
  const words = ['first', 'second', 'third', 'fourth', 'fifth'];
  return words[number - 1] ?? `${number}th`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
