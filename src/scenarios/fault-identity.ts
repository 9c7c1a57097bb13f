import { configText } from '../cluster/kimberlite/config-text.ts';
import { type CertificateFlaw, clusterNumber } from '../cluster/kimberlite/enrolment.ts';
import { format } from '../cluster/kimberlite/layout.ts';
import type { FaultSurface } from '../faults/surface.ts';
import type { Machine } from '../sim/machine.ts';
import type { Simulation } from './simulation.ts';

/** What faults may do to who a server says it is; nothing where no node joins. */
export function identitySurface(simulation: Simulation): Partial<FaultSurface> {
  const { enrolment } = simulation.cluster;
  if (enrolment === null) return {};
  return {
    changeSetting: (hosts, key, value) => hosts.every((host) => misconfigure(simulation, host, key, value)),
    flawCertificate: (host, flaw, agoDays) => enrolment.flaw(host, flaw as CertificateFlaw, agoDays),
  };
}

/**
 * A wrong value in the configuration file of a host whose server has not been started. The wrong cluster name comes
 * with the machine: it served that cluster before, and its data directory is that of a server there.
 */
function misconfigure(simulation: Simulation, host: number, key: string, value: number): boolean {
  const { cluster, fleet, plan } = simulation;
  const machine = cluster.world.machines[host] as Machine;
  if (fleet === null || cluster.enrolment === null || machine.isUp) return false;
  if (key !== 'cluster-name' && key !== 'node-id') return false;
  cluster.enrolment.misconfigure(host, key, value, configText(plan, cluster.config, fleet.dataDirectory));
  if (key === 'cluster-name') {
    const number = clusterNumber('staging', cluster.config.cluster);
    format(machine, { ...cluster.config, cluster: number }, host);
  }
  return true;
}
