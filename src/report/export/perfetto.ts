import type { TraceHost, TraceModel } from '../trace-model.ts';

/** One event of the Chrome trace format. Times in µs; fractions keep events of one virtual µs apart. */
export interface ChromeEvent {
  readonly ph: 'M' | 'X' | 'i' | 's' | 'f' | 'C' | 'b' | 'e';
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly name: string;
  readonly cat?: string;
  readonly dur?: number;
  readonly id?: number;
  readonly bp?: 'e';
  readonly s?: 't';
  readonly args?: Readonly<Record<string, string | number>>;
}

export interface ChromeTrace {
  readonly displayTimeUnit: 'ms';
  readonly otherData: Readonly<Record<string, string>>;
  readonly traceEvents: readonly ChromeEvent[];
}

/** Threads of a host's process. */
const THREAD = { role: 1, network: 2, disk: 3, log: 4 } as const;
/** The process of what belongs to no host: faults, alerts, commands. */
const STORY_PID = 1;
/** A message's end is a slice this long, so that an arrow has something to hold on to. */
const END_US = 0.008;
/** Slices of one thread in one virtual µs follow each other at this distance. */
const STEP_US = 0.01;

/**
 * A recorded run in the Chrome trace format, for ui.perfetto.dev or chrome://tracing: a process per host with threads
 * for its role, network, disk and log, an arrow per delivered message, counters of view, op and commit number, and a
 * process for faults, alerts and the operator's commands.
 */
export function chromeTrace(trace: TraceModel, about: ChromeTrace['otherData']): ChromeTrace {
  const traceEvents = [
    ...nameEvents(trace.hosts),
    ...spanEvents(trace),
    ...roleEvents(trace),
    ...counterEvents(trace),
    ...messageEvents(trace),
    ...instantEvents(trace),
  ];
  return { displayTimeUnit: 'ms', otherData: about, traceEvents };
}

