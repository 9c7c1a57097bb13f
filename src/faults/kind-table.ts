import { DRIFT_PPM_MAX, SLEW_PPM_MAX } from '../sim/clock.ts';
import { LINK_OPTION_MAX } from '../sim/link.ts';
import { choice, type FaultKind, number } from './kind-params.ts';
import { SERVICE_KINDS } from './kind-table-service.ts';

const HOUR_US = 3_600_000_000;
const WEEK_MS = 604_800_000;

const ANY_ZONE = choice('zone', ['any', 'superblock', 'journal-headers', 'journal-prepares', 'checkpoint'], 'any');
/** Zones with redundant witnesses or copies: class C may strike there within the budget. */
const WITNESS_ZONE = choice('zone', ['superblock', 'journal-headers', 'journal-prepares'], 'journal-prepares');
/** A misdirected request would hit two superblock copies, which R5 never allows. */
const JOURNAL_ZONE = choice('zone', ['journal-headers', 'journal-prepares'], 'journal-prepares');
const ROT_ZONE = choice(
  'zone',
  ['superblock', 'journal-headers', 'journal-prepares', 'checkpoint'],
  'journal-prepares',
);
/** -1: any unit that holds something, chosen by key. */
const SLOT = number('slot', -1, 1_048_575, -1);
const UNITS = number('units', 1, 4096, 1);
const COUNT = number('count', 1, 1000, 1);
const OFFSET = number('offsetSectors', 1, 1_048_575, 1);
const DIRECTION = choice('direction', ['both', 'in', 'out'], 'both');
const CLIENTS = choice('clients', ['reach-all', 'reach-rest'], 'reach-all');
const OFFSET_MS = number('ms', -WEEK_MS, WEEK_MS, 1_000);

