import { parseRecord, VOTE_FILES } from '../checkers/disk-image.ts';
import { hash128 } from '../cluster/storage/checksum.ts';
import { sameSum, ZERO_SUM } from '../cluster/storage/prepare.ts';
import { FILE, HEADER_SECTOR_BYTES } from '../cluster/vsr/config.ts';
import {
  openSuperblock,
  SUPERBLOCK_COPIES,
  SUPERBLOCK_COPY_BYTES,
  type SuperblockState,
} from '../cluster/vsr/superblock.ts';
import type { Certificate } from '../plan/result.ts';
import type { LedgerEntry } from '../sim/ledger.ts';
import type { Simulation } from './simulation.ts';

/** What a replica's disk would show after a power loss at this moment. */
interface Survey {
  readonly host: number;
  readonly superblock: SuperblockState | null;
  /** Ops whose records are intact. */
  readonly intact: ReadonlySet<number>;
  /** Op of the checkpoint whose bytes are as the superblock says; 0 when they are damaged or gone. */
  readonly checkpointOp: number;
  /** Slots that may have held an op of which nothing is left: their replica cannot deny it. */
  readonly broken: ReadonlySet<number>;
  /** Slots with an intact record that a fault stood before: a process that read them then takes them for faulty. */
  readonly doubtful: ReadonlySet<number>;
  /** The disk holds records that its process may take for faulty: a fault struck when it read them at its start. */
  readonly misread: boolean;
}

/** The superblock that a start would find on a replica's disk, or null. */
function superblockOf(simulation: Simulation, host: number): SuperblockState | null {
  const copies: (Uint8Array | null)[] = [];
  for (let copy = 0; copy < SUPERBLOCK_COPIES; copy++) {
    const at = copy * SUPERBLOCK_COPY_BYTES;
    copies.push(simulation.truth.peekDurable(host, FILE.superblock, at, SUPERBLOCK_COPY_BYTES));
  }
  const opened = openSuperblock(copies);
  return opened.kind === 'open' ? opened.state : null;
}

function survey(simulation: Simulation, host: number): Survey {
  const { truth, plan, checks } = simulation;
  const superblock = superblockOf(simulation, host);
  const intact = new Set<number>();
  const broken = new Set<number>();
  const doubtful = new Set<number>();
  const slotBytes = new Uint8Array(plan.cluster.slotBytes);
  let misread = refusedLog(simulation, host);
  for (let slot = 0; slot < plan.cluster.journalSlots; slot++) {
    const offset = slot * slotBytes.length;
    const bytes = truth.peekDurable(host, FILE.prepares, offset, slotBytes.length, slotBytes);
    const record = bytes === null ? null : parseRecord(bytes, 0);
    const damaged = truth.ledger.find(host, FILE.prepares, sectorOf(simulation, offset)) !== null;
    const damagedHeader = headerDamaged(simulation, host, slot);
    if (record === null) {
      if (bytes === null || damaged || damagedHeader) broken.add(slot);
      continue;
    }
    if (damaged) {
      misread = true;
      doubtful.add(slot);
    }
    if (record.op > checks.committed.head || checks.committed.compare(record.op, record.sum) !== 0) {
      intact.add(record.op);
    }
    if (damagedHeader && record.op <= (superblock?.checkpointOp ?? 0)) broken.add(slot);
  }
  const checkpointOp = intactCheckpoint(simulation, host, superblock);
  return { host, superblock, intact, checkpointOp, broken, doubtful, misread };
}

/** Whether the device refused the present process of a host a read of its log. */
function refusedLog(simulation: Simulation, host: number): boolean {
  const sinceUs = simulation.cluster.world.machines[host]?.startedUs ?? 0;
  return simulation.truth.ledger.entries.some(
    (entry) =>
      entry.host === host &&
      entry.sector < 0 &&
      entry.sinceUs >= sinceUs &&
      (entry.file === FILE.headers || entry.file === FILE.prepares),
  );
}

/**
 * Whether a start finds, or has found, no valid header for a slot. Beside a record that the checkpoint covers it may
 * have named an op whose record was lost (`header damaged, record past` in the journal's table): the slot denies nothing.
 */
function headerDamaged(simulation: Simulation, host: number, slot: number): boolean {
  const { truth } = simulation;
  const at = slot * HEADER_SECTOR_BYTES;
  return (
    truth.peekDurable(host, FILE.headers, at, 128) === null ||
    truth.ledger.find(host, FILE.headers, sectorOf(simulation, at)) !== null
  );
}

/** A superblock only names its checkpoint: the state can be had from it while the file holds those bytes. */
function intactCheckpoint(simulation: Simulation, host: number, superblock: SuperblockState | null): number {
  if (superblock === null || superblock.checkpointOp === 0) return 0;
  const file = FILE.checkpoint[superblock.checkpointFile] as string;
  const bytes = simulation.truth.peekDurable(host, file, 0, superblock.checkpointBytes);
  if (bytes === null) return 0;
  return sameSum(hash128(bytes, 0, bytes.length, ZERO_SUM), superblock.checkpointSum) ? superblock.checkpointOp : 0;
}

function sectorOf(simulation: Simulation, offsetBytes: number): number {
  return Math.floor(offsetBytes / simulation.plan.disk.sectorBytes);
}

function votes(found: Survey): boolean {
  return found.superblock !== null && !found.superblock.mustRecover;
}

/** Of those who vote now: a change of voters may have made them more or fewer. */
function quorumOf({ members }: Simulation): number {
  return Math.floor(members.length / 2) + 1;
}

