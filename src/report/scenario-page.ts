/** A rehearsal as `firedrill explain` shows it: a page for somebody on call. All texts are ready to print. */
export interface ScenarioPage {
  /** R30: what it is that was tried. */
  readonly subject: string;
  readonly id: string;
  readonly system: string;
  readonly title: string;
  readonly severity: string;
  readonly why: string;
  /** Where the procedure stands, and what the catalogue says of it when followed to the letter; null when unknown. */
  readonly source: {
    readonly document: string;
    readonly section: string;
    readonly lines: string;
    readonly literal: string;
    readonly ambiguities: readonly string[];
  } | null;
  readonly breaks: readonly PageFault[];
  readonly alerts: readonly PageAlert[];
  /** Alerts that may fire beside those, and how many others are watched that must stay silent. */
  readonly mayFire: readonly string[];
  readonly silentCount: number;
  /** When the first command is typed. */
  readonly starts: string;
  readonly prepare: readonly PageStep[];
  readonly diagnose: readonly PageStep[];
  readonly resolve: readonly PageStep[];
  readonly gates: readonly string[];
  readonly wrong: PageLiteral | null;
  readonly proven: readonly string[];
}

export interface PageFault {
  readonly label: string;
  readonly kind: string;
  readonly text: string;
}

export interface PageAlert {
  readonly id: string;
  readonly severity: string;
  readonly expr: string;
  readonly text: string;
}

export interface PageStep {
  readonly id: string;
  /** Host whose shell it is typed in; empty: the operator's. */
  readonly on: string;
  readonly run: string;
  /** What the output must and must not show, as regular expressions, and the exit code where it is not 0. */
  readonly shows: readonly string[];
}

export interface PageLiteral {
  readonly title: string;
  readonly property: string;
  readonly meaning: string;
  readonly seeds: string;
  /** Labels of the faults under which it fails. */
  readonly adversary: readonly string[];
  readonly guardsOff: readonly string[];
  /** The steps that it puts in the place of the safe ones; empty when the steps are the same. */
  readonly steps: readonly PageStep[];
}

const WIDTH = 110;

/** The page as text, lines of at most about 110 characters except for commands. */
export function scenarioPageText(page: ScenarioPage): string {
  const lines = [
    `${page.id} (${page.system}, ${page.severity})`,
    ...wrapped(page.title, ''),
    '',
    ...wrapped(page.subject, ''),
    ...sourceLines(page),
    '',
    'WHY',
    ...wrapped(page.why, '  '),
    '',
    'WHAT BREAKS',
    ...(page.breaks.length === 0 ? ['  nothing'] : page.breaks.flatMap(({ text }) => wrapped(text, '  ', '- '))),
    '',
    'WHAT YOU WILL SEE',
    ...alertLines(page),
    '',
    'WHAT TO TYPE',
    ...wrapped(page.starts, '  '),
    ...stepLines('before anything breaks', page.prepare),
    ...stepLines('diagnose', page.diagnose),
    ...stepLines('resolve', page.resolve),
    ...(page.gates.length === 0
      ? []
      : ['', '  deadlines', ...page.gates.flatMap((gate) => wrapped(gate, '    ', '- '))]),
    '',
    'WHAT CAN GO WRONG',
    ...wrongLines(page.wrong),
    '',
    'WHAT IS PROVEN',
    ...page.proven.flatMap((text) => wrapped(text, '  ', '- ')),
  ];
  return `${lines.join('\n')}\n`;
}

function sourceLines({ source }: ScenarioPage): string[] {
  if (source === null) return [];
  const { document, section, lines, literal, ambiguities } = source;
  const open = ambiguities.length === 0 ? '' : ` (${ambiguities.join(', ')})`;
  return wrapped(`Runbook: ${document}, ${section}, lines ${lines}. Followed to the letter: ${literal}${open}.`, '');
}

function alertLines({ alerts, mayFire, silentCount }: ScenarioPage): string[] {
  const lines = alerts.flatMap(({ id, severity, expr, text }) => [
    ...wrapped(`${id} (${severity}) ${text}`, '  ', '- '),
    `      ${expr}`,
  ]);
  if (alerts.length === 0) lines.push('  no alert: this is work that somebody plans or decides on');
  if (mayFire.length > 0) lines.push(...wrapped(`may fire, too: ${mayFire.join(', ')}`, '  '));
  if (silentCount > 0) lines.push(`  ${silentCount} other alert rules are watched and must stay silent`);
  return lines;
}

function stepLines(head: string, steps: readonly PageStep[]): string[] {
  if (steps.length === 0) return [];
  return [
    '',
    `  ${head}`,
    ...steps.flatMap(({ id, on, run, shows }, index) => [
      `  ${index + 1}. ${id}${on === '' ? '' : `, on ${on}`}`,
      ...run
        .trimEnd()
        .split('\n')
        .map((line) => `       ${line}`),
      ...shows.map((text) => `       # ${text}`),
    ]),
  ];
}

function wrongLines(wrong: PageLiteral | null): string[] {
  if (wrong === null) return ['  No literal variant: the text itself is what is rehearsed.'];
  const { title, property, meaning, seeds, adversary, guardsOff, steps } = wrong;
  return [
    ...wrapped(`To the letter: ${title}.`, '  '),
    ...wrapped(`It fails ${property}: ${meaning}; ${seeds}, under ${adversary.join(', ')}.`, '  '),
    ...(guardsOff.length === 0
      ? []
      : wrapped(`With these protections of the product switched off: ${guardsOff.join(', ')}.`, '  ')),
    ...stepLines('instead of the steps above', steps),
  ];
}

/** Words in lines of at most `WIDTH`; the first line begins with `bullet`, the others are indented as far. */
function wrapped(text: string, indent: string, bullet = ''): string[] {
  const lines: string[] = [];
  let line = indent + bullet;
  const rest = indent + ' '.repeat(bullet.length);
  let words = 0;
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    if (words > 0 && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = rest;
      words = 0;
    }
    line += words === 0 ? word : ` ${word}`;
    words++;
  }
  return [...lines, line];
}