/** Every kind of fault, with class as R1 defines it. Plans name kinds and parameters as here; the order enters hashes. */
export const FAULT_KINDS = [
  {
    kind: 'process.crash',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [choice('cause', ['crash', 'oom-kill', 'exit'], 'crash')],
  },
  {
    kind: 'process.pause',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'hosts',
    params: [number('jump', 0, 1, 1)],
  },
  {
    kind: 'process.slow-cpu',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'hosts',
    params: [number('cpuUsPerEvent', 1, 10_000_000, 2_000)],
  },
  { kind: 'memory.corrupt', faultClass: 'C', lasts: 'instant', targets: 'replicas', params: [] },
  {
    kind: 'host.power-loss',
    faultClass: 'A',
    lasts: 'instant',
    targets: 'replicas',
    params: [
      choice('mode', ['mix', 'unreadable'], 'mix'),
      number('outageUs', 0, HOUR_US, 500_000),
      number('bootUs', 0, HOUR_US, 200_000),
    ],
  },
  {
    kind: 'host.down',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [choice('mode', ['mix', 'unreadable'], 'mix'), number('bootUs', 0, HOUR_US, 200_000)],
  },
  {
    kind: 'net.partition',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'hosts',
    params: [
      choice(
        'shape',
        [
          'symmetric',
          'one-way',
          'isolate-one',
          'isolate-each',
          'majority-minority',
          'bridge',
          'ring',
          'clients',
          'region',
        ],
        'symmetric',
      ),
      DIRECTION,
      CLIENTS,
    ],
  },
  {
    kind: 'net.flap',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'hosts',
    params: [number('upUs', 1, HOUR_US, 300_000), number('downUs', 1, HOUR_US, 300_000), DIRECTION],
  },
  {
    kind: 'net.degrade',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'hosts',
    params: [
      number('lossPer65536', 0, 65536, 0),
      number('duplicatePer65536', 0, 65536, 0),
      number('reorderPer65536', 0, 65536, 0),
      number('reorderUsMax', 0, LINK_OPTION_MAX, 0),
      number('latencyUsMin', 0, LINK_OPTION_MAX, 0),
      number('latencyUsMean', 0, LINK_OPTION_MAX, 0),
      number('corruptPer65536', 0, 65536, 0),
      number('bytesPerMs', 0, LINK_OPTION_MAX, 0),
      number('queueMax', 0, LINK_OPTION_MAX, 0),
      DIRECTION,
    ],
  },
  { kind: 'net.clog', faultClass: 'A', lasts: 'lasting', targets: 'hosts', params: [DIRECTION] },
  { kind: 'disk.bit-rot', faultClass: 'B', lasts: 'instant', targets: 'replicas', params: [ROT_ZONE, SLOT, UNITS] },
  {
    kind: 'disk.latent-error',
    faultClass: 'B',
    lasts: 'instant',
    targets: 'replicas',
    params: [ROT_ZONE, SLOT, UNITS],
  },
  { kind: 'disk.zeroed', faultClass: 'B', lasts: 'instant', targets: 'replicas', params: [ROT_ZONE, SLOT, UNITS] },
  {
    kind: 'disk.fsync-error',
    faultClass: 'A',
    lasts: 'armed',
    targets: 'replicas',
    params: [choice('semantics', ['ext4', 'xfs', 'btrfs'], 'ext4'), ANY_ZONE],
  },
  { kind: 'disk.write-error', faultClass: 'A', lasts: 'armed', targets: 'replicas', params: [COUNT, ANY_ZONE] },
  { kind: 'disk.read-error', faultClass: 'A', lasts: 'armed', targets: 'replicas', params: [COUNT, ANY_ZONE] },
  { kind: 'disk.lying-fsync', faultClass: 'C', lasts: 'armed', targets: 'replicas', params: [COUNT, WITNESS_ZONE] },
  { kind: 'disk.lost-write', faultClass: 'C', lasts: 'armed', targets: 'replicas', params: [COUNT, WITNESS_ZONE] },
  { kind: 'disk.torn-write', faultClass: 'C', lasts: 'armed', targets: 'replicas', params: [COUNT, WITNESS_ZONE] },
  {
    kind: 'disk.misdirected-write',
    faultClass: 'C',
    lasts: 'armed',
    targets: 'replicas',
    params: [OFFSET, JOURNAL_ZONE],
  },
  {
    kind: 'disk.misdirected-read',
    faultClass: 'C',
    lasts: 'armed',
    targets: 'replicas',
    params: [OFFSET, JOURNAL_ZONE],
  },
  { kind: 'disk.stale-read', faultClass: 'C', lasts: 'armed', targets: 'replicas', params: [WITNESS_ZONE, SLOT] },
  {
    kind: 'disk.slow',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [number('factorPermille', 1, 10_000_000, 5_000)],
  },
  {
    kind: 'disk.iops-cap',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [number('iops', 1, 1_000_000, 100)],
  },
  { kind: 'disk.stall', faultClass: 'A', lasts: 'lasting', targets: 'replicas', params: [] },
  {
    kind: 'disk.full',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [number('percent', 1, 100, 100)],
  },
  { kind: 'disk.lost', faultClass: 'B', lasts: 'instant', targets: 'replicas', params: [] },
  {
    kind: 'disk.file-lost',
    faultClass: 'B',
    lasts: 'instant',
    targets: 'replicas',
    params: [choice('zone', ['journal', 'superblock', 'checkpoint'], 'journal')],
  },
  { kind: 'clock.step', faultClass: 'A', lasts: 'instant', targets: 'hosts', params: [OFFSET_MS] },
  { kind: 'clock.skew', faultClass: 'A', lasts: 'lasting', targets: 'hosts', params: [OFFSET_MS] },
  {
    kind: 'clock.drift',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'hosts',
    params: [number('ppm', -DRIFT_PPM_MAX, DRIFT_PPM_MAX, 500)],
  },
  { kind: 'clock.freeze', faultClass: 'A', lasts: 'lasting', targets: 'hosts', params: [] },
  { kind: 'clock.ntp-wrong', faultClass: 'A', lasts: 'lasting', targets: 'hosts', params: [OFFSET_MS] },
  {
    kind: 'clock.slew',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'hosts',
    params: [OFFSET_MS, number('ppm', 1, SLEW_PPM_MAX, 500)],
  },
  { kind: 'client.crash', faultClass: 'A', lasts: 'instant', targets: 'clients', params: [] },
  {
    kind: 'clock.ntp-down',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'hosts',
    params: [choice('cause', ['daemon', 'server'], 'daemon')],
  },
  // What the product's code does with one operation is wrong; nothing stored is damaged.
  { kind: 'process.poison-op', faultClass: 'A', lasts: 'lasting', targets: 'replicas', params: [] },
  {
    kind: 'disk.competing-io',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [
      number('iops', 0, 100_000, 0),
      number('outstanding', 1, 10_000, 32),
      number('requestBytes', 512, 16_777_216, 65_536),
      choice('owner', ['batch', 'service', 'log-readers'], 'batch'),
    ],
  },
  {
    kind: 'disk.queue-depth',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [number('requests', 1, 1_024, 1)],
  },
  {
    kind: 'disk.iops-burst',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [
      number('baselineIops', 1, 1_000_000, 3_000),
      number('burstIops', 1, 1_000_000, 10_000),
      number('creditsMax', 0, 100_000_000, 5_400_000),
      number('credits', 0, 100_000_000, 0),
    ],
  },
  {
    kind: 'load.query',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [
      number('sessions', 1, 1_000, 5),
      number('scanUs', 1, HOUR_US, 500_000),
      number('readBytes', 0, 1_099_511_627_776, 0),
      number('thinkUs', 1, HOUR_US, 100_000),
      number('locks', 0, 1, 0),
      number('staggerUs', 0, HOUR_US, 0),
    ],
  },
  {
    kind: 'load.cpu',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [number('threads', 1, 1_000, 4)],
  },
  {
    kind: 'load.memory',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [
      choice('owner', ['server', 'other'], 'other'),
      number('percent', 0, 100, 0),
      number('growthBytes', 0, 1_099_511_627_776, 0),
      number('limitPercent', 1, 100, 100),
      number('stallUs', 0, HOUR_US, 0),
      number('everyUs', 1, HOUR_US, 5_000_000),
    ],
  },
  {
    kind: 'load.write',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'clients',
    params: [number('thinkUs', 1, HOUR_US, 10_000)],
  },
  {
    kind: 'process.hot-function',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [number('cpuUs', 1, 10_000_000, 1_000)],
  },
  {
    kind: 'net.way',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'hosts',
    params: [
      choice('part', ['cable', 'switch'], 'switch'),
      number('lossPer65536', 0, 65536, 0),
      number('latencyUsMin', 0, LINK_OPTION_MAX, 0),
      number('latencyUsMean', 0, LINK_OPTION_MAX, 0),
      DIRECTION,
    ],
  },
  {
    kind: 'net.competing-traffic',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [number('fromHost', -1, 100, -1), number('bufferUs', 1_000, 60_000_000, 100_000)],
  },
  {
    kind: 'net.placement',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [number('latencyUsMin', 1, LINK_OPTION_MAX, 50_000), number('latencyUsMean', 0, LINK_OPTION_MAX, 0)],
  },
  {
    kind: 'host.site-down',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [
      choice('level', ['rack', 'zone'], 'rack'),
      choice('mode', ['mix', 'unreadable'], 'mix'),
      number('bootUs', 0, HOUR_US, 200_000),
    ],
  },
  ...SERVICE_KINDS,
] as const satisfies readonly FaultKind[];

/** Name of a kind that exists. */
export type FaultKindName = (typeof FAULT_KINDS)[number]['kind'];
