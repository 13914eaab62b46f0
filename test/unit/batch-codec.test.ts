import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LinesBatch, StatusBatch } from '../../model/batch.ts';
import { isCode } from '../../model/errors.ts';
import { batchKey, decodeBatch, encodeBatch, frameLength, sealBatch } from '../../transport/batch-codec.ts';
import { dose } from '../doses.ts';
import { linesBatch, source } from '../suites/batches.ts';

const anyBatch = fc
  .record({
    messages: fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 40 }),
    start: fc.integer({ min: 0, max: 2 ** 47 }),
    gen: fc.integer({ min: 0, max: 0x7fffffff }),
    app: fc.string({ unit: 'binary', maxLength: 20 }),
    kind: fc.constantFrom('lines' as const, 'events' as const),
    level: fc.integer({ min: 0, max: 6 }),
    joins: fc.boolean(),
  })
  .map((v) => {
    const batch = linesBatch({
      ...v,
      source: source({ app: v.app.toWellFormed() }),
      levels: v.messages.map(() => v.level),
    });
    if (v.joins && batch.count > 0) batch.joins = Uint32Array.of(batch.count - 1, 7);
    if (v.joins) batch.dropped = { excluded: 12 };
    return batch;
  });

const plain = (batch: LinesBatch): object => ({
  ...batch,
  messages: Buffer.from(batch.messages).toString('hex'),
  times: [...batch.times],
  offsets: [...batch.offsets],
  ends: [...batch.ends],
  flags: [...batch.flags],
  levels: [...batch.levels],
  joins: [...batch.joins],
});

describe('batch codec', () => {
  it('gives back every batch exactly, aligned or not', () => {
    fc.assert(
      fc.property(anyBatch, fc.integer({ min: 0, max: 7 }), (batch, shift) => {
        const encoded = encodeBatch(batch);
        const moved = Buffer.alloc(encoded.length + shift);
        encoded.copy(moved, shift);
        expect(plain(decodeBatch(moved.subarray(shift)) as LinesBatch)).toEqual(plain(batch));
        expect(batchKey(encoded)).toBe(batch.fid);
        expect(frameLength(encoded)).toBe(encoded.length);
      }),
      { numRuns: dose(200, 5_000) },
    );
  });

  it('gives back status and samples documents', () => {
    const status: StatusBatch = {
      kind: 'status',
      host: '主机-1',
      time: 1,
      epoch: 'e',
      seq: 1,
      version: '0',
      full: true,
      docker: { reachable: true },
      sources: [],
      containers: [],
      behind: [],
      gaps: [],
      counters: { lines: 3 },
    };
    expect(decodeBatch(encodeBatch(status))).toEqual(status);
    const samples = { kind: 'samples' as const, host: 'h', time: 2, epoch: 'e', rows: [], values: {} };
    expect(decodeBatch(encodeBatch(samples))).toEqual(samples);
  });

  it('refuses every changed byte, and every cut, with bad_batch', () => {
    const encoded = encodeBatch(linesBatch({ messages: ['支付回调处理失败', 'second', ''] }));
    for (let i = 0; i < encoded.length; i++) {
      const broken = Buffer.from(encoded);
      broken[i] ^= 1 << (i % 8);
      const decoded = outcome(broken);
      // Byte 7 is spare and outside the checksum: nothing in it can change what is read.
      if (i === 7) expect(decoded).toBe('decoded');
      else expect(decoded).toBe('bad_batch');
      expect(outcome(encoded.subarray(0, i))).toBe('bad_batch');
    }
  });

  it('refuses hostile headers and columns whose checksum is right', () => {
    fc.assert(
      fc.property(
        anyBatch,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (batch, changes) => {
          const encoded = encodeBatch(batch);
          for (const [at, value] of changes) encoded[4 + (at % (encoded.length - 4))] = value;
          expect(['bad_batch', 'decoded']).toContain(outcome(sealBatch(encoded)));
        },
      ),
      { numRuns: dose(500, 50_000) },
    );
  });

  it('says which version it cannot read', () => {
    const encoded = encodeBatch(linesBatch({ messages: ['a'] }));
    encoded.writeUInt16LE(2, 4);
    expect(() => decodeBatch(encoded)).toThrow(/version 2/);
  });
});

function outcome(bytes: Buffer): string {
  try {
    decodeBatch(bytes);
    return 'decoded';
  } catch (error) {
    if (isCode(error, 'bad_batch')) return 'bad_batch';
    throw error;
  }
}