/** Whether ground truth shows that these voters can converge by themselves (R12). */
export function isRecoverable(simulation: Simulation, core: readonly number[]): boolean {
  const quorum = quorumOf(simulation);
  const surveys = core.map((host) => survey(simulation, host));
  if (surveys.length < quorum || !surveys.every(votes)) return false;
  const head = simulation.checks.committed.head;
  for (let op = lowestNeeded(surveys); op <= head; op++) if (!surveys.some((found) => holds(found, op))) return false;
  return surveys.every((found) => found.broken.size === 0 && !found.misread);
}

/** Whether this voter can say of a slot that the op that is asked for was never in it. */
function denies(found: Survey, slot: number): boolean {
  return votes(found) && !found.broken.has(slot) && !found.doubtful.has(slot);
}

function lowestNeeded(surveys: readonly Survey[]): number {
  let lowest = Number.MAX_SAFE_INTEGER;
  for (const found of surveys) lowest = Math.min(lowest, found.checkpointOp + 1);
  return lowest;
}

function holds(found: Survey, op: number): boolean {
  return found.intact.has(op) || op <= found.checkpointOp;
}

/** Whether the disk of one of these hosts holds a committed op: an intact record of it, or an intact checkpoint above it. */
export function heldSomewhere(simulation: Simulation, hosts: readonly number[], op: number): boolean {
  const { truth, plan, checks } = simulation;
  return hosts.some((host) => {
    const slot = op % plan.cluster.journalSlots;
    const bytes = truth.peekDurable(host, FILE.prepares, slot * plan.cluster.slotBytes, plan.cluster.slotBytes);
    const record = bytes === null ? null : parseRecord(bytes, 0);
    if (record !== null && record.op === op && checks.committed.compare(op, record.sum) === 1) return true;
    return op <= intactCheckpoint(simulation, host, superblockOf(simulation, host));
  });
}

/**
 * Why `core` cannot converge, as certificates: for each op without an intact copy, and for each voter without a readable
 * superblock or journal, the injected faults that took them (R11). Empty when ground truth gives no such reason: then
 * the run has failed. A copy that is missing without a ledger entry is no excuse.
 */
export function certificatesOf(simulation: Simulation, core: readonly number[]): readonly Certificate[] {
  const { plan, checks } = simulation;
  const surveys = core.map((host) => survey(simulation, host));
  const voterCount = simulation.members.length;
  const quorum = quorumOf(simulation);
  const certificates: Certificate[] = [];
  if (surveys.filter(votes).length < quorum) {
    for (const found of surveys) {
      if (votes(found)) continue;
      const entry = voteEntry(simulation, found.host);
      if (entry === null) return [];
      certificates.push(certificate(0, found.host, entry));
    }
    return certificates;
  }
  const last = checks.committed.head + plan.cluster.pipelineMax;
  for (let op = lowestNeeded(surveys); op <= last; op++) {
    if (surveys.some((found) => holds(found, op))) continue;
    const slot = op % plan.cluster.journalSlots;
    const committed = op <= checks.committed.head;
    // What nobody has committed is dropped where enough deny it: then a slot that cannot stands in nobody's way (R12).
    if (!committed && surveys.filter((found) => denies(found, slot)).length >= voterCount - quorum + 1) continue;
    for (const found of surveys) {
      const entry = slotEntry(simulation, found.host, slot) ?? checkpointEntry(simulation, found, op);
      if (entry !== null) certificates.push(certificate(op, found.host, entry));
      else if (committed) return [];
    }
  }
  return certificates;
}

function certificate(op: number, host: number, entry: LedgerEntry): Certificate {
  return { op, host, ledgerIndex: entry.index, label: entry.label };
}

/**
 * What took the vote of a host: damage to a file without which it cannot know what it promised, open now or when the life
 * began that lost the vote, or a read of such a file that the device refused to that life. What was mended before, and
 * damage to other files, takes no vote (R11).
 */
function voteEntry(simulation: Simulation, host: number): LedgerEntry | null {
  const sinceUs = simulation.voteLostUs.get(host) ?? -1;
  const took = ({ file, sector, sinceUs: struckUs, clearedUs }: LedgerEntry): boolean => {
    if (!VOTE_FILES.includes(file)) return false;
    if (sector >= 0 && clearedUs < 0) return true;
    if (sinceUs < 0) return false;
    return sector < 0 ? struckUs >= sinceUs : struckUs <= sinceUs && clearedUs >= sinceUs;
  };
  return simulation.truth.ledger.entries.find((entry) => entry.host === host && took(entry)) ?? null;
}

/** The damage to a checkpoint that would cover `op`. */
function checkpointEntry(simulation: Simulation, found: Survey, op: number): LedgerEntry | null {
  const { superblock } = found;
  if (superblock === null || op <= found.checkpointOp || op > superblock.checkpointOp) return null;
  const file = FILE.checkpoint[superblock.checkpointFile];
  return simulation.truth.ledger.openOf(found.host).find((entry) => entry.file === file) ?? null;
}

function slotEntry(simulation: Simulation, host: number, slot: number): LedgerEntry | null {
  const { ledger } = simulation.truth;
  const first = sectorOf(simulation, slot * simulation.plan.cluster.slotBytes);
  const last = sectorOf(simulation, (slot + 1) * simulation.plan.cluster.slotBytes - 1);
  for (let sector = first; sector <= last; sector++) {
    const entry = ledger.find(host, FILE.prepares, sector);
    if (entry !== null) return entry;
  }
  return ledger.find(host, FILE.headers, sectorOf(simulation, slot * HEADER_SECTOR_BYTES));
}
