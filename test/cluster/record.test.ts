import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c, hash128 } from '../../src/cluster/storage/checksum.ts';
import { sameSum, sumText, ZERO_SUM } from '../../src/cluster/storage/prepare.ts';
import {
  decodeHeader,
  decodeRecord,
  encodeReserved,
  HEADER_BYTES,
  isReserved,
  makePrepare,
  type PrepareFields,
  recordCluster,
  verifyPrepare,
} from '../../src/cluster/storage/record.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const word = fc.integer({ min: 0, max: 0xffffffff });
const lane = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const fieldsArbitrary: fc.Arbitrary<PrepareFields> = fc.record({
  cluster: word,
  epoch: word,
  view: word,
  op: word,
  parent: fc.record({ a: lane, b: lane, c: lane, d: lane }),
  operation: word,
  client: word,
  request: word,
  timestampUs: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  body: fc.uint8Array({ maxLength: 300 }),
});
const small: PrepareFields = {
  cluster: 7,
  epoch: 1,
  view: 3,
  op: 41,
  parent: { a: 1, b: -2, c: 3, d: -4 },
  operation: 16,
  client: 9,
  request: 2,
  timestampUs: 1_770_372_000_000_123,
  body: ascii('event'),
};

describe('CRC-32C', () => {
  // RFC 3720, appendix B.4, and the check value of the CRC catalogue.
  it.each([
    ['123456789', ascii('123456789'), 0xe3069283],
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 times 0xff', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['0..31', Uint8Array.from({ length: 32 }, (_, n) => n), 0x46dd794e],
    ['31..0', Uint8Array.from({ length: 32 }, (_, n) => 31 - n), 0x113fdb5c],
    ['nothing', new Uint8Array(0), 0],
  ])('of %s', (_, bytes, expected) => {
    expect(crc32c(bytes, 0, bytes.length)).toBe(expected);
  });

  it('agrees with the bitwise definition at every length and offset', () => {
    const bitwise = (bytes: Uint8Array): number => {
      let crc = -1;
      for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f63b78;
      }
      return ~crc >>> 0;
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(20), (bytes, start) => {
        const from = Math.min(start, bytes.length);
        expect(crc32c(bytes, from, bytes.length)).toBe(bitwise(bytes.subarray(from)));
      }),
      { seed: 1 },
    );
  });
});

describe('hash128', () => {
  it('keeps its values: they are part of golden hashes', () => {
    expect(sumText(hash128(ascii('123456789'), 0, 9, ZERO_SUM))).toBe('c65876bb119a1552c5e3e5d7a9168ca4');
    expect(sumText(hash128(new Uint8Array(100).fill(7), 0, 100, { a: 1, b: 2, c: 3, d: 4 }))).toBe(
      '291b8be46f8b41c0280119f19bff0f86',
    );
  });

  it('depends on bytes, length and seed, not on where the bytes lie', () => {
    const bytes = ascii('...the same twenty bytes');
    const moved = ascii('.....the same twenty bytes');
    expect(hash128(bytes, 3, bytes.length, ZERO_SUM)).toEqual(hash128(moved, 5, moved.length, ZERO_SUM));
    for (let length = 0; length < 40; length++) {
      const zeros = new Uint8Array(40);
      expect(sameSum(hash128(zeros, 0, length, ZERO_SUM), hash128(zeros, 0, length + 1, ZERO_SUM))).toBe(false);
      expect(sameSum(hash128(zeros, 0, length, ZERO_SUM), hash128(zeros, 0, length, small.parent))).toBe(false);
    }
  });

  it('changes about half of its bits with any input bit, in every lane', () => {
    for (const length of [5, 16, 37, 64]) {
      const bytes = Uint8Array.from({ length }, (_, n) => n * 37);
      const before = hash128(bytes, 0, length, ZERO_SUM);
      let changed = 0;
      for (let bit = 0; bit < length * 8; bit++) {
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        const after = hash128(bytes, 0, length, ZERO_SUM);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        for (const lane of ['a', 'b', 'c', 'd'] as const) {
          const flips = ones(before[lane] ^ after[lane]);
          expect(flips).toBeGreaterThan(1);
          changed += flips;
        }
      }
      const share = changed / (length * 8 * 128);
      expect(share).toBeGreaterThan(0.47);
      expect(share).toBeLessThan(0.53);
    }
  });
});

function ones(value: number): number {
  let count = 0;
  for (let bits = value >>> 0; bits !== 0; bits = (bits & (bits - 1)) >>> 0) count++;
  return count;
}

