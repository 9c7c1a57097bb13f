import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Header, Prepare } from '../../src/cluster/storage/prepare.ts';
import { ZERO_SUM } from '../../src/cluster/storage/prepare.ts';
import { encodeReserved, HEADER_BYTES, makePrepare } from '../../src/cluster/storage/record.ts';
import {
  classifySlot,
  JOURNAL_INPUTS,
  JOURNAL_TABLE,
  matchingRows,
  type PresentLog,
} from '../../src/cluster/vsr/journal-table.ts';

const CLUSTER = 7;
const SLOTS = 8;
const SLOT = 3;
const SLOT_BYTES = 512;
const SECTOR_BYTES = 4096;

/** Checkpoint at op 16, so slot 3 stands for op 19; log view 2 began with head 17. */
const PRESENT: PresentLog = { checkpointOp: 16, logView: 2, viewHeaders: [entry(17, 1)] };

function entry(op: number, view: number, cluster = CLUSTER): Prepare {
  const body = new Uint8Array(200).fill(op);
  const fields = {
    cluster,
    epoch: 0,
    view,
    op,
    parent: ZERO_SUM,
    operation: 16,
    client: 1,
    request: op,
    timestampUs: op,
  };
  return makePrepare({ ...fields, body });
}

function sector(content: Uint8Array, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  bytes.set(content);
  return bytes;
}

const headerOf = (prepare: Prepare): Uint8Array => sector(prepare.record.subarray(0, HEADER_BYTES), SECTOR_BYTES);
const recordOf = (prepare: Prepare): Uint8Array => sector(prepare.record, SLOT_BYTES);
function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at]! ^= 4;
  return copy;
}

const old = entry(11, 1);
const live = entry(19, 2);
const superseded = entry(19, 1);
const beyond = entry(27, 2);
const other = entry(20, 2);
const reserved = encodeReserved(SLOT, CLUSTER);

const classify = (header: Uint8Array | null, record: Uint8Array | null, present: PresentLog | null = PRESENT) =>
  classifySlot(header, record, SLOT, SLOTS, CLUSTER, present);

describe('the table', () => {
  it('matches every combination of its inputs with exactly one row, and uses every row', () => {
    const used = new Set<string>();
    for (let inputs = 0; inputs < 1 << JOURNAL_INPUTS.length; inputs++) {
      const rows = matchingRows(inputs);
      expect(rows.map((row) => row.name)).toHaveLength(1);
      used.add(rows[0]!.name);
    }
    expect(used.size).toBe(JOURNAL_TABLE.length);
    expect(new Set(JOURNAL_TABLE.map((row) => row.name)).size).toBe(JOURNAL_TABLE.length);
  });

  it('has one letter per input in every pattern', () => {
    for (const row of JOURNAL_TABLE) {
      expect(row.when.replaceAll(' ', '')).toMatch(new RegExp(`^[01-]{${JOURNAL_INPUTS.length}}$`));
    }
  });

  it('lets a slot be denied only where an intact header proves that step (b) never ended', () => {
    for (const row of JOURNAL_TABLE) {
      if (row.decision === 'torn' || row.decision === 'empty') expect(row.when.startsWith('11-')).toBe(true);
    }
  });

  it('keeps a record only where it is intact', () => {
    for (const row of JOURNAL_TABLE) {
      if (row.known === 'prepare') expect(row.when.slice(4, 7)).toBe('100');
      if (row.known === 'header') expect(row.when.slice(0, 3)).toBe('100');
      if (row.decision === 'clean' || row.decision === 'fix') expect(row.known).toBe('prepare');
      if (row.decision === 'torn' || row.decision === 'empty') expect(row.known).toBe('none');
    }
  });
});

