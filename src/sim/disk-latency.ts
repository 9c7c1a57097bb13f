import type { DiskBurst } from './disk-burst.ts';
import type { Us } from './time.ts';

/**
 * Quantiles of the exponential distribution with mean 1 in units of 1/1024: entry i is the rounded value of
 * -ln(1 - (i + 1/2) / 256) * 1024, written out because the logarithm of `Math` may differ between engines.
 * The mean of the entries is 1022.6; the longest is 6.24 times the mean.
 */
const QUANTILES: readonly number[] = [
  2, 6, 10, 14, 18, 22, 26, 30, 35, 39, 43, 47, 51, 55, 60, 64, 68, 73, 77, 81, 85, 90, 94, 99, 103, 107, 112, 116, 121,
  125, 130, 134, 139, 144, 148, 153, 158, 162, 167, 172, 176, 181, 186, 191, 196, 200, 205, 210, 215, 220, 225, 230,
  235, 240, 245, 250, 255, 260, 266, 271, 276, 281, 287, 292, 297, 303, 308, 313, 319, 324, 330, 335, 341, 347, 352,
  358, 364, 369, 375, 381, 387, 392, 398, 404, 410, 416, 422, 428, 434, 441, 447, 453, 459, 465, 472, 478, 484, 491,
  497, 504, 510, 517, 524, 530, 537, 544, 551, 558, 565, 572, 579, 586, 593, 600, 607, 614, 622, 629, 636, 644, 651,
  659, 667, 674, 682, 690, 698, 706, 714, 722, 730, 738, 746, 755, 763, 772, 780, 789, 797, 806, 815, 824, 833, 842,
  851, 860, 870, 879, 889, 898, 908, 917, 927, 937, 947, 957, 968, 978, 988, 999, 1010, 1020, 1031, 1042, 1054, 1065,
  1076, 1088, 1099, 1111, 1123, 1135, 1147, 1160, 1172, 1185, 1197, 1210, 1224, 1237, 1250, 1264, 1278, 1292, 1306,
  1321, 1335, 1350, 1365, 1380, 1396, 1412, 1428, 1444, 1460, 1477, 1494, 1512, 1529, 1547, 1565, 1584, 1603, 1622,
  1642, 1662, 1683, 1704, 1725, 1747, 1769, 1792, 1815, 1839, 1863, 1888, 1914, 1940, 1967, 1995, 2023, 2052, 2082,
  2113, 2145, 2179, 2213, 2248, 2285, 2322, 2362, 2403, 2445, 2490, 2537, 2585, 2637, 2690, 2747, 2808, 2872, 2940,
  3013, 3092, 3177, 3270, 3373, 3487, 3615, 3762, 3933, 4138, 4395, 4740, 5263, 6388,
];

/** An exponential-like latency in whole µs with the given minimum and mean, from a 32-bit draw. */
export function latencyUs(draw: number, minUs: Us, meanUs: Us): Us {
  const index = draw >>> 24;
  const low = QUANTILES[index]!;
  const high = QUANTILES[index < 255 ? index + 1 : 255]!;
  const quantile = low + (((high - low) * ((draw >>> 8) & 0xffff)) >>> 16);
  return minUs + Math.floor(((meanUs - minUs) * quantile) / 1024);
}

/** Time on the shared pipe is counted in 1/64 µs, so that small transfers add up and four years stay exact. */
const PIPE_UNITS_PER_US = 64;

/**
 * The request queue of one device: `queueDepth` lanes and one shared pipe for the bytes. A request starts in the lane
 * that is free first, stays for its latency, and ends no earlier than its bytes and all earlier ones have passed the
 * pipe.
 */
export class DiskQueue {
  /** 1000 is healthy; 5000 makes every request five times as long. */
  slowFactorPermille: number;
  /** Nothing starts or ends before this time. */
  stallUntilUs: Us;
  /** Requests that may start per second; 0 is no limit. */
  iopsMax: number;
  /** Sum over all requests of the time in service, as `iostat` needs it. */
  busyUs: Us;
  /** Rate limit of a cloud volume; null where nothing limits it. */
  burst: DiskBurst | null;
  private lanes: Float64Array;
  /** Requests in service at one time after the next boot. */
  private depthAtBoot: number;
  private readonly bytesPerMs: number;
  private pipeUnits: number;
  private nextStartUs: Us;

  constructor(queueDepth: number, bytesPerMs: number) {
    this.slowFactorPermille = 1000;
    this.stallUntilUs = 0;
    this.iopsMax = 0;
    this.busyUs = 0;
    this.burst = null;
    this.lanes = new Float64Array(Math.max(1, queueDepth));
    this.depthAtBoot = this.lanes.length;
    this.bytesPerMs = Math.max(1, bytesPerMs);
    this.pipeUnits = 0;
    this.nextStartUs = 0;
  }

  /** Admits a request of `serviceUs` that moves `bytes`; returns when it ends. */
  admit(nowUs: Us, serviceUs: Us, bytes: number): Us {
    const lanes = this.lanes;
    let lane = 0;
    let freeUs = lanes[0]!;
    for (let index = 1; index < lanes.length && freeUs > nowUs; index++) {
      const candidateUs = lanes[index]!;
      if (candidateUs < freeUs) {
        freeUs = candidateUs;
        lane = index;
      }
    }
    let startUs = Math.max(nowUs, freeUs, this.stallUntilUs);
    if (this.iopsMax > 0) {
      startUs = Math.max(startUs, this.nextStartUs);
      this.nextStartUs = startUs + Math.floor(1_000_000 / this.iopsMax);
    }
    if (this.burst !== null) startUs = this.burst.startUs(startUs);
    let units = Math.floor((bytes * PIPE_UNITS_PER_US * 1000) / this.bytesPerMs);
    if (this.slowFactorPermille !== 1000) {
      serviceUs = Math.floor((serviceUs * this.slowFactorPermille) / 1000);
      units = Math.floor((units * this.slowFactorPermille) / 1000);
    }
    this.pipeUnits = Math.max(this.pipeUnits, startUs * PIPE_UNITS_PER_US) + units;
    const endUs = Math.max(startUs + serviceUs, Math.ceil(this.pipeUnits / PIPE_UNITS_PER_US));
    lanes[lane] = endUs;
    this.busyUs += endUs - startUs;
    return endUs;
  }

  /** Requests in service at one time. */
  get depth(): number {
    return this.lanes.length;
  }

  /** Changes how many requests are in service at one time; what is in service goes on. A boot does not take it back. */
  setDepth(depth: number): void {
    this.setDepthUntilBoot(depth);
    this.depthAtBoot = this.lanes.length;
  }

  /** What a boot brings back, whatever was set by hand until then. */
  keepDepthAtBoot(depth: number): void {
    this.depthAtBoot = Math.max(1, depth);
  }

  /** {@link setDepth} as `/sys/block` has it: gone with the next boot. */
  setDepthUntilBoot(depth: number): void {
    const busyLongest = this.lanes.slice().sort((left, right) => right - left);
    this.lanes = new Float64Array(Math.max(1, depth));
    this.lanes.set(busyLongest.subarray(0, this.lanes.length));
  }

  /** Forgets everything in service (power loss, reset of the device). */
  reset(): void {
    if (this.lanes.length !== this.depthAtBoot) this.lanes = new Float64Array(this.depthAtBoot);
    this.lanes.fill(0);
    this.pipeUnits = 0;
    this.nextStartUs = 0;
  }
}
