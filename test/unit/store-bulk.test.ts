import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareKeys, type RecordKey } from '../../model/position.ts';
import type { LogRecord } from '../../model/record.ts';
import { sourceKey } from '../../model/source.ts';
import { createBulkRecords } from '../../store/embedded/bulk-records.ts';
import { createBlockMatcher } from '../../store/embedded/match-block.ts';
import { createUnpacker } from '../../store/embedded/packed-records.ts';
import { plainCodec } from '../../store/embedded/plain-codec.ts';
import { ALL } from '../../store/embedded/residual.ts';
import { segmentBlock } from '../../store/embedded/scan-block.ts';
import { newScanControl, scanControl } from '../../store/embedded/scan-request.ts';
import { openSegment, type SegmentReader } from '../../store/embedded/segment-reader.ts';
import { createSegmentWriter } from '../../store/embedded/segment-writer.ts';
import type { createTopRecords } from '../../store/embedded/top-records.ts';
import { mixedRecords } from '../suites/mixed-records.ts';
import { createRandom } from '../suites/random.ts';
import { batchesOf } from '../suites/record-batches.ts';

const records = mixedRecords(21, 3_000);
const dir = mkdtempSync(join(tmpdir(), 'fleetlog-bulk-'));
let reader: SegmentReader;

beforeAll(() => {
  const path = join(dir, 'one.fls');
  const writer = createSegmentWriter({ path, id: 1, class: 'default', day: 0, blockBytes: 8 << 10, codec: plainCodec });
  for (const batch of batchesOf(records))
    writer.add({ key: sourceKey(batch.source), source: batch.source }, batch.fid, batch.gen, batch, 0, batch.count);
  writer.finish();
  reader = openSegment(path);
});
afterAll(() => {
  reader.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Ask {
  order: 'asc' | 'desc';
  limit: number;
  bytes: number;
  after?: RecordKey;
  from: number;
  to: number;
}

/** What one thread gives, blocks taken in the order of `places`; most are released before the answer, as in a scan. */
function taken(create: typeof createTopRecords, { from, to, ...asked }: Ask, places: number[]) {
  const request = { query: ALL, from, to, operation: { type: 'top' as const, by: 'time' as const, ...asked } };
  const sink = create(request, scanControl(newScanControl()));
  const matcher = createBlockMatcher(ALL);
  for (const place of places) {
    const block = segmentBlock(reader, place);
    if (sink.hopeless(sink.bestOf(block))) continue;
    const matches = matcher.match(block, sink.windowOf);
    if (matches) sink.take(block, matches);
    block.release();
  }
  for (const block of sink.missing()) sink.fill(block);
  const { answer } = sink.answer();
  if (answer.type !== 'top') throw new Error('another answer');
  const record = createUnpacker(answer.records);
  return { cut: answer.cut, records: Array.from({ length: answer.records.count }, (_, i) => record(i)) };
}

const textOf = ({ time, fid, gen, offset, message, level, stream, source, flags }: LogRecord) =>
  JSON.stringify([time, fid, gen, offset, message, level, stream, source.container, flags]);

describe('records of an export', () => {
  test('are the first ones in order, whatever the limits and the order blocks come in', () => {
    const random = createRandom(5);
    const all = Array.from({ length: reader.footer.head.blocks }, (_, i) => i);
    expect(all.length).toBeGreaterThan(20);
    const ordered = records.toSorted(compareKeys);
    for (let round = 0; round < 60; round++) {
      const order = random.pick(['asc', 'desc'] as const);
      const ask: Ask = {
        order,
        limit: random.pick([1, 7, 500, 100_000]),
        bytes: random.pick([1, 3_000, 60_000, 1e9]),
        after: random.chance(0.4) ? random.pick(records) : undefined,
        from: random.chance(0.5) ? 0 : random.pick(records).time,
        to: random.chance(0.5) ? 9e15 : random.pick(records).time,
      };
      const { after } = ask;
      const want = (order === 'asc' ? ordered : ordered.toReversed()).filter(
        (record) =>
          record.time >= ask.from &&
          record.time < ask.to &&
          (!after || (order === 'asc' ? compareKeys(record, after) > 0 : compareKeys(record, after) < 0)),
      );
      const places = all.toSorted(() => random.below(3) - 1);
      const bulk = taken(createBulkRecords, ask, places);
      const why = JSON.stringify(ask);
      expect(bulk.records.map(textOf), why).toEqual(want.slice(0, bulk.records.length).map(textOf));
      const least = Math.min(want.length, ask.limit, ask.bytes >= 60_000 ? 40 : 1);
      expect(bulk.records.length, why).toBeGreaterThanOrEqual(least);
      // Without a cut nothing was let go but for the limit.
      if (!bulk.cut) expect(bulk.records.length, why).toBeGreaterThanOrEqual(Math.min(want.length, ask.limit));
    }
  });
});
