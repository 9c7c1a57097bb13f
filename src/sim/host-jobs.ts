import type { Us } from './time.ts';

/** Process numbers of other work begin here; the service under test has lower ones. */
const FIRST_PID = 7_001;

/** Another process of a host, or work of the service itself that the simulation only accounts: it takes part in the queues. */
export interface HostJob {
  readonly pid: number;
  readonly user: string;
  readonly command: string;
  /** Work of the service under test: no process of its own that could be ended. */
  readonly ofService: boolean;
  readonly startedUs: Us;
  readBytes: number;
  readRequests: number;
  sentBytes: number;
  /** It has been ended (`kill`, power): whoever runs it does nothing more. */
  stopped: boolean;
}

/** What runs on a host beside the service under test. */
export class HostJobs {
  readonly all: HostJob[];

  constructor() {
    this.all = [];
  }

  /** Jobs that run, in order of their start. */
  get running(): HostJob[] {
    return this.all.filter((job) => !job.stopped);
  }

  start(user: string, command: string, ofService: boolean, nowUs: Us): HostJob {
    const job: HostJob = {
      pid: FIRST_PID + this.all.length,
      user,
      command,
      ofService,
      startedUs: nowUs,
      readBytes: 0,
      readRequests: 0,
      sentBytes: 0,
      stopped: false,
    };
    this.all.push(job);
    return job;
  }

  /** The host is off or boots anew: no process lives on; readers of the service come back with it. */
  powerLoss(): void {
    for (const job of this.all) if (!job.ofService) job.stopped = true;
  }

  /** Ends a process; false when there is none with that number. */
  kill(pid: number): boolean {
    const job = this.running.find((each) => each.pid === pid && !each.ofService);
    if (job === undefined) return false;
    job.stopped = true;
    return true;
  }
}
