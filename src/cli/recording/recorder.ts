import type { Property } from '../../checkers/property.ts';
import { labelKey } from '../../faults/targets.ts';
import type { CommandRecord } from '../../plan/result.ts';
import { findingText } from '../../report/findings.ts';
import type { Monitor } from '../../scenarios/monitor.ts';
import type { Simulation } from '../../scenarios/simulation.ts';
import type { Watcher } from '../../scenarios/watcher.ts';
import { EVENT } from '../../sim/core.ts';
import { RECORD } from '../../sim/trace.ts';
import { StateLayout } from '../../tui/recording/layout.ts';
import type { RecordedFinding, TerminalLine } from '../../tui/recording/recording.ts';
import { FAULT_WORDS, kindNumber } from '../../tui/recording/words.ts';
import { RecordingWriter } from '../../tui/recording/writer.ts';
import { partsOf } from './parts.ts';
import { StateSampler } from './sampler.ts';

/** Client numbers of the protocol are life * 1024 + host. */
const CLIENT_HOSTS = 1_024;
const OPERATOR_MARK = 'operator:';
const CAUSES: ReadonlySet<number> = new Set([RECORD.deliver, RECORD.disk]);

/** The number of an op that a text of the trace mentions; -1: none. */
export function opOf(text: string): number {
  const at = text.indexOf(' op=');
  return at < 0 ? -1 : Number.parseInt(text.slice(at + 4), 10);
}

/**
 * Records a run while it happens: each event's rows and what it changed. It stands in front of two methods of the world
 * that it watches (the step, and the trace's record), so that the simulator knows nothing of recordings.
 */
export class Recorder implements Watcher {
  readonly observer: Property;
  readonly findings: RecordedFinding[];
  readonly terminal: TerminalLine[];
  private simulation: Simulation | null;
  private monitor: Monitor | null;
  private steps: readonly CommandRecord[];
  private parts: { layout: StateLayout; writer: RecordingWriter; sampler: StateSampler } | null;
  private readonly bytesMax: number | undefined;
  private stepsSeen: number;
  private transitionsSeen: number;
  private faultIndex: Map<number, number>;
  private faultLabels: Map<string, number>;
  private acted: boolean;
  /** What the commands of the step that goes on have printed. */
  private printed: string;

  constructor(bytesMax?: number) {
    const unknown = (client: number): void => this.made.sampler.unknown(client % CLIENT_HOSTS);
    this.observer = { id: 'recorder', onUnknown: unknown, onEvicted: unknown };
    this.findings = [];
    this.terminal = [];
    this.simulation = null;
    this.monitor = null;
    this.steps = [];
    this.parts = null;
    this.bytesMax = bytesMax;
    this.stepsSeen = 0;
    this.transitionsSeen = 0;
    this.faultIndex = new Map();
    this.faultLabels = new Map();
    this.acted = true;
    this.printed = '';
  }

  /** What {@link built} made. */
  get made(): { layout: StateLayout; writer: RecordingWriter; sampler: StateSampler } {
    if (this.parts === null) throw new Error('the recorder watches no run yet');
    return this.parts;
  }

  built(simulation: Simulation): void {
    const layout = new StateLayout(partsOf(simulation.plan));
    const writer = new RecordingWriter(layout.cellCount, this.bytesMax);
    const sampler = new StateSampler(simulation, layout, writer);
    this.simulation = simulation;
    this.parts = { layout, writer, sampler };
    for (const [index, fault] of simulation.plan.faults.entries()) {
      this.faultIndex.set(labelKey(fault) | 0, index);
      this.faultLabels.set(fault.label, index);
    }
    this.standInFront(simulation, sampler);
  }

  monitored(monitor: Monitor): void {
    this.monitor = monitor;
  }

  hired(steps: readonly CommandRecord[]): void {
    this.steps = steps;
  }

  commandBegins(onHost: string, argv: readonly string[]): void {
    this.close();
    this.acted = true;
    this.shows('note', `[${onHost}] + ${argv.join(' ')}`);
  }

