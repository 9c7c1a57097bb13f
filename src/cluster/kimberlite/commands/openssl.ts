import { SECOND, type Us } from '../../../sim/time.ts';
import { failed, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import { plainText } from '../../host/wall-time.ts';
import { type Certificate, certificateText, parseCertificate } from '../identity.ts';
import type { Context, Run } from './ask.ts';

const OPENSSL: CommandUsage = {
  command: 'openssl',
  about:
    'openssl x509 -in FILE -text -noout prints names, issuer and validity of a certificate, -startdate, -enddate and -dates its validity alone; -checkend SECONDS exits 1 when it expires within them. Single dashes, as openssl has them; nothing else of it is modelled.',
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

const SWITCHES: readonly string[] = ['-text', '-noout', '-startdate', '-enddate', '-dates'];
const VALUED: readonly string[] = ['-in', '-checkend'];

/** Options of `x509` by name, or what is wrong with them. */
function optionsOf(words: readonly string[]): ReadonlyMap<string, string> | string {
  const options = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    const name = words[at] as string;
    if (SWITCHES.includes(name)) options.set(name, '');
    else if (!VALUED.includes(name)) return `Unknown option or argument: ${name}`;
    else if (words[at + 1] === undefined) return `Option ${name} needs a value`;
    else options.set(name, words[++at] as string);
  }
  if (!options.has('-in')) return 'only certificates in files are modelled: -in FILE is missing';
  const wrong = options.has('-checkend') && !/^\d{1,12}$/.test(options.get('-checkend') as string);
  return wrong ? `Non-positive number "${options.get('-checkend')}" for option -checkend` : options;
}

/** `openssl x509 -in FILE -text -noout`. */
// biome-ignore lint/correctness/useYield: takes no time
export function* openssl(argv: readonly string[], _stdin: string, ctx: Context): Run {
  if (argv.length === 0 || argv[0] === '--help') {
    const parsed = parseFlags(OPENSSL, argv);
    return parsed.ok ? failed(2, 'openssl: only x509 is modelled\n') : parsed.result;
  }
  const [verb, ...words] = argv;
  if (verb !== 'x509') return failed(1, 'openssl: only x509 is modelled\n');
  const options = optionsOf(words);
  if (typeof options === 'string') return failed(1, `x509: ${options}\n`);
  const path = options.get('-in') as string;
  const text = ctx.readFile(path);
  if (text === null) return failed(1, `Could not open file or uri for loading certificate from ${path}\n`);
  const certificate = parseCertificate(text);
  if (certificate === null) return failed(1, `Could not find certificate from ${path}\n`);
  const checkEnd = options.get('-checkend');
  const expires = checkEnd !== undefined && certificate.untilMs <= ctx.nowMs() + Number(checkEnd) * 1_000;
  const parts = [
    options.has('-text') ? detailsText(certificate) : '',
    options.has('-startdate') || options.has('-dates') ? `notBefore=${plainText(certificate.fromMs)}\n` : '',
    options.has('-enddate') || options.has('-dates') ? `notAfter=${plainText(certificate.untilMs)}\n` : '',
    checkEnd === undefined ? '' : `Certificate will ${expires ? '' : 'not '}expire\n`,
    options.has('-noout') ? '' : text,
  ];
  return { stdout: parts.join(''), stderr: '', code: expires ? 1 : 0 };
}

function detailsText(certificate: Certificate): string {
  const names = certificate.names.map((name) => `DNS:${name}`).join(', ');
  const shown = [
    'Certificate:',
    `    Issuer: ${certificate.issuer}`,
    `    Not Before: ${plainText(certificate.fromMs)}`,
    `    Not After : ${plainText(certificate.untilMs)}`,
    `    Subject: CN=${certificate.names[0]}`,
    `    X509v3 Subject Alternative Name: ${names}`,
  ];
  return `${shown.join('\n')}\n`;
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
