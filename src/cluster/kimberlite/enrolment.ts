import type { RunPlan } from '../../plan/plan.ts';
import type { VsrConfig } from '../vsr/config.ts';
import { CLUSTER_NAME } from './config-text.ts';
import { type Certificate, certificateText, type Identity, parseCertificate, TRUSTED_ISSUER } from './identity.ts';

const DAY_MS = 86_400_000;

/** What is wrong with a certificate (catalogue, vocabulary: tls.mismatch). */
export type CertificateFlaw = 'wrong-san' | 'expired' | 'wrong-ca';

/** What the enrolment must know of hosts. */
export interface EnrolmentHosts {
  readonly plan: RunPlan;
  /** Number of a host's server as the runbook writes it. */
  idOf(host: number): number;
  nameOf(host: number): string;
}

/**
 * Who each server is configured to be: `cluster_name`, `node_id` and the certificate, as they stand in files of its host. A
 * server reads them when it starts. Only plans in which a node joins have them.
 */
export class Enrolment {
  /** Host of the node that joins. */
  readonly joining: number;
  private readonly hosts: EnrolmentHosts;
  /** Texts that somebody has changed, by host. */
  private readonly configs: Map<number, string>;
  private readonly certificates: Map<number, string>;

  constructor(hosts: EnrolmentHosts, joining: number) {
    this.hosts = hosts;
    this.joining = joining;
    this.configs = new Map();
    this.certificates = new Map();
  }

  /** Text of config.toml on a host; `rest` is what follows the section on who it is. */
  configText(host: number, rest: string): string {
    return this.configs.get(host) ?? `${section(CLUSTER_NAME, this.hosts.idOf(host))}\n${rest}`;
  }

  writeConfig(host: number, text: string): void {
    this.configs.set(host, text);
  }

  certificateText(host: number): string {
    return this.certificates.get(host) ?? certificateText(this.issue(host));
  }

  writeCertificate(host: number, text: string): void {
    this.certificates.set(host, text);
  }

  /** A certificate as the cluster's authority gives it to a host, for the three months before the incident and nine after. */
  issue(host: number): Certificate {
    const { startWallMs } = this.hosts.plan;
    return {
      names: [this.hosts.nameOf(host), `${this.hosts.nameOf(host)}.kimberlite.prod`],
      issuer: TRUSTED_ISSUER,
      fromMs: startWallMs - 90 * DAY_MS,
      untilMs: startWallMs + 275 * DAY_MS,
    };
  }

  /** Fault: a wrong value in config.toml of a host. */
  misconfigure(host: number, key: 'cluster-name' | 'node-id', nodeId: number, rest: string): void {
    const name = key === 'cluster-name' ? 'staging' : CLUSTER_NAME;
    const id = key === 'node-id' ? nodeId : this.hosts.idOf(host);
    this.configs.set(host, `${section(name, id)}\n${rest}`);
  }

  /** Fault: a certificate that does not fit. */
  flaw(host: number, flaw: CertificateFlaw, agoDays: number): void {
    const good = this.issue(host);
    const { startWallMs } = this.hosts.plan;
    const flawed: Certificate = {
      ...good,
      ...(flaw === 'wrong-san' ? { names: ['old-node.kimberlite.prod'] } : {}),
      ...(flaw === 'wrong-ca' ? { issuer: 'CN=Kimberlite staging CA' } : {}),
      ...(flaw === 'expired' ? { untilMs: startWallMs - agoDays * DAY_MS } : {}),
    };
    this.certificates.set(host, certificateText(flawed));
  }

  /** Who a server is that starts on a host now; null when a file cannot be read as what it should be. */
  identityOf(host: number): Identity | null {
    const config = this.configs.get(host) ?? section(CLUSTER_NAME, this.hosts.idOf(host));
    const clusterName = /^cluster_name = "([^"]*)"$/m.exec(config)?.[1];
    const nodeId = /^node_id = (\d{1,4})$/m.exec(config)?.[1];
    const certificate = parseCertificate(this.certificateText(host));
    if (clusterName === undefined || nodeId === undefined || certificate === null) return null;
    return { clusterName, nodeId: Number(nodeId), certificate };
  }

  /** What a server that starts on a host now is configured with: another name is another cluster. */
  configOf(host: number, config: VsrConfig): VsrConfig {
    const identity = this.identityOf(host);
    return identity === null ? config : { ...config, cluster: clusterNumber(identity.clusterName, config.cluster) };
  }
}

/** Number under which a cluster's data stand on disks: that of `production` is `own`. */
export function clusterNumber(name: string, own: number): number {
  if (name === CLUSTER_NAME) return own;
  let number = own;
  for (let at = 0; at < name.length; at++) number = Math.imul(number ^ name.charCodeAt(at), 0x01000193) >>> 0;
  return number;
}

/** The section of config.toml about who a server is. */
function section(clusterName: string, nodeId: number): string {
  return `[server]\ncluster_name = "${clusterName}"\nnode_id = ${nodeId}\ntls_cert = "/etc/kimberlite/server.crt"\n`;
}
