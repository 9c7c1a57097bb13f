import type { ExplainOptions } from '../commands/explain.ts';
import { isSet, JSON_FLAG, type Row, text } from '../row.ts';

export const EXPLAIN: Row<{ readonly name: 'explain'; readonly options: ExplainOptions }> = {
  name: 'explain',
  usage: 'explain <scenario>',
  summary: 'show a rehearsal as a page for somebody on call',
  positionals: [['scenario', 'an id as firedrill list shows it']],
  options: [JSON_FLAG],
  examples: [['$0 explain scn1-a-systemd', 'what breaks, what you will see, what to type, what can go wrong']],
  notes: 'Nothing is run. Patterns behind # are what the output of a step must show, as regular expressions.',
  read: (values) => ({
    name: 'explain',
    options: { scenario: text(values, 'scenario')!, json: isSet(values, 'json') },
  }),
};
