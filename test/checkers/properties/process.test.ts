import { describe, expect, it } from 'vitest';
import { blobSum, parseRecord, recordSum, slowCrc32c } from '../../../src/checkers/disk-image.ts';
import type { Property } from '../../../src/checkers/property.ts';
import { PropertySet } from '../../../src/checkers/set.ts';
import { crc32c, hash128 } from '../../../src/cluster/storage/checksum.ts';
import { ZERO_SUM } from '../../../src/cluster/storage/prepare.ts';
import { corpus, Stage } from './stage.ts';

corpus('INV-SINGLE-INSTANCE', [
  { name: 'one process after the other', play: (s) => void s.restart(0).restart(0, 'power-loss').restart(1) },
  { name: 'a second process on one data directory', play: (s) => s.set.onStart(0, 2), site: 'second-process' },
  {
    name: 'the end of another process does not end this one',
    play: (s) => {
      s.set.onStop(0, 9, 'crash');
      s.set.onStart(0, 2);
    },
    site: 'second-process',
  },
  {
    name: 'an incarnation number comes again',
    play: (s) => {
      s.set.onStop(0, 1, 'crash');
      s.set.onStart(0, 1);
    },
    site: 'incarnation-reused',
  },
]);

corpus('INV-NO-ASSERT', [
  { name: 'crashes and exits are not assertions', play: (s) => void s.restart(0, 'crash').restart(1, 'exit') },
  {
    name: 'the injected assertion is due',
    options: { assertionInjected: (replica) => replica === 1 },
    play: (s) => void s.restart(1, 'assertion'),
  },
  { name: 'a replica asserts', play: (s) => void s.restart(1, 'assertion'), site: 'replica-asserted' },
  {
    name: 'another replica than the injected one asserts',
    options: { assertionInjected: (replica) => replica === 1 },
    play: (s) => void s.restart(2, 'assertion'),
    site: 'replica-asserted',
  },
]);

corpus('INV-PROJECTION', [
  {
    name: 'follows the commit number, and starts over in a new process',
    play: (s) => {
      for (const applied of [1, 3, 3, 5]) s.set.onProjection(0, 1, 2, applied, 5);
      s.restart(0).set.onProjection(0, 2, 2, 1, 5);
    },
  },
  {
    name: 'two projections do not share a position',
    play: (s) => {
      s.set.onProjection(0, 1, 1, 5, 5);
      s.set.onProjection(0, 1, 2, 1, 5);
      s.set.onProjection(1, 1, 1, 1, 5);
    },
  },
  {
    name: 'goes back',
    play: (s) => {
      s.set.onProjection(0, 1, 0, 5, 9);
      s.set.onProjection(0, 1, 0, 4, 9);
    },
    site: 'position-went-back',
  },
  { name: 'passes the commit number', play: (s) => s.set.onProjection(0, 1, 0, 6, 5), site: 'position-above-commit' },
]);

describe('the second reader of the disk format', () => {
  it('agrees with the cluster about records of every length', () => {
    const stage = new Stage();
    for (let size = 0; size < 70; size++) {
      const body = Uint8Array.from({ length: size }, (_, at) => (at * 37 + size) & 255);
      const prepare = stage.entry(3, { body, client: 77, request: 5, view: 2, timestampUs: 2 ** 40 + 3 });
      const padded = new Uint8Array(300);
      padded.set(prepare.record, 20);
      expect(parseRecord(padded, 20)).toMatchObject({
        op: 3,
        view: 2,
        client: 77,
        request: 5,
        timestampUs: 2 ** 40 + 3,
        sum: prepare.sum,
        parent: prepare.parent,
        sizeBytes: 128 + size,
      });
      expect(recordSum(prepare.record)).toEqual(prepare.sum);
      expect(slowCrc32c(body, 0, size)).toBe(crc32c(body, 0, size));
      expect(blobSum(body)).toEqual(hash128(body, 0, size, ZERO_SUM));
    }
  });

  it('knows the published check value of CRC-32C', () => {
    expect(
      slowCrc32c(
        Uint8Array.from('123456789', (digit) => digit.charCodeAt(0)),
        0,
        9,
      ),
    ).toBe(0xe3069283);
  });

  it('refuses a record with any byte changed or cut', () => {
    const { record } = new Stage().entry(1, { body: new Uint8Array(20) });
    for (let at = 0; at < record.length; at++) {
      const bad = record.slice();
      bad[at]! ^= 16;
      expect(parseRecord(bad, 0), `byte ${at}`).toBeNull();
    }
    expect(parseRecord(record.slice(0, 147), 0)).toBeNull();
    expect(parseRecord(record.slice(0, 100), 0)).toBeNull();
  });
});

describe('the set', () => {
  it('calls those that listen, in order, and nobody else', () => {
    const calls: string[] = [];
    const first: Property = { id: 'A', onStart: () => calls.push('A start'), onEnd: () => calls.push('A end') };
    const second: Property = { id: 'B', onStart: () => calls.push('B start') };
    const set = new PropertySet([first, second]);
    set.onStart(0, 1);
    set.onStop(0, 1, 'crash');
    set.onSend(0, 1, new Stage().message('ping', 0));
    set.onDeliver();
    set.onEnd();
    expect(calls).toEqual(['A start', 'B start', 'A end']);
  });

  it('holds each catalogue id once', () => {
    const ids = new Stage().checks.properties.map((property) => property.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain('INV-LINEARIZABLE');
    expect(ids.every((id) => /^INV-[A-Z-]+$/.test(id))).toBe(true);
  });
});
