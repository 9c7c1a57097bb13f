import { alwaysOn, type Checks } from '../checkers/always-on.ts';
import { EvidenceFirst } from '../checkers/evidence-first.ts';
import { Fenced } from '../checkers/fenced.ts';
import type { GroundTruth, Report } from '../checkers/property.ts';
import { SingleInstance } from '../checkers/single-instance.ts';
import { VersionGate } from '../checkers/version-gate.ts';
import type { KimberliteFleet } from '../cluster/kimberlite/fleet.ts';
import { chainStep, KIMBERLITE_OPERATION, releaseOfOperation } from '../cluster/kimberlite/machine.ts';
import { replyDigest } from '../cluster/vsr/commit.ts';
import type { Machine } from '../sim/machine.ts';
import { DOMAIN, mix2 } from '../sim/mix.ts';
import type { Simulation } from './simulation.ts';

/** Steps of the linearizability search at the end of a run; beyond them the answer is `unknown` (R21). */
const SEARCH_STEPS_MAX = 2_000_000;

/** The properties that judge a run of Kimberlite, told what they need to know of it. */
export function checksOf(truth: GroundTruth, report: Report, simulation: Simulation): Checks {
  const { plan } = simulation;
  const { network, disk, cluster } = plan;
  const roundTripUs = 2 * (network.latencyUsMin + 8 * network.latencyUsMean);
  const diskUs = 8 * (disk.fsyncLatencyUsMean + disk.writeLatencyUsMean) * 2;
  const checks = alwaysOn(truth, report, {
    sessionsMax: cluster.sessionsMax,
    sectorBytes: disk.sectorBytes,
    streams: {
      operationAppend: KIMBERLITE_OPERATION.append,
      operationAppend2: KIMBERLITE_OPERATION.append2,
      operationRead: KIMBERLITE_OPERATION.read,
      chainStep,
    },
    // One run in 50 is searched without the witness, as R14 asks.
    search: {
      stepsMax: SEARCH_STEPS_MAX,
      always: mix2(plan.seed | 0, DOMAIN.may, 14, 50) % 50 === 0 || plan.mutant !== null,
    },
    assertionInjected: (replica) => simulation.injectedEver.has(replica),
    isStable: () => isStable(simulation),
    pendingUsMax: 4 * (roundTripUs + diskUs) + 2 * cluster.prepareRetryUs + 200_000,
    replyDigestOf: replyDigest,
    excuse: (replica, file, offsetBytes, lengthBytes) => atRisk(simulation, replica, file, offsetBytes, lengthBytes),
  });
  if (plan.operator === null) return checks;
  return {
    ...checks,
    properties: [
      ...checks.properties,
      new EvidenceFirst(report, plan.properties.includes('INV-EVIDENCE-FIRST')),
      ...(plan.properties.includes('INV-FENCED') ? [new Fenced(report)] : []),
      ...versionGate(report, simulation),
    ],
  };
}

/** INV-VERSION-GATE, where the plan has releases. */
function versionGate(report: Report, simulation: Simulation): readonly VersionGate[] {
  if (simulation.plan.deployment === undefined) return [];
  const facts = {
    replicaCount: simulation.plan.cluster.replicaCount,
    releaseOf: (replica: number) => simulation.cluster.releases.of(replica),
    neededBy: releaseOfOperation,
  };
  return [new VersionGate(facts, report)];
}

/** Tells INV-EVIDENCE-FIRST, where it judges, what operators keep and change. */
export function watchEvidence(simulation: Simulation, fleet: KimberliteFleet): void {
  const judge = simulation.checks.properties.find((property) => property instanceof EvidenceFirst);
  if (judge === undefined) return;
  fleet.onEvidence = (host, kind) => judge.keep(host, kind);
  fleet.onChange = (host, command) => judge.changed(host, command);
  fleet.onCorruption = (host) => judge.foundCorrupt(host);
}

/** Tells INV-SINGLE-INSTANCE of servers that somebody starts beside the one that the supervisor knows. */
export function watchInstances(simulation: Simulation, fleet: KimberliteFleet): void {
  const judge = simulation.checks.properties.find((property) => property instanceof SingleInstance);
  fleet.onSecondServer = (host, incarnation) => judge?.onStart(host, incarnation);
}

/** No fault, start or stop for ten election timeouts, and links that lose nothing. */
function isStable(simulation: Simulation): boolean {
  const { plan } = simulation;
  const world = simulation.cluster.world;
  if (simulation.frozen || plan.network.lossPer65536 > 0 || simulation.nemesis.activeCount > 0) return false;
  return world.nowUs - simulation.disturbedUs > 10 * plan.cluster.electionTimeoutUs;
}

/** Whether an fsync that lied (or a write that was lost) stands between the replica and these bytes (R11). */
function atRisk(
  simulation: Simulation,
  replica: number,
  file: string,
  offsetBytes: number,
  lengthBytes: number,
): boolean {
  const disk = (simulation.cluster.world.machines[replica] as Machine).disk;
  const sectorBytes = simulation.plan.disk.sectorBytes;
  const first = Math.floor(offsetBytes / sectorBytes);
  const last = Math.floor((offsetBytes + lengthBytes - 1) / sectorBytes);
  return disk.faults
    .atRiskSectors()
    .some((entry) => entry.file === file && entry.sector >= first && entry.sector <= last);
}
