import { nearest } from '../../plan/nearest.ts';
import { UserError } from '../../plan/user-error.ts';
import { scenarioPageText } from '../../report/scenario-page.ts';
import { EXIT } from '../exit-codes.ts';
import type { CommandOutput } from '../output.ts';
import type { ScenarioPages } from '../scenario-pages.ts';

export interface ExplainOptions {
  readonly scenario: string;
  readonly json: boolean;
}

/** What `firedrill list` shows beside the rehearsals. */
const DRAWN = 'swarm';

/** Prints a rehearsal as a page that somebody on call can read. */
export function explain({ scenario, json }: ExplainOptions, out: CommandOutput, pages: ScenarioPages): number {
  const page = pages.page(scenario);
  if (page === null && scenario === DRAWN) {
    throw new UserError(
      `${DRAWN} stands for drawn plans, a new one for each seed: they have no page`,
      `run one with firedrill run ${DRAWN} --seed 7; docs/campaigns.md says where they come from`,
    );
  }
  if (page === null) {
    const near = nearest(scenario, pages.ids);
    throw new UserError(
      `there is no scenario ${scenario}`,
      near === undefined ? 'firedrill list shows them' : `did you mean ${near}?`,
    );
  }
  out.stdout(json ? `${JSON.stringify(page, null, 2)}\n` : scenarioPageText(page));
  return EXIT.expected;
}