  commandPrints(text: string): void {
    this.printed += text;
    if (text !== '') for (const line of text.replace(/\n$/, '').split('\n')) this.shows('output', line);
  }

  commandEnds(code: number): void {
    this.acted = true;
    if (code !== 0) this.shows('note', `(code ${code})`);
    this.close();
  }

  /** The run is over: writes what has not been written yet. */
  end(): void {
    this.close();
  }

  private standInFront({ cluster: { world } }: Simulation, sampler: StateSampler): void {
    world.trace.record = (atUs, kind, host, a, _b, c, text) => this.record(atUs, kind, host, a, c, text);
    const step = world.step.bind(world);
    world.step = () => {
      // What has entered since the last step was done from outside: by the operator, or by the engine between phases.
      if (this.acted || this.made.writer.hasRows) this.close();
      const more = step();
      const { kind, host } = world.queue;
      if (kind === EVENT.control || kind === EVENT.start) this.acted = true;
      else sampler.host(host);
      if (this.acted || this.made.writer.hasRows) this.close();
      return more;
    };
    const { network } = world;
    for (const name of ['cut', 'heal', 'clog', 'unclog', 'degrade', 'restore', 'configure'] as const) {
      const change = network[name].bind(network) as (...args: unknown[]) => never;
      Object.assign(network, {
        [name]: (...args: unknown[]) => {
          sampler.linksDirty = true;
          return change(...args);
        },
      });
    }
  }

  private record(atUs: number, kind: number, host: number, a: number, c: number, text: string): void {
    const { writer } = this.made;
    const event = this.simulation?.cluster.world.trace.count ?? 0;
    if (kind === RECORD.mark && text.startsWith(OPERATOR_MARK)) {
      this.stepBegins(atUs, event, text.slice(OPERATOR_MARK.length));
      return;
    }
    const isMessage = kind === RECORD.send || kind === RECORD.drop;
    const peer = isMessage ? a >> 8 : kind === RECORD.deliver ? a : -1;
    const from = peer >= 0 && kind === RECORD.deliver ? `${text} from ${this.hostName(peer)}` : text;
    const words = kind === RECORD.timer ? `timer ${a}` : from;
    const row = { atUs, event, kind, host, peer, op: opOf(text), text: isMessage ? this.named(text, peer) : words };
    if (CAUSES.has(kind)) writer.cause(row);
    else writer.row(row);
    if (kind === RECORD.fault) this.faultTurns(this.faultIndex.get(c | 0), a % 2 === 0);
    else if (kind === RECORD.note) this.faultRefused(text);
  }

  /** `->2 prepare ...` with the receiver's name. */
  private named(text: string, peer: number): string {
    return text.replace(/->\d+ /, () => `-> ${this.hostName(peer)}: `);
  }

  private hostName(host: number): string {
    return this.made.layout.parts.hosts[host]?.name ?? `host-${host}`;
  }

  private stepBegins(atUs: number, event: number, step: string): void {
    this.close();
    const { writer } = this.made;
    const found = this.simulation?.plan.operator?.steps.find(({ id }) => id === step);
    const on = found === undefined ? '' : ` on ${found.on}`;
    const row = { atUs, event, kind: RECORD.operator, host: -1, peer: -1, op: -1 };
    writer.row({ ...row, text: `step ${step} begins${on}` });
    this.shows('note', `-- ${found?.phase ?? ''} step ${step}${on}`);
    for (const line of (found?.script ?? '').trimEnd().split('\n')) this.shows('prompt', `$ ${line}`);
  }

  private stepEnds({ step, code, stdout, stderr, asExpected }: CommandRecord, atUs: number, event: number): void {
    const said = asExpected ? 'as expected' : 'NOT as expected';
    const row = { atUs, event, kind: RECORD.operator, host: -1, peer: -1, op: -1 };
    this.made.writer.row({ ...row, text: `step ${step} ends with code ${code}, ${said}` });
    const printed = `${stdout}${stderr}`.trimEnd();
    if (printed !== '' && printed !== this.printed.trimEnd()) {
      this.shows('note', '-- what the whole script printed');
      for (const line of printed.split('\n')) this.shows('output', line);
    }
    this.printed = '';
    this.shows('note', `-- step ${step}: code ${code}, ${said}`);
  }

