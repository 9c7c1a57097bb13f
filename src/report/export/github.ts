import type { ReportModel, ReportRun } from '../model.ts';
import { rankOf } from '../report-sums.ts';

/** GitHub shows at most ten annotations of a step. */
const ANNOTATIONS_MAX = 10;

interface Annotation {
  readonly level: 'error' | 'warning';
  readonly title: string;
  readonly message: string;
}

/** Workflow commands for GitHub Actions: at most ten annotations, worst first. Empty when nothing is to be said. */
export function githubReport(model: ReportModel): string {
  const all = [...gateAnnotations(model), ...signatureAnnotations(model), ...runAnnotations(model)];
  const shown = all.length <= ANNOTATIONS_MAX ? all : all.slice(0, ANNOTATIONS_MAX - 1);
  const left = all.length - shown.length;
  const rest: Annotation[] =
    left === 0
      ? []
      : [{ level: all[shown.length]!.level, title: `and ${left} more`, message: 'see the report for the rest' }];
  return [...shown, ...rest].map(commandLine).join('');
}

function gateAnnotations({ gate }: ReportModel): Annotation[] {
  return (gate?.reasons ?? []).map(({ rule, text, replay }) => ({
    level: 'error',
    title: `gate: ${rule}`,
    message: [text, ...(replay === null ? [] : [replay])].join('\n'),
  }));
}

function signatureAnnotations({ signatures }: ReportModel): Annotation[] {
  return signatures
    .filter(({ unexpected, signature }) => unexpected && !isLostSignature(signature))
    .map(({ signature, meaning, count, scenarios, seeds, replay, shrink }) => ({
      level: 'error',
      title: signature,
      message: [
        `${count} failures in ${scenarios.join(', ')}, first seed ${seeds[0] ?? '?'}: ${meaning}`,
        ...(replay === null ? [] : [`replay: ${replay}`]),
        ...(shrink === null ? [] : [`shrink: ${shrink}`]),
      ].join('\n'),
    }));
}

function isLostSignature(signature: string): boolean {
  return !signature.includes(' @ ');
}

/** What no failed signature tells: lost runs, passes that had to fail, and inconclusive ones together. */
function runAnnotations({ runs, totals }: ReportModel): Annotation[] {
  const odd = runs.filter((run) => rankOf(run) === 1 || rankOf(run) === 2).map(oddAnnotation);
  const vague = runs.filter((run) => rankOf(run) === 3 && !run.expected);
  if (vague.length === 0) return odd;
  const reasons = totals.byReason.map(([reason, count]) => `${count} ${reason}`).join(', ');
  const [first] = vague;
  return [
    ...odd,
    {
      level: 'warning',
      title: 'inconclusive runs',
      message: `these runs prove nothing: ${reasons}\nfirst: ${first!.replay || `${first!.scenario} seed ${first!.seed}`}`,
    },
  ];
}

function oddAnnotation({ scenario, variant, seed, verdict, reason, explanation, replay }: ReportRun): Annotation {
  const message = verdict === 'passed' ? 'passed, although it is declared to fail' : explanation;
  return {
    level: 'error',
    title: `${scenario} ${variant} seed ${seed}: ${reason === '' ? verdict : reason}`,
    message: [message, ...(replay === '' ? [] : [replay])].join('\n'),
  };
}

/** docs.github.com, "Workflow commands for GitHub Actions": data and properties are percent-encoded. */
function commandLine({ level, title, message }: Annotation): string {
  return `::${level} title=${property(title)}::${data(message)}\n`;
}

function data(value: string): string {
  return value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(value: string): string {
  return data(value).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