describe('records', () => {
  it('come back as they were, from any offset', () => {
    fc.assert(
      fc.property(fieldsArbitrary, fc.nat(50), (fields, offset) => {
        const prepare = makePrepare(fields);
        const disk = new Uint8Array(offset + prepare.record.length + 13).fill(0xa5);
        disk.set(prepare.record, offset);
        expect(decodeRecord(disk, offset)).toEqual(prepare);
        expect(recordCluster(prepare)).toBe(fields.cluster);
        const { body: _, ...rest } = fields;
        expect(decodeHeader(disk, offset)).toEqual({ ...rest, sum: prepare.sum, sizeBytes: prepare.record.length });
        expect(verifyPrepare(prepare)).toBe(true);
      }),
      { seed: 2 },
    );
  });

  it('own their bytes', () => {
    const disk = makePrepare(small).record.slice();
    const decoded = decodeRecord(disk, 0)!;
    disk.fill(0);
    expect(verifyPrepare(decoded)).toBe(true);
  });

  it('reveal every single flipped bit', () => {
    const prepare = makePrepare(small);
    for (let bit = 0; bit < prepare.record.length * 8; bit++) {
      const record = prepare.record.slice();
      record[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodeRecord(record, 0)).toBeNull();
      if (bit < HEADER_BYTES * 8) expect(decodeHeader(record, 0)).toBeNull();
      expect(verifyPrepare({ ...prepare, record, body: record.subarray(HEADER_BYTES) })).toBe(false);
    }
  });

  it('reveal a record that is cut off, zeroed, or whose size points outside', () => {
    const { record } = makePrepare(small);
    for (let length = 0; length < record.length; length++) {
      expect(decodeRecord(record.subarray(0, length), 0)).toBeNull();
    }
    expect(decodeRecord(new Uint8Array(256), 0)).toBeNull();
    expect(decodeHeader(new Uint8Array(256), 0)).toBeNull();
  });

  it('give another sum for any other field: the chain depends on all of them', () => {
    const sums = new Set([sumText(makePrepare(small).sum)]);
    for (const name of ['cluster', 'epoch', 'view', 'op', 'operation', 'client', 'request', 'timestampUs'] as const) {
      sums.add(sumText(makePrepare({ ...small, [name]: small[name] + 1 }).sum));
    }
    sums.add(sumText(makePrepare({ ...small, parent: { ...small.parent, d: 5 } }).sum));
    sums.add(sumText(makePrepare({ ...small, body: ascii('event\0') }).sum));
    expect(sums.size).toBe(11);
  });

  it('refuse a received entry whose fields are not those of its record', () => {
    const prepare = makePrepare(small);
    for (const name of ['epoch', 'view', 'op', 'operation', 'client', 'request', 'timestampUs'] as const) {
      expect(verifyPrepare({ ...prepare, [name]: prepare[name] + 1 })).toBe(false);
    }
    expect(verifyPrepare({ ...prepare, sum: ZERO_SUM })).toBe(false);
    expect(verifyPrepare({ ...prepare, parent: ZERO_SUM })).toBe(false);
    expect(verifyPrepare({ ...prepare, body: ascii('evenT') })).toBe(false);
    expect(verifyPrepare({ ...prepare, body: ascii('event') })).toBe(true);
    expect(verifyPrepare({ ...prepare, record: new Uint8Array([...prepare.record, 0]) })).toBe(false);
  });

  it('refuse fields that do not fit their word', () => {
    expect(() => makePrepare({ ...small, op: -1 })).toThrow('op -1 is not an unsigned 32-bit integer');
    expect(() => makePrepare({ ...small, view: 0.5 })).toThrow('view 0.5');
    expect(() => makePrepare({ ...small, client: 4_294_967_296 })).toThrow('client 4294967296');
    expect(() => makePrepare({ ...small, timestampUs: Number.NaN })).toThrow('timestamp NaN');
  });
});

describe('reserved headers', () => {
  it('belong to one slot of one cluster, and zeros are not one', () => {
    const bytes = encodeReserved(5, 7);
    expect(isReserved(bytes, 0, 5, 7)).toBe(true);
    expect(isReserved(bytes, 0, 6, 7)).toBe(false);
    expect(isReserved(bytes, 0, 5, 8)).toBe(false);
    expect(isReserved(new Uint8Array(HEADER_BYTES), 0, 0, 0)).toBe(false);
    expect(decodeHeader(bytes, 0)).toBeNull();
    expect(decodeRecord(bytes, 0)).toBeNull();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      expect(isReserved(bytes, 0, 5, 7)).toBe(false);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
  });
});
