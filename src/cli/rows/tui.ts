import type { Variant } from '../../plan/plan.ts';
import { readSeeds } from '../argument-values.ts';
import type { TuiOptions } from '../commands/tui.ts';
import { flag, isSet, type Row, text, value } from '../row.ts';

export const TUI: Row<{ readonly name: 'tui'; readonly options: TuiOptions }> = {
  name: 'tui',
  usage: 'tui <what>',
  summary: 'step through a run on the terminal, forwards and backwards',
  positionals: [['what', 'a bundle, a plan file, or a scenario as firedrill list shows it']],
  options: [
    value('variant', 'of a scenario: which of its variants (default: the literal one if there is one)', [
      'safe',
      'literal',
    ]),
    value('seed', 'of a scenario or of swarm: its seed (default: 1, or the pinned one)'),
    flag('compare', 'show the nearest run that passes beside it'),
    value('with', 'show this bundle or plan beside it'),
  ],
  examples: [
    ['$0 tui reports/runs/scn3-clock-literal-1-0123abcd.json', 'then ! for the moment of the failure'],
    ['$0 tui scn1-a-systemd --variant safe --seed 7', 'a rehearsal from its beginning'],
    ['$0 tui reports/runs/b.json --compare', 'the failing run and its nearest passing neighbour'],
  ],
  notes: 'Keys are listed with ?; docs/terminal-view.md explains the screen. It needs a terminal of 60x17 at least.',
  read: (values) => ({
    name: 'tui',
    options: {
      what: text(values, 'what')!,
      variant: (text(values, 'variant') as Variant | undefined) ?? null,
      seed: readSeeds(text(values, 'seed'), undefined),
      compare: isSet(values, 'compare'),
      other: text(values, 'with') ?? null,
    },
  }),
};
