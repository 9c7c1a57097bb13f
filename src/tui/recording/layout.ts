/** A host as the screen knows it. */
export interface RecordedHost {
  readonly name: string;
  readonly kind: 'replica' | 'standby' | 'client' | 'operator' | 'monitor';
}

/** What a recording shows of: the hosts (servers first, then clients, operator, monitor), planned faults, loaded alerts. */
export interface RecordedParts {
  readonly hosts: readonly RecordedHost[];
  readonly serverCount: number;
  readonly clientCount: number;
  readonly faultCount: number;
  readonly alertCount: number;
}

/** Cells of a server, in order. `journal` and `disk` are thousandths in use, `clock` tenths of a ms from true time. */
export const SERVER_CELLS = ['process', 'role', 'status', 'view', 'op', 'commit', 'journal', 'disk', 'clock'] as const;
/** Cells of a client: number of the request in flight (0: none), operations answered, operations of unknown outcome. */
export const CLIENT_CELLS = ['process', 'inFlight', 'acknowledged', 'unknown'] as const;

export type ServerCell = (typeof SERVER_CELLS)[number];
export type ClientCell = (typeof CLIENT_CELLS)[number];

/**
 * Where what stands in a state: the observable state of a run is a vector of numbers, so that a keyframe is a copy and a
 * delta a (cell, value) pair.
 */
export class StateLayout {
  readonly parts: RecordedParts;
  readonly cellCount: number;
  private readonly clients: number;
  private readonly links: number;
  private readonly faults: number;
  private readonly alerts: number;

  constructor(parts: RecordedParts) {
    const { hosts, serverCount, clientCount, faultCount, alertCount } = parts;
    this.parts = parts;
    this.clients = serverCount * SERVER_CELLS.length;
    this.links = this.clients + clientCount * CLIENT_CELLS.length;
    this.faults = this.links + hosts.length * hosts.length;
    this.alerts = this.faults + faultCount;
    this.cellCount = this.alerts + alertCount * 2;
  }

  server(server: number, cell: ServerCell): number {
    return server * SERVER_CELLS.length + SERVER_CELLS.indexOf(cell);
  }

  /** `client` counts from 0. */
  client(client: number, cell: ClientCell): number {
    return this.clients + client * CLIENT_CELLS.length + CLIENT_CELLS.indexOf(cell);
  }

  link(from: number, to: number): number {
    return this.links + from * this.parts.hosts.length + to;
  }

  fault(fault: number): number {
    return this.faults + fault;
  }

  /** Instances of an alert that are pending, and that fire. */
  alert(alert: number, phase: 'pending' | 'firing'): number {
    return this.alerts + alert * 2 + (phase === 'pending' ? 0 : 1);
  }
}
