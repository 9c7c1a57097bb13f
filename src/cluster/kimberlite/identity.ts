import { CLUSTER_NAME } from './config-text.ts';

/** Who a server says it is when it connects to another one: what its configuration and its certificate tell. */
export interface Identity {
  readonly clusterName: string;
  /** Number as the runbook writes it. */
  readonly nodeId: number;
  readonly certificate: Certificate;
}

/** The parts of a certificate that a handshake looks at. Times are wall-clock ms since 1970. */
export interface Certificate {
  readonly names: readonly string[];
  readonly issuer: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Authority that the cluster's servers trust. */
export const TRUSTED_ISSUER = `CN=Kimberlite ${CLUSTER_NAME} CA`;

const HEX_LINE = 64;

/** The certificate as a file: our own fields between the lines of a PEM file. */
export function certificateText({ names, issuer, fromMs, untilMs }: Certificate): string {
  const plain = `names=${names.join(',')}\nissuer=${issuer}\nfrom=${fromMs}\nuntil=${untilMs}`;
  let hex = '';
  for (let at = 0; at < plain.length; at++) hex += plain.charCodeAt(at).toString(16).padStart(2, '0');
  const lines: string[] = [];
  for (let at = 0; at < hex.length; at += HEX_LINE) lines.push(hex.slice(at, at + HEX_LINE));
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** The certificate in a file's text, or null when there is none. */
export function parseCertificate(text: string): Certificate | null {
  const match = /^-----BEGIN CERTIFICATE-----\n([0-9a-f\n]+)\n-----END CERTIFICATE-----\s*$/.exec(text);
  if (match === null) return null;
  const hex = (match[1] as string).replaceAll('\n', '');
  let plain = '';
  for (let at = 0; at + 1 < hex.length; at += 2)
    plain += String.fromCharCode(Number.parseInt(hex.slice(at, at + 2), 16));
  const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(plain)?.[1] ?? '';
  return {
    names: value('names').split(','),
    issuer: value('issuer'),
    fromMs: Number(value('from')),
    untilMs: Number(value('until')),
  };
}

/** What a server sends along with each message: the handshake of its connection. */
export function helloText({ clusterName, nodeId, certificate }: Identity): string {
  return `cluster=${clusterName}\nid=${nodeId}\n${certificateText(certificate)}`;
}

/** A handshake as read, or null when it is none. */
export function parseHello(text: string): Identity | null {
  const match = /^cluster=(.*)\nid=(\d+)\n([\s\S]*)$/.exec(text);
  const certificate = match === null ? null : parseCertificate(match[3] as string);
  if (match === null || certificate === null) return null;
  return { clusterName: match[1] as string, nodeId: Number(match[2]), certificate };
}

/** Why a certificate is refused in a handshake with the host of that name at that wall-clock time; '' when it is not. */
export function certificateProblem(certificate: Certificate, hostName: string, wallMs: number): string {
  if (certificate.issuer !== TRUSTED_ISSUER) return `TLS alert unknown_ca: issued by ${certificate.issuer}`;
  if (wallMs > certificate.untilMs) return 'TLS alert certificate_expired';
  if (wallMs < certificate.fromMs) return 'TLS alert bad_certificate: not valid yet';
  if (certificate.names.includes(hostName)) return '';
  return `TLS alert bad_certificate: ${hostName} is not among its names ${certificate.names.join(', ')}`;
}