describe('a slot', () => {
  const header = {
    old: headerOf(old),
    live: headerOf(live),
    superseded: headerOf(superseded),
    beyond: headerOf(beyond),
  };
  const record = {
    old: recordOf(old),
    live: recordOf(live),
    superseded: recordOf(superseded),
    beyond: recordOf(beyond),
  };
  const fresh = { header: sector(reserved, SECTOR_BYTES), record: sector(reserved, SLOT_BYTES) };
  const zeros = { header: new Uint8Array(SECTOR_BYTES), record: new Uint8Array(SLOT_BYTES) };

  it.each<[string, Uint8Array | null, Uint8Array | null, string, Header | null, Prepare | null]>([
    ['written and synced', header.live, record.live, 'clean', live, live],
    ['never used', fresh.header, fresh.record, 'empty', null, null],
    ['that holds a covered entry', header.old, record.old, 'empty', null, null],
    ['that holds a superseded entry', header.superseded, record.superseded, 'empty', null, null],
    ['cut off in its first append', fresh.header, flipped(record.live, 300), 'torn', null, null],
    ['cut off in an append over a covered entry', header.old, flipped(record.live, 3), 'torn', null, null],
    ['cut off in an append over a superseded entry', header.superseded, flipped(record.live, 3), 'torn', null, null],
    ['whose record cannot be read, never acknowledged', header.old, null, 'torn', null, null],
    ['cut off between record and header', fresh.header, record.live, 'fix', live, live],
    ['cut off between record and header, over a covered entry', header.old, record.live, 'fix', live, live],
    ['cut off between record and header, over a superseded entry', header.superseded, record.live, 'fix', live, live],
    ['with a rotten header', flipped(header.live, 100), record.live, 'fix', live, live],
    ['with an unreadable header', null, record.live, 'fix', live, live],
    ['with a zeroed header', zeros.header, record.live, 'fix', live, live],
    ["with another slot's header", headerOf(other), record.live, 'fix', live, live],
    ['with a rotten record', header.live, flipped(record.live, 200), 'faulty', live, null],
    ['with an unreadable record', header.live, null, 'faulty', live, null],
    ['with a zeroed record', header.live, zeros.record, 'faulty', live, null],
    ["with another slot's record", header.live, recordOf(other), 'faulty', live, null],
    ["with another cluster's record", header.live, recordOf(entry(19, 2, 8)), 'faulty', live, null],
    ['whose record was never written although the disk said so', header.live, fresh.record, 'faulty', live, null],
    ['whose record is still the covered one', header.live, record.old, 'faulty', live, null],
    ['whose record is still the superseded one', header.live, record.superseded, 'faulty', live, null],
    ['all zeros', zeros.header, zeros.record, 'faulty', null, null],
    ['of which nothing can be read', null, null, 'faulty', null, null],
    ['with a rotten header and a reserved record', flipped(fresh.header, 9), fresh.record, 'faulty', null, null],
    ['with a zeroed header and a covered record', zeros.header, record.old, 'faulty', null, null],
    ['that went on after this superblock', header.beyond, record.beyond, 'faulty', null, null],
    ['overwritten after this superblock, header live', header.live, record.beyond, 'faulty', live, null],
    ['overwritten after this superblock, header past', header.old, record.beyond, 'faulty', null, null],
    ['overwritten after this superblock, header gone', null, record.beyond, 'faulty', null, null],
  ])('%s', (_, headerBytes, recordBytes, decision, knownHeader, prepare) => {
    const found = classify(headerBytes, recordBytes);
    expect(found.decision).toBe(decision);
    expect(found.header?.sum).toEqual(knownHeader?.sum);
    expect(found.header?.op).toBe(knownHeader?.op);
    expect(found.prepare).toEqual(prepare);
  });

  it('with two live entries of one op cannot know which came later', () => {
    const rival = entry(19, 3);
    for (const [first, second] of [
      [live, rival],
      [rival, live],
    ] as const) {
      const found = classify(headerOf(first), recordOf(second));
      expect([found.decision, found.header, found.prepare]).toEqual(['faulty', null, null]);
    }
  });

  it('is told from old entries by the canonical headers, wherever the op lies in the view', () => {
    const named: PresentLog = { checkpointOp: 16, logView: 5, viewHeaders: [entry(17, 1), entry(18, 1), superseded] };
    // The view's own log names the entry of view 1: the later one of view 2 is the superseded one.
    expect(classify(headerOf(superseded), recordOf(superseded), named).decision).toBe('clean');
    expect(classify(headerOf(live), recordOf(superseded), named).decision).toBe('fix');
    expect(classify(headerOf(superseded), recordOf(live), named).decision).toBe('faulty');
    expect(classify(headerOf(live), flipped(recordOf(superseded), 5), named).decision).toBe('torn');
  });

  it('is judged without the superblock by ops alone', () => {
    expect(classify(header.old, record.live, null).row).toBe('both live, header older');
    expect(classify(header.old, record.live, null).decision).toBe('fix');
    expect(classify(header.live, record.old, null).row).toBe('both live, header newer');
    expect(classify(header.live, record.old, null).header?.op).toBe(19);
    expect(classify(header.old, record.old, null).decision).toBe('clean');
    expect(classify(header.old, flipped(record.old, 8), null).decision).toBe('faulty');
  });
});

/** Sectors of 512 bytes of a write: each is old or new after a crash, or (the other mode) the slot is unreadable. */
function tear(before: Uint8Array, after: Uint8Array, units: number): Uint8Array {
  const bytes = before.slice();
  for (let unit = 0; unit * 512 < bytes.length; unit++) {
    if ((units >> unit) & 1) bytes.set(after.subarray(unit * 512, unit * 512 + 512), unit * 512);
  }
  return bytes;
}

describe('the write protocol', () => {
  const zones = { covered: old, superseded } as const;

  it('after any crash and one damaged witness: what was acknowledged is never denied, what was not is never lost', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('fresh', 'covered', 'superseded'),
        fc.constantFrom('before', 'record', 'synced', 'header', 'acknowledged'),
        fc.nat(7),
        fc.boolean(),
        fc.constantFrom('none', 'header', 'record'),
        fc.constantFrom('rot', 'zero', 'EIO'),
        fc.nat(127),
        (start, step, units, unreadable, victim, damage, at) => {
          const big = { ...live, record: sector(live.record, 1536) };
          let header: Uint8Array | null = start === 'fresh' ? sector(reserved, SECTOR_BYTES) : headerOf(zones[start]);
          let record: Uint8Array | null =
            start === 'fresh' ? sector(reserved, 1536) : sector(zones[start].record, 1536);
          if (step === 'record') record = unreadable ? null : tear(record, big.record, units);
          if (step === 'synced' || step === 'header' || step === 'acknowledged') record = big.record.slice();
          if (step === 'header') header = unreadable ? null : tear(header, headerOf(live), units);
          if (step === 'acknowledged') header = headerOf(live);
          const hit = (bytes: Uint8Array | null): Uint8Array | null =>
            bytes === null || damage === 'EIO' ? null : damage === 'zero' ? bytes.fill(0) : flipped(bytes, at);
          if (victim === 'header') header = hit(header);
          if (victim === 'record') record = hit(record);

          const found = classify(header, record);
          const denies = found.decision === 'torn' || found.decision === 'empty';
          if (step === 'acknowledged') {
            expect(denies).toBe(false);
            if (victim !== 'record') expect(found.prepare?.sum).toEqual(live.sum);
            else expect(found.header?.sum).toEqual(live.sum);
          }
          if ((step === 'before' || step === 'record') && victim === 'none') expect(found.decision).not.toBe('faulty');
          if (found.prepare !== null) expect(found.prepare.sum).toEqual(live.sum);
        },
      ),
      { seed: 3, numRuns: 5_000 },
    );
  });
});
