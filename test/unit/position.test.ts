import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys, decodeRecordId, encodeRecordId, type RecordKey } from '../../model/position.ts';

const key = fc.record({
  time: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
  fid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  gen: fc.integer({ min: 0, max: 0x7fff_ffff }),
  offset: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
});

describe('record ids', () => {
  it('hold every key exactly, offsets of events (microseconds) included, and are safe in a URL', () => {
    fc.assert(
      fc.property(key, (one) => {
        const id = encodeRecordId(one);
        expect(decodeRecordId(id)).toEqual(one);
        expect(encodeURIComponent(id)).toBe(id);
      }),
    );
    const event: RecordKey = {
      time: 1_795_219_200_000_001,
      fid: 'f'.repeat(32),
      gen: 0,
      offset: 1_795_219_200_000_001,
    };
    expect(decodeRecordId(encodeRecordId(event))).toEqual(event);
  });

  it('are refused when they are none', () => {
    const id = encodeRecordId({ time: 1, fid: '0'.repeat(32), gen: 1, offset: 1 });
    for (const bad of ['', id.slice(1), `${id}A`, `${id.slice(1)}+`, `../${id.slice(3)}`])
      expect(decodeRecordId(bad)).toBe(null);
  });

  it('order by time, then file, generation and offset', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        const order = (k: RecordKey): (string | number)[] => [k.time, k.fid, k.gen, k.offset];
        const first = order(a).findIndex((part, i) => part !== order(b)[i]);
        const expected = first < 0 ? 0 : order(a)[first] < order(b)[first] ? -1 : 1;
        expect(Math.sign(compareKeys(a, b))).toBe(expected);
      }),
    );
  });
});
