import { RELEASE_OF_UPGRADES } from '../../cluster/vsr/releases.ts';
import { differs, type Mutant } from './mutant.ts';

/** Planted bugs of upgrades. Drawn plans have no releases, so rehearsals hunt them. */
export const RELEASE_MUTANTS: readonly Mutant[] = [
  {
    id: 'upgrade-on-majority',
    what: 'the cluster is raised to the release that a majority of its members runs, not to the lowest of all',
    source: 'issue 4; catalogue model.version_rule',
    property: 'INV-VERSION-GATE',
    why: 'the form that one member cannot read is the bug; that member stops, and no client sees it while the others live',
    needs: [],
    scenario: 'upg-rollback-before-activation',
    override: (honest, fired) => ({
      clusterRelease: (releases) => differs(fired, honest.clusterRelease(releases), ofMajority(releases)),
    }),
  },
  {
    id: 'mixed-form-misread',
    what: 'a binary reads every append in the newest form that it knows, also those that an older release wrote',
    source: 'issue 4; catalogue model.version_rule',
    property: 'INV-STATE-EQUAL',
    why: 'replicas of two releases make two states of one log; clients see it only from a replica that leads later',
    needs: [],
    scenario: 'upg-rollback-before-activation',
    override: (honest, fired) => ({
      formTaken: (written, own) =>
        differs(fired, honest.formTaken(written, own), own >= RELEASE_OF_UPGRADES ? own : written),
    }),
  },
];

/** The newest release that more than half of the members run at least. */
function ofMajority(releases: readonly number[]): number {
  const sorted = [...releases].sort((left, right) => right - left);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
