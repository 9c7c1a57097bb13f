import { fitLine, type Line, line, ruled } from '../line.ts';
import { LINK_SIGNS } from './links.ts';

/** Every key, in groups; docs/terminal-view.md repeats them. */
export const KEYS: readonly (readonly [title: string, keys: readonly (readonly [key: string, what: string])[]])[] = [
  [
    'move (capitals: the other way)',
    [
      ['right left', 'next and previous event (also l, h)'],
      ['down up', 'next and previous line of the log, within its filter (also j, k)'],
      ['PgDn PgUp', '100 events on and back'],
      ['m M', 'message that arrived or was dropped'],
      ['c C', 'commit: the highest commit number rose'],
      ['f F', 'fault that struck or ended'],
      ['o O', "operator's step"],
      ['a A', 'alert that changed'],
      ['p P', 'property that failed'],
    ],
  ],
  [
    'jump',
    [
      ['!', 'to the failure that the run reports'],
      ['g G', 'to the start and to the end (also Home, End)'],
      ['t', 'to a time: 12.5s, 300ms, 2m'],
      ['r', 'to the first event that mentions a host: r2, c0, replica-2'],
      ['n', 'to the first event that mentions an op number'],
    ],
  ],
  [
    'play',
    [
      ['space', 'play, pause'],
      ['+ -', 'faster, slower'],
      ['b B', 'set a breakpoint; clear all: property INV-..., mark NAME, fault, alert, ...'],
      ['] [', 'run to the next breakpoint; to the one before'],
    ],
  ],
  [
    'look',
    [
      ['1 2 3 4 Tab', 'lower pane: log, terminal, failure, incident'],
      ['{ }', 'scroll the lower pane: terminal, failure, incident'],
      ['/', 'filter the log: words, kind:fault,crash host:r2 op:118; Esc shows all'],
      ['d', 'two runs: to where they first differ'],
      ['s', 'two runs: the keys move the other one'],
      ['?', 'these keys; any other key closes them'],
      ['q', 'quit (also Ctrl-C)'],
    ],
  ],
  [
    'signs',
    [
      ['>', 'host and line of the present event'],
      [Object.values(LINK_SIGNS).slice(0, 5).join(' '), 'link from row to column: open, slow, lossy, held back, cut'],
      [LINK_SIGNS['one-way'], 'cut from row to column only'],
      ['o a f !', 'timeline: operator, alert, fault, failure; # is here'],
    ],
  ],
];

/** The list of keys from a line of it on, as far as there is room. */
export function helpLines(first: number, height: number, width: number): Line[] {
  const all = KEYS.flatMap(([title, keys]): Line[] => [
    ruled(title, width),
    ...keys.map(
      ([key, what]): Line => [
        { text: `  ${key.padEnd(13)}`, tone: 'title' },
        { text: what, tone: 'plain' },
      ],
    ),
  ]);
  const from = Math.max(0, Math.min(first, all.length - height));
  return all.slice(from, from + height).map((each) => fitLine(each, width));
}

/** How many lines the list has. */
export function helpHeight(): number {
  return KEYS.reduce((sum, [, keys]) => sum + 1 + keys.length, 0);
}

/** Says in the last line that there is more. */
export function helpFooter(first: number, height: number): Line {
  return line(helpHeight() > first + height ? 'down: more; any other key goes back' : 'any key goes back', 'quiet');
}
