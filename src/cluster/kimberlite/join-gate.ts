import type { Host, Message } from '../../sim/api.ts';
import { SECOND, type Us } from '../../sim/time.ts';
import type { VsrMessage } from '../vsr/message.ts';
import type { Replica } from '../vsr/replica.ts';
import { certificateProblem, type Identity, parseHello } from './identity.ts';

/** A peer is logged at most this often. */
const LOG_EVERY_US: Us = 10 * SECOND;
/** A connection that the other side has refused stays closed for so long. */
const CLOSED_US: Us = 5 * SECOND;

/** What a gate must know of the hosts it hears from. */
export interface GateHosts {
  nameOf(host: number): string;
  /** Number of a host's server as the runbook writes it. */
  idOf(host: number): number;
  /** Wall clock of a host in ms since 1970. */
  wallMs(host: number): number;
}

/**
 * The handshake of one server with its peers: certificate, cluster name, and a node id that nobody else has. A message of
 * a peer that fails is answered with `rejected` and goes no further; a peer that was told so closes its side, too.
 */
export class JoinGate {
  readonly own: Identity;
  /** Connections refused so far. */
  rejections: number;
  private readonly host: Host;
  private readonly hosts: GateHosts;
  /** By peer: when it was last logged, and until when its side is closed. */
  private readonly loggedUs: Map<number, Us>;
  private readonly closedUs: Map<number, Us>;
  /** Handshakes as read, by their text. */
  private readonly read: Map<string, Identity | null>;

  constructor(host: Host, own: Identity, hosts: GateHosts) {
    this.own = own;
    this.rejections = 0;
    this.host = host;
    this.hosts = hosts;
    this.loggedUs = new Map();
    this.closedUs = new Map();
    this.read = new Map();
  }

  /** Whether a message may reach the replica. Clients' messages carry no handshake of servers. */
  admits(replica: Replica, from: number, incoming: Message): boolean {
    const message = incoming as VsrMessage;
    if (message.kind === 'rejected') {
      this.hearRejection(from, message);
      return false;
    }
    if (message.hello === null) return true;
    if ((this.closedUs.get(from) ?? -1) > this.host.monotonicUs()) return false;
    const problem = this.problemOf(replica, from, message.hello);
    if (problem === '') return true;
    this.rejections++;
    this.host.reached('join-refused');
    this.logged(from, `connection of ${this.hosts.nameOf(from)} rejected: ${problem}`);
    const answer = replica.message('rejected');
    answer.body = bytesOf(problem);
    answer.operation = replica.isPrimary ? 1 : 0;
    replica.send(from, replica.sealed(answer, replica.view, this.rejections));
    return false;
  }

  /** Why the handshake of a peer fails, or ''. */
  private problemOf(replica: Replica, from: number, hello: string): string {
    let said = this.read.get(hello);
    if (said === undefined) {
      said = parseHello(hello);
      this.read.set(hello, said);
    }
    if (said === null) return 'no handshake';
    const problem = certificateProblem(said.certificate, this.hosts.nameOf(from), this.hosts.wallMs(this.host.id));
    if (problem !== '') return problem;
    if (said.clusterName !== this.own.clusterName) {
      return `cluster name "${said.clusterName}" is not "${this.own.clusterName}"`;
    }
    if (said.nodeId === this.hosts.idOf(from)) return '';
    const owner = replica.members.find((member) => this.hosts.idOf(member) === said.nodeId);
    if (owner === undefined) return `node id ${said.nodeId} is not known`;
    return `node id ${said.nodeId} is taken by ${this.hosts.nameOf(owner)}`;
  }

  private hearRejection(from: number, message: VsrMessage): void {
    this.host.reached('join-rejected');
    this.closedUs.set(from, this.host.monotonicUs() + CLOSED_US);
    const by = message.operation === 1 ? 'leader' : this.hosts.nameOf(from);
    this.logged(from, `Rejected by ${by}: ${textOf(message.body)}`);
  }

  private logged(peer: number, text: string): void {
    const nowUs = this.host.monotonicUs();
    const lastUs = this.loggedUs.get(peer);
    if (lastUs !== undefined && nowUs - lastUs < LOG_EVERY_US) return;
    this.loggedUs.set(peer, nowUs);
    this.host.log('warn', () => text);
  }
}

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

function textOf(bytes: Uint8Array | null): string {
  let text = '';
  for (const byte of bytes ?? []) text += String.fromCharCode(byte);
  return text;
}
