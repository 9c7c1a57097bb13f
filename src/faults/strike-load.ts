import { DiskBurst } from '../sim/disk-burst.ts';
import type { HostJob } from '../sim/host-jobs.ts';
import { MS, SECOND, type Us } from '../sim/time.ts';
import { fired, type Outcome, type Strike } from './strike.ts';

/** How often a load issues what has become due. */
const TICK_US: Us = 20 * MS;
const BATCH_COMMAND = '/usr/bin/nightly-backup --full /var/lib/kimberlite';
const SERVICE_COMMAND = 'projection readers';

/** Requests of one job that are on their way: their ends in order, so that finished ones are forgotten cheaply. */
class InFlight {
  private ends: Us[];

  constructor() {
    this.ends = [];
  }

  count(nowUs: Us): number {
    const first = this.ends.findIndex((endUs) => endUs > nowUs);
    this.ends = first < 0 ? [] : this.ends.slice(first);
    return this.ends.length;
  }

  add(endUs: Us): void {
    this.ends.push(endUs);
  }

  /** When half of them are done. */
  halfDoneUs(nowUs: Us): Us {
    return this.ends[Math.floor(this.ends.length / 2)] ?? nowUs;
  }
}

/**
 * Somebody else reads from the data disks: as fast as `outstanding` requests at one time allow (`iops` 0), or so many a
 * second and never more than that many waiting. The requests stand in the device's own queue. A batch job is a process
 * that an operator can end; the readers of the service itself are not. Those of the log look into every old segment, so they
 * ask in proportion to the accounted bytes of the log, as it was when they began.
 */
export function competeForDisk(strike: Strike): Outcome {
  const ofService = strike.choice('owner') !== 'batch';
  const { nowUs } = strike.world;
  const loads = strike.hosts.map((host) => {
    const machine = strike.machine(host);
    const job = ofService
      ? machine.jobs.start('kimberlite', SERVICE_COMMAND, true, nowUs)
      : machine.jobs.start('backup', BATCH_COMMAND, false, nowUs);
    return { host, job, flight: new InFlight(), logBytes: machine.disk.fillBytes, due: { units: 0 } };
  });
  return fired(
    () => {
      for (const { job } of loads) job.stopped = true;
    },
    -1,
    () => {
      let nextUs = SECOND;
      for (const load of loads) nextUs = Math.min(nextUs, issue(strike, load));
      return nextUs;
    },
  );
}

interface Load {
  readonly host: number;
  readonly job: HostJob;
  readonly flight: InFlight;
  /** Accounted bytes of the log when it began. */
  readonly logBytes: number;
  /** Millionths of a request that have become due and were not asked for yet. */
  readonly due: { units: number };
}

/** Issues what is due on one host; returns the time until the next turn. */
function issue(strike: Strike, { host, job, flight, logBytes, due }: Load): Us {
  const machine = strike.machine(host);
  // Work of a process ends with the power; readers of the service wait while it is down.
  if (!machine.powered && !job.ofService) job.stopped = true;
  if (job.stopped || !machine.powered || (job.ofService && !machine.isUp)) return SECOND;
  const { disk } = machine;
  const { nowUs } = strike.world;
  const [iops, bytes] = [strike.number('iops'), strike.number('requestBytes')];
  const room = Math.max(0, strike.number('outstanding') - flight.count(nowUs));
  let count = room;
  if (iops > 0) {
    const ofLog = strike.choice('owner') === 'log-readers' && logBytes > 0;
    due.units += TICK_US * (ofLog ? Math.floor((iops * disk.fillBytes) / logBytes) : iops);
    const whole = Math.floor(due.units / SECOND);
    // What finds no room is not made up for: readers that have to wait ask less.
    due.units -= whole * SECOND;
    count = Math.min(room, whole);
  }
  for (let each = 0; each < count; each++) {
    const endUs = disk.queue.admit(nowUs, disk.options.readLatencyUsMean, bytes);
    flight.add(endUs);
    disk.counters.awaitUs += endUs - nowUs;
  }
  disk.counters.reads += count;
  disk.counters.bytesRead += count * bytes;
  job.readBytes += count * bytes;
  job.readRequests += count;
  return iops === 0 ? Math.max(MS, flight.halfDoneUs(nowUs) - nowUs) : TICK_US;
}

/** The block layer lets the device serve fewer requests at one time than it could. */
export function shallowQueue(strike: Strike): Outcome {
  const requests = strike.number('requests');
  for (const host of strike.hosts) strike.disk(host).queue.setDepth(requests);
  return fired(() => {
    for (const host of strike.hosts) {
      const { queue, options } = strike.disk(host);
      if (queue.depth === requests) queue.setDepth(options.queueDepth);
      else queue.keepDepthAtBoot(options.queueDepth);
    }
  });
}

/** The volume is one of a provider that limits its requests, with credits for a burst. */
export function burstIops(strike: Strike): Outcome {
  for (const host of strike.hosts) {
    const [baseline, burst] = [strike.number('baselineIops'), strike.number('burstIops')];
    const [most, credits] = [strike.number('creditsMax'), strike.number('credits')];
    strike.disk(host).queue.burst = new DiskBurst(baseline, burst, most, credits, strike.world.nowUs);
  }
  return fired(() => {
    for (const host of strike.hosts) strike.disk(host).queue.burst = null;
  });
}
