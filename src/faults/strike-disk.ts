import type { FsyncFailure } from '../sim/disk-sync-faults.ts';
import { fired, type Outcome, type Strike } from './strike.ts';
import type { ZoneName } from './surface.ts';

/** Faults that wait for a matching request; the zone's file prefix chooses among requests, `any` takes all. */
export function arm(strike: Strike): Outcome {
  const { label, kind } = strike.fault;
  const zone = strike.choice('zone');
  const prefix = zone === 'any' ? '' : strike.zoneFiles(zone as ZoneName).prefix;
  for (const host of strike.hosts) {
    const { faults } = strike.disk(host);
    switch (kind) {
      case 'disk.fsync-error':
        faults.failNextFsync(label, prefix, strike.choice('semantics') as FsyncFailure);
        break;
      case 'disk.write-error':
        faults.failNext('write', label, prefix, strike.number('count'));
        break;
      case 'disk.read-error':
        faults.failNext('read', label, prefix, strike.number('count'));
        break;
      case 'disk.lying-fsync':
        faults.lieFsync(label, strike.number('count'), prefix);
        break;
      case 'disk.lost-write':
        faults.loseNextWrite(label, prefix, strike.number('count'));
        break;
      case 'disk.torn-write':
        faults.tearNextWrite(label, prefix, strike.number('count'));
        break;
      case 'disk.misdirected-write':
        faults.misdirectNextWrite(label, strike.number('offsetSectors'), prefix);
        break;
      default:
        faults.misdirectNextRead(label, strike.number('offsetSectors'), prefix);
        break;
    }
  }
  return { kind: 'armed', end: () => disarm(strike) };
}

export function disarm(strike: Strike): void {
  for (const host of strike.hosts) strike.disk(host).faults.disarm(strike.fault.label);
}

export function slowDisk(strike: Strike): Outcome {
  const { label } = strike.fault;
  for (const host of strike.hosts) {
    const value = strike.layers.push('slow', host, label, strike.number('factorPermille'));
    strike.disk(host).queue.slowFactorPermille = value;
  }
  return fired(() => {
    for (const host of strike.hosts) {
      strike.disk(host).queue.slowFactorPermille = strike.layers.remove('slow', host, label, 1_000);
    }
  });
}

export function capIops(strike: Strike): Outcome {
  const { label } = strike.fault;
  for (const host of strike.hosts) {
    strike.disk(host).queue.iopsMax = strike.layers.push('iops', host, label, strike.number('iops'));
  }
  return fired(() => {
    for (const host of strike.hosts) strike.disk(host).queue.iopsMax = strike.layers.remove('iops', host, label, 0);
  });
}

/** Nothing ends on the device until the duration is over; what was due meanwhile ends then. */
export function stallDisk(strike: Strike): Outcome {
  const { label, durationUs } = strike.fault;
  for (const host of strike.hosts) {
    const untilUs = strike.layers.push('stall', host, label, strike.world.nowUs + durationUs);
    const { queue } = strike.disk(host);
    queue.stallUntilUs = Math.max(queue.stallUntilUs, untilUs);
  }
  return fired(() => {
    for (const host of strike.hosts) {
      strike.disk(host).queue.stallUntilUs = strike.layers.remove('stall', host, label, 0);
    }
  });
}

/** Something outside the simulation fills the disk; it is gone again at the end. */
export function fillDisk(strike: Strike): Outcome {
  const { label } = strike.fault;
  for (const host of strike.hosts) {
    strike.disk(host).setFull(label, strike.layers.push('full', host, label, strike.number('percent')));
  }
  return fired(() => {
    for (const host of strike.hosts) {
      const percent = strike.layers.remove('full', host, label, 0);
      if (percent > 0) strike.disk(host).setFull(label, percent);
      else strike.disk(host).setFill(0);
    }
  });
}