export function perfettoReport(trace: TraceModel, about: ChromeTrace['otherData']): string {
  const { traceEvents, ...head } = chromeTrace(trace, about);
  const start = JSON.stringify(head).slice(0, -1);
  return `${start},"traceEvents":[\n${traceEvents.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
}

/** Process ids begin at 1: viewers give 0 a meaning of its own. */
function pidOf(host: number): number {
  return host < 0 ? STORY_PID : STORY_PID + 1 + host;
}

function nameEvents(hosts: readonly TraceHost[]): ChromeEvent[] {
  const meta = (pid: number, tid: number, what: string, args: ChromeEvent['args'] & object): ChromeEvent => ({
    ph: 'M',
    pid,
    tid,
    ts: 0,
    name: what,
    args,
  });
  const story = [meta(STORY_PID, 0, 'process_name', { name: 'faults, alerts, commands' })];
  return hosts.reduce((events, { host, name, role }) => {
    const pid = pidOf(host);
    events.push(meta(pid, 0, 'process_name', { name: `${name} (${role})` }));
    events.push(meta(pid, 0, 'process_sort_index', { sort_index: pid }));
    for (const [thread, tid] of Object.entries(THREAD)) events.push(meta(pid, tid, 'thread_name', { name: thread }));
    return events;
  }, story);
}

/** Spans of one kind overlap, so they are asynchronous events: begin and end meet by id. */
function spanEvents({ spans }: TraceModel): ChromeEvent[] {
  return spans
    .filter(({ kind }) => kind !== 'view' && kind !== 'down')
    .flatMap(({ kind, name, detail, fromUs, toUs }, id): ChromeEvent[] => {
      const both = { pid: STORY_PID, tid: 0, name, cat: kind, id };
      return [
        { ...both, ph: 'b', ts: fromUs, args: { detail } },
        { ...both, ph: 'e', ts: Math.max(toUs, fromUs) },
      ];
    });
}

/** What a replica was, from one change to the next. */
function roleEvents({ states, virtualUs, hosts }: TraceModel): ChromeEvent[] {
  return hosts.flatMap(({ host }) => {
    const own = states.filter((state) => state.host === host);
    const changes = own.filter((state, place) => roleName(state) !== roleName(own[place - 1]));
    return changes.map((state, place): ChromeEvent => {
      const untilUs = changes[place + 1]?.atUs ?? virtualUs;
      return {
        ph: 'X',
        pid: pidOf(host),
        tid: THREAD.role,
        ts: state.atUs,
        dur: Math.max(0, untilUs - state.atUs),
        name: roleName(state),
        cat: 'role',
      };
    });
  });
}

function roleName(state: TraceModel['states'][number] | undefined): string {
  if (state === undefined) return '';
  const { status, isPrimary, view } = state;
  if (status === 'down') return 'down';
  return status === 'normal' ? `${isPrimary ? 'primary' : 'backup'}, view ${view}` : `${status}, view ${view}`;
}

function counterEvents({ states }: TraceModel): ChromeEvent[] {
  return states.flatMap(({ host, atUs, view, op, commit }): ChromeEvent[] => {
    const own = { ph: 'C', pid: pidOf(host), tid: 0, ts: atUs } as const;
    return [
      { ...own, name: 'commit number', args: { commit } },
      { ...own, name: 'op number', args: { op } },
      { ...own, name: 'view', args: { view } },
    ];
  });
}

/** A slice for each end of a message, and an arrow between them where it arrived. */
function messageEvents({ messages, hosts }: TraceModel): ChromeEvent[] {
  const name = (host: number): string => hosts.find((each) => each.host === host)?.name ?? `host ${host}`;
  const clock = new SliceClock();
  const ends = messages.flatMap((message) => {
    const { id, from, to, sentUs, endUs, fate } = message;
    const sent = { message, host: from, atUs: sentUs, begins: true };
    return fate === 'delivered' ? [sent, { message, host: to, atUs: endUs, begins: false }] : [{ ...sent, id }];
  });
  ends.sort((one, other) => one.atUs - other.atUs || one.message.id - other.message.id);
  return ends.flatMap(({ message, host, atUs, begins }): ChromeEvent[] => {
    const { id, kind, detail, from, to, fate, cause } = message;
    const ts = clock.next(host, atUs);
    const place = { pid: pidOf(host), tid: THREAD.network, ts, cat: 'message' } as const;
    const arrow = begins ? `-> ${name(to)}` : `<- ${name(from)}`;
    const lost =
      begins && fate !== 'delivered' ? { fate: fate === 'open' ? 'never arrives' : `dropped: ${cause}` } : {};
    const slice: ChromeEvent = { ...place, ph: 'X', dur: END_US, name: `${kind} ${arrow}`, args: { detail, ...lost } };
    if (fate !== 'delivered') return [slice];
    const flow: ChromeEvent = begins
      ? { ...place, ph: 's', id, name: kind }
      : { ...place, ph: 'f', bp: 'e', id, name: kind };
    return [slice, flow];
  });
}

/** Gives the slices of one thread that fall on one virtual µs their places behind each other. */
class SliceClock {
  private readonly last: Map<number, { readonly atUs: number; readonly count: number }>;

  constructor() {
    this.last = new Map();
  }

  next(thread: number, atUs: number): number {
    const before = this.last.get(thread);
    const count = before?.atUs === atUs ? before.count + 1 : 0;
    this.last.set(thread, { atUs, count });
    // Thousandths of a µs, so that the sum stays exact in its decimal form.
    return Math.round((atUs + count * STEP_US) * 1_000) / 1_000;
  }
}

const SHOWN: ReadonlyMap<string, number> = new Map([
  ['disk', THREAD.disk],
  ['log', THREAD.log],
  ['crash', THREAD.role],
  ['start', THREAD.role],
  ['mark', THREAD.log],
  ['drop', THREAD.network],
]);

function instantEvents({ records }: TraceModel): ChromeEvent[] {
  return records.flatMap(({ atUs, host, kind, detail, index }): ChromeEvent[] => {
    const tid = SHOWN.get(kind);
    if (tid === undefined || host < 0) return [];
    return [{ ph: 'i', s: 't', pid: pidOf(host), tid, ts: atUs, name: detail, cat: kind, args: { index } }];
  });
}
