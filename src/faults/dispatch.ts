import type { FaultKindName } from './kind-table.ts';
import type { Outcome, Strike } from './strike.ts';
import { hotFunction, loadCpu, loadMemory, loadQuery, loadWrite } from './strike-cpu.ts';
import { damageUnits, loseDisk, loseFiles, staleRead } from './strike-damage.ts';
import { arm, capIops, fillDisk, slowDisk, stallDisk } from './strike-disk.ts';
import {
  corruptMemory,
  crashClient,
  crashProcess,
  driftClock,
  freezeClock,
  loseNtp,
  losePower,
  moveClock,
  pauseProcess,
  poisonOp,
  slowCpu,
  wrongNtp,
} from './strike-host.ts';
import { burstIops, competeForDisk, shallowQueue } from './strike-load.ts';
import { clog, degrade, flap, partition } from './strike-network.ts';
import { loadReads } from './strike-reads.ts';
import { regress } from './strike-release.ts';
import { changeSetting, failBackups, flawCertificate, offerLoad, slowEncoder } from './strike-service.ts';
import { competeForLink, loseSite, placeFar, troubleWay } from './strike-way.ts';

/** What each kind does when it strikes. */
const STRIKES: Readonly<Record<FaultKindName, (strike: Strike) => Outcome>> = {
  'process.crash': crashProcess,
  'process.pause': pauseProcess,
  'process.slow-cpu': slowCpu,
  'memory.corrupt': corruptMemory,
  'host.power-loss': losePower,
  'host.down': losePower,
  'net.partition': partition,
  'net.flap': flap,
  'net.degrade': degrade,
  'net.clog': clog,
  'disk.bit-rot': damageUnits,
  'disk.latent-error': damageUnits,
  'disk.zeroed': damageUnits,
  'disk.fsync-error': arm,
  'disk.write-error': arm,
  'disk.read-error': arm,
  'disk.lying-fsync': arm,
  'disk.lost-write': arm,
  'disk.torn-write': arm,
  'disk.misdirected-write': arm,
  'disk.misdirected-read': arm,
  'disk.stale-read': staleRead,
  'disk.slow': slowDisk,
  'disk.iops-cap': capIops,
  'disk.stall': stallDisk,
  'disk.full': fillDisk,
  'disk.lost': loseDisk,
  'disk.file-lost': loseFiles,
  'clock.step': moveClock,
  'clock.skew': moveClock,
  'clock.drift': driftClock,
  'clock.freeze': freezeClock,
  'clock.ntp-wrong': wrongNtp,
  'clock.slew': moveClock,
  'client.crash': crashClient,
  'clock.ntp-down': loseNtp,
  'process.poison-op': poisonOp,
  'disk.competing-io': competeForDisk,
  'disk.queue-depth': shallowQueue,
  'disk.iops-burst': burstIops,
  'load.query': loadQuery,
  'load.cpu': loadCpu,
  'load.memory': loadMemory,
  'load.write': loadWrite,
  'process.hot-function': hotFunction,
  'net.way': troubleWay,
  'net.competing-traffic': competeForLink,
  'net.placement': placeFar,
  'host.site-down': loseSite,
  'load.offered': offerLoad,
  'process.slow-encoder': slowEncoder,
  'backup.job-fails': failBackups,
  'config.wrong': changeSetting,
  'load.reads': loadReads,
  'tls.mismatch': flawCertificate,
  'release.regression': regress,
};

/** Lets a fault take effect now. The plan has been validated: its kind is one of the table. */
export function strikeNow(strike: Strike): Outcome {
  return STRIKES[strike.fault.kind as FaultKindName](strike);
}