  private shows(tone: TerminalLine['tone'], text: string): void {
    const { writer } = this.made;
    // Output has no row of its own: it appears with the one before it.
    const row = Math.max(0, writer.openRow - (tone === 'output' ? 1 : 0));
    this.terminal.push({ row, tone, text });
    if (tone === 'output') return;
    const { nowUs, trace } = this.world();
    writer.row({ atUs: nowUs, event: trace.count, kind: kindNumber('command'), host: -1, peer: -1, op: -1, text });
  }

  private faultTurns(fault: number | undefined, begins: boolean): void {
    if (fault === undefined) return;
    const { layout, writer } = this.made;
    const plan = this.simulation?.plan.faults[fault];
    const lasts = plan !== undefined && (plan.durationUs > 0 || plan.endsOn !== undefined);
    const word = !begins ? 'over' : lasts ? 'active' : 'struck';
    writer.set(layout.fault(fault), FAULT_WORDS.indexOf(word));
  }

  private faultRefused(text: string): void {
    const label = /^fault (\S+) suppressed: /.exec(text)?.[1];
    const fault = label === undefined ? undefined : this.faultLabels.get(label);
    if (fault === undefined) return;
    this.made.writer.set(this.made.layout.fault(fault), FAULT_WORDS.indexOf('refused'));
  }

  /** Closes the event that has been going on. */
  private close(): void {
    const { writer, sampler } = this.made;
    if (this.acted) {
      this.acted = false;
      sampler.linksDirty = true;
      sampler.all();
    }
    this.stepsAndAlerts();
    this.newFindings();
    writer.endEvent();
  }

  private stepsAndAlerts(): void {
    const { nowUs, trace } = this.world();
    for (; this.stepsSeen < this.steps.length; this.stepsSeen++) {
      this.stepEnds(this.steps[this.stepsSeen] as CommandRecord, nowUs, trace.count);
    }
    const transitions = this.monitor?.engine.transitions ?? [];
    if (transitions.length === this.transitionsSeen) return;
    const { layout, writer } = this.made;
    for (; this.transitionsSeen < transitions.length; this.transitionsSeen++) {
      const change = transitions[this.transitionsSeen];
      if (change === undefined) continue;
      const { id, alert, labels, from, to } = change;
      const where = labels.map(([name, value]) => `${name}=${value}`).join(' ');
      const row = { atUs: nowUs, event: trace.count, kind: kindNumber('alert'), host: -1, peer: -1, op: -1 };
      writer.row({ ...row, text: `${id} ${alert}: ${from} -> ${to}${where === '' ? '' : ` (${where})`}` });
      const rule = this.simulation?.plan.alerts?.rules.indexOf(id) ?? -1;
      if (rule < 0) continue;
      for (const phase of ['pending', 'firing'] as const) {
        const cell = layout.alert(rule, phase);
        const turn = Number(to === phase) - Number(from === phase);
        writer.set(cell, Math.max(0, writer.get(cell) + turn));
      }
    }
  }

  private newFindings(): void {
    const all = this.simulation?.findings ?? [];
    while (this.findings.length < all.length) {
      const finding = all[this.findings.length];
      if (finding === undefined) return;
      const { writer } = this.made;
      const text = findingText(finding);
      const replica = finding.args['replica'];
      const host = typeof replica === 'number' ? replica : -1;
      const row = { atUs: finding.atUs, event: this.world().trace.count, kind: kindNumber('finding'), peer: -1 };
      const op = typeof finding.args['op'] === 'number' ? finding.args['op'] : -1;
      this.findings.push({ row: -1, property: finding.property, text });
      writer.second({ ...row, host, op, text });
    }
  }

  private world(): Simulation['cluster']['world'] {
    if (this.simulation === null) throw new Error('the recorder watches no run yet');
    return this.simulation.cluster.world;
  }
}
