import { SECOND, type Us } from '../../../sim/time.ts';
import { failed, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import { plainText } from '../../host/wall-time.ts';
import { certificateText, parseCertificate } from '../identity.ts';
import type { Context, Run } from './ask.ts';

const OPENSSL: CommandUsage = {
  command: 'openssl',
  about:
    'openssl x509 -in FILE -text -noout prints names, issuer and validity of a certificate. Single dashes, as openssl has them; nothing else of it is modelled.',
  flags: [],
  positionals: ['x509'],
  positionalsMin: 1,
  rest: true,
};

const ISSUE: CommandUsage = {
  command: 'issue-certificate',
  about:
    "The people who keep the cluster's authority sign a certificate for a host, valid from now on, and put it into its /etc/kimberlite/server.crt. A running server keeps the one that it started with.",
  flags: [],
  positionals: ['HOST'],
  positionalsMin: 1,
};

/** How long signing takes; our own round figure. */
const SIGN_US: Us = 20 * SECOND;

/** `openssl x509 -in FILE -text -noout`. */
export function* openssl(argv: readonly string[], _stdin: string, ctx: Context): Run {
  if (argv.length === 0 || argv[0] === '--help') {
    const parsed = parseFlags(OPENSSL, argv);
    return parsed.ok ? failed(2, 'openssl: only x509 is modelled\n') : parsed.result;
  }
  const [verb, ...options] = argv;
  const at = options.indexOf('-in');
  const path = at < 0 ? undefined : options[at + 1];
  if (verb !== 'x509' || path === undefined) return failed(1, 'openssl: only x509 -in FILE -text -noout is modelled\n');
  const text = ctx.readFile(path);
  if (text === null) return failed(1, `Could not open file or uri for loading certificate from ${path}\n`);
  const certificate = parseCertificate(text);
  if (certificate === null) return failed(1, `Could not find certificate from ${path}\n`);
  const names = certificate.names.map((name) => `DNS:${name}`).join(', ');
  const shown = [
    'Certificate:',
    `    Issuer: ${certificate.issuer}`,
    `    Not Before: ${plainText(certificate.fromMs)}`,
    `    Not After : ${plainText(certificate.untilMs)}`,
    `    Subject: CN=${certificate.names[0]}`,
    `    X509v3 Subject Alternative Name: ${names}`,
  ];
  return ok(`${options.includes('-text') ? `${shown.join('\n')}\n` : ''}${options.includes('-noout') ? '' : text}`);
}

/** `issue-certificate HOST`. */
export function* issueCertificate(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(ISSUE, argv);
  if (!parsed.ok) return parsed.result;
  const name = parsed.flags.positionals[0] as string;
  const { fleet } = ctx;
  const { enrolment } = fleet.cluster;
  const machine = fleet.machineOf(name, ctx.onHost);
  if (enrolment === null || machine === null || !fleet.hasService(machine)) {
    return failed(1, `${ISSUE.command}: ${name} is no host that the authority signs for\n`);
  }
  yield { kind: 'sleep', us: SIGN_US };
  enrolment.writeCertificate(machine.id, certificateText(enrolment.issue(machine.id)));
  fleet.people.add('mend', `certificate of ${machine.name}`, 'signed');
  return ok(`signed for ${machine.name}: /etc/kimberlite/server.crt\n`);
}
