import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { sourceKey } from '../../model/source.ts';
import { readPlanes, unzigzag, writePlanes, zigzag } from '../../store/embedded/byte-planes.ts';
import { flushHead } from '../../store/embedded/flush.ts';
import {
  frameColumns,
  frameFid,
  frameMemory,
  frameSourceJson,
  SOURCE_FRAME,
  writeRecordsFrame,
  writeSourceFrame,
} from '../../store/embedded/frame.ts';
import { LOG_HEADER, logHeader, replayLog } from '../../store/embedded/log-file.ts';
import { mergeSegments } from '../../store/embedded/merge.ts';
import { decodePatterns, encodePatterns } from '../../store/embedded/patterns-section.ts';
import { plainCodec } from '../../store/embedded/plain-codec.ts';
import type { RecordColumns } from '../../store/embedded/record-columns.ts';
import { decodeRows, encodeRows } from '../../store/embedded/rows-section.ts';
import { segmentFile } from '../../store/embedded/segment-format.ts';
import { openSegment } from '../../store/embedded/segment-reader.ts';
import { createSegmentWriter } from '../../store/embedded/segment-writer.ts';
import { dose } from '../doses.ts';
import { linesBatch, source } from '../suites/batches.ts';

/** A soak takes its time (ms). */
const LONG = dose(120_000, 7_200_000);

const dir = mkdtempSync(join(tmpdir(), 'fleetlog-files-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const safe = fc.oneof(fc.nat(300), fc.nat(70_000), fc.maxSafeNat());

describe('columns', () => {
  test('planes give back every safe integer', () => {
    fc.assert(
      fc.property(fc.array(safe, { maxLength: 40 }), (values) => {
        const out = new Uint8Array(2 + 7 * values.length);
        const end = writePlanes(Float64Array.from(values), values.length, out, 1);
        const back = new Float64Array(values.length);
        expect(readPlanes(out.subarray(0, end), 1, values.length, back)).toBe(end);
        expect([...back]).toEqual(values);
        for (const value of values.filter((v) => v > 0 && v < 2 ** 51)) expect(unzigzag(zigzag(-value))).toBe(-value);
      }),
    );
  });

  test(
    'rows give back times, offsets, lengths, flags and levels, in any order',
    () => {
      const row = fc.record({
        time: fc.oneof(
          fc.nat(5_000),
          safe.map((n) => n % 2 ** 51),
        ),
        offset: safe.map((n) => n % 2 ** 48),
        length: fc.nat(9_000),
        flags: fc.nat(255),
        level: fc.nat(6),
      });
      fc.assert(
        fc.property(
          fc.array(row, { minLength: 1, maxLength: 30 }),
          fc.nat(29),
          fc.constantFrom(1, 1_000, 1e6),
          (rows, cut, unit) => {
            const n = rows.length;
            const times = Float64Array.from(rows, ({ time }) => (time % 2 ** 30) * unit);
            const offsets = Float64Array.from(rows, ({ offset }) => offset);
            const flags = Uint8Array.from(rows, ({ flags }) => flags);
            const levels = Uint8Array.from(rows, ({ level }) => level);
            const lengths = Uint32Array.from(rows, ({ length }) => length);
            const at = Math.min(cut, n);
            const runs = [offsets.subarray(0, at), offsets.subarray(at)]
              .filter((part) => part.length > 0)
              .map((part) => ({ count: part.length, lowest: Math.min(...part) }));
            const first = Math.min(...times);
            const scratch = { numbers: new Float64Array(0), out: Buffer.alloc(0) };
            const bytes = encodeRows({ count: n, times, offsets, flags, levels }, lengths, runs, first, scratch);
            const back = decodeRows(Buffer.from(bytes), n, runs, first);
            let end = 0;
            expect(back).toMatchObject({ count: n, times, offsets, ends: lengths.map((length) => (end += length)) });
            expect([...back.flags, ...back.levels]).toEqual([...flags, ...levels]);
            for (let cutAt = 0; cutAt < bytes.length; cutAt += 7)
              expect(() => decodeRows(Buffer.from(bytes.subarray(0, cutAt)), n, runs, first)).toThrow();
          },
        ),
        { numRuns: dose(200, 10_000) },
      );
    },
    LONG,
  );

  test('patterns give back both words, also of patterns that share most bits', () => {
    const word = fc.constantFrom(0, 1, 7, 0x200000, 0x400000, 0xffffffff);
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word), { maxLength: 40 }), (pairs) => {
        const flat = Uint32Array.from(pairs.flat());
        expect(decodePatterns(encodePatterns(flat, pairs.length), pairs.length)).toEqual(flat);
      }),
    );
  });

  test(
    'the plain codec gives back any bytes and refuses damaged ones',
    () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.nat(), (bytes, at) => {
          const stored = Buffer.from(plainCodec.encoder().encode(bytes, Uint32Array.of(bytes.length), 1));
          const decoding = plainCodec.decoder(new Uint8Array(0));
          expect(decoding.decode(stored, bytes.length).equals(bytes)).toBe(true);
          expect(() => decoding.decode(stored, bytes.length + 1)).toThrow();
          expect(() => decoding.decode(stored.subarray(0, stored.length - 1), bytes.length)).toThrow();
          stored[at % stored.length] ^= 1 + (at % 255);
          let back: Buffer | null = null;
          try {
            back = decoding.decode(stored, bytes.length);
          } catch {
            return;
          }
          // A flip in a bit that the frame does not use changes nothing.
          expect(back.equals(bytes)).toBe(true);
        }),
        { numRuns: dose(500, 50_000) },
      );
    },
    LONG,
  );
});

describe('frames in a log', () => {
  const memory = frameMemory(new ArrayBuffer(1 << 16));
  let used = 0;
  const starts: number[] = [];
  const put = (length: number): void => {
    starts.push(used);
    used += length;
  };
  put(writeSourceFrame(memory, used, 7, Buffer.from(JSON.stringify(source()))));
  for (let i = 0; i < 5; i++) {
    const batch = linesBatch({ messages: [`line ${i}`, `and ${'x'.repeat(i * 9)}`], levels: [255, 3], start: i * 100 });
    const id = { fid: batch.fid, gen: 1, source: 7, start: batch.start, end: batch.end, acceptedAt: 5 };
    put(writeRecordsFrame(memory, used, id, batch).length);
  }
  const log = Buffer.concat([logHeader(), memory.bytes.subarray(0, used)]);
  const path = join(dir, 'log');

  const replayed = (bytes: Buffer) => {
    writeFileSync(path, bytes);
    const texts: string[] = [];
    const report = replayLog(path, (from, head) => {
      if (head.kind === SOURCE_FRAME) texts.push(`source ${JSON.parse(frameSourceJson(from, head)).app}`);
      else {
        const columns = frameColumns(from, head);
        expect([frameFid(from, head.at), head.source, columns.levels[0]]).toEqual([`${'0'.repeat(31)}1`, 7, 0]);
        texts.push(Buffer.from(columns.messages.subarray(0, columns.ends[0])).toString());
      }
    });
    return { texts, report, left: readFileSync(path).length };
  };
  const all = ['source shop', 'line 0', 'line 1', 'line 2', 'line 3', 'line 4'];
  const wholeUpTo = (length: number): number =>
    starts.filter((start, i) => LOG_HEADER + (starts[i + 1] ?? used) <= length && start >= 0).length;

  test('are read back in order', () => {
    expect(replayed(log)).toEqual({ texts: all, report: { frames: 6, torn: 0, damaged: 0 }, left: log.length });
  });

  test('cut at every byte give what is whole before the cut, and the file ends there', () => {
    for (let length = 0; length < log.length; length++) {
      const { texts, report, left } = replayed(log.subarray(0, length));
      const whole = wholeUpTo(length);
      expect(texts, `cut at ${length}`).toEqual(all.slice(0, whole));
      expect(report.damaged).toBe(0);
      const good = length < LOG_HEADER ? 0 : LOG_HEADER + (starts[whole] ?? used);
      expect([report.torn, left]).toEqual([length - good, good]);
    }
  });

  test('with any byte of one damaged give all the others', () => {
    for (let at = starts[2]; at < starts[3]; at++) {
      const bad = Buffer.from(log);
      bad[LOG_HEADER + at] ^= 0x55;
      const { texts, report } = replayed(bad);
      expect(texts, `byte ${at}`).toEqual(all.filter((_, i) => i !== 2));
      expect(report.damaged).toBe(starts[3] - starts[2]);
    }
  });

  test('of a newer version are refused', () => {
    const newer = Buffer.from(log);
    newer.writeUInt16LE(2, 4);
    expect(() => replayed(newer)).toThrow(expect.objectContaining({ code: 'format_newer' }));
  });
});

describe('segments', () => {
  const DAY = 20_413;
  const sources = [
    source(),
    source({ app: 'a', labels: { z: '1', b: '2' } }),
    source({ env: 'test', container: 'd'.repeat(64) }),
  ];
  const message = fc.oneof(
    fc.string({ maxLength: 30 }).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom('', '\0', '\n\n', 'x'.repeat(70_000), '支付回调处理失败', 'a=1 b=2')
      .map((text) => Buffer.from(text)),
  );
  const record = fc.record({
    message,
    time: fc.nat(86_399_999_999).map((us) => DAY * 86_400_000_000 + us),
    step: fc.nat(500),
    flags: fc.nat(127),
    level: fc.nat(6),
  });
  const run = fc.record({
    source: fc.nat(2),
    fid: fc.constantFrom('1'.repeat(32), '2'.repeat(32)),
    gen: fc.constantFrom(1, 0x7fffffff),
    records: fc.array(record, { minLength: 1, maxLength: 25 }),
  });
  type Row = (string | number)[];

  const columnsOf = (
    records: { message: Buffer; time: number; step: number; flags: number; level: number }[],
    from: number,
  ) => {
    let at = 0;
    let offset = from;
    return {
      count: records.length,
      times: Float64Array.from(records, ({ time }) => time),
      offsets: Float64Array.from(records, ({ step, message }) => (offset += step + message.length + 1)),
      ends: Uint32Array.from(records, ({ message }) => (at += message.length)),
      flags: Uint8Array.from(records, ({ flags }) => flags),
      levels: Uint8Array.from(records, ({ level }) => level),
      messages: Buffer.concat(records.map(({ message }) => message)),
    } satisfies RecordColumns;
  };

  const rowsOf = (key: string, fid: string, gen: number, columns: RecordColumns): Row[] =>
    Array.from({ length: columns.count }, (_, i) => [
      key,
      fid,
      gen,
      columns.offsets[i],
      columns.times[i],
      columns.flags[i],
      columns.levels[i],
      Buffer.from(columns.messages.subarray(i === 0 ? 0 : columns.ends[i - 1], columns.ends[i])).toString('hex'),
    ]);

  function readAll(path: string): Row[] {
    const reader = openSegment(path);
    const { head, blocks, runs, counts } = reader.footer;
    const rows: Row[] = [];
    for (let block = 0; block < head.blocks; block++) {
      const columns = { ...reader.rows(block), messages: reader.text(block) };
      expect(reader.patterns(block).length).toBe(2 * columns.count);
      const { from, to } = reader.runsOf(block);
      const all = rowsOf('', '', 0, columns);
      let at = 0;
      for (let r = from; r < to; r++) {
        for (const row of all.slice(at, at + runs.count[r])) {
          const time = row[4] as number;
          expect(time >= runs.first[r] && time <= runs.last[r] && time >= blocks.first[block]).toBe(true);
          expect((row[3] as number) >= runs.lowest[r] && (row[3] as number) <= runs.highest[r]).toBe(true);
          rows.push([sourceKey(head.sources[runs.source[r]]), head.fids[runs.fid[r]], runs.gen[r], ...row.slice(3)]);
        }
        at += runs.count[r];
      }
      expect(at).toBe(columns.count);
    }
    expect(counts.count.reduce((sum, n) => sum + n, 0)).toBe(rows.length);
    reader.close();
    return rows;
  }

  const sorted = (rows: Row[]): string[] => rows.map((row) => row.join(' ')).sort();

  let nextId = 1;
  function write(runs: { source: number; fid: string; gen: number; columns: RecordColumns }[], day = DAY) {
    const id = nextId++;
    const options = { path: segmentFile(dir, id), id, class: 'default', day, blockBytes: 2_000, codec: plainCodec };
    const writer = createSegmentWriter(options);
    const keyed = runs.map((one) => ({ ...one, key: sourceKey(sources[one.source]), source: sources[one.source] }));
    keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    for (const { key, source, fid, gen, columns } of keyed)
      writer.add({ key, source }, fid, gen, columns, 0, columns.count);
    return {
      row: writer.finish(),
      rows: keyed.flatMap(({ key, fid, gen, columns }) => rowsOf(key, fid, gen, columns)),
    };
  }

  test(
    'and merges of them give back every record, byte for byte',
    () => {
      fc.assert(
        fc.property(
          fc.array(fc.array(run, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 }),
          (parts) => {
            let offset = 0;
            const written = parts.map((part) =>
              write(part.map((one) => ({ ...one, columns: columnsOf(one.records, (offset += 100_000)) }))),
            );
            for (const { row, rows } of written) {
              expect(sorted(readAll(segmentFile(dir, row.id)))).toEqual(sorted(rows));
              expect(row.records).toBe(rows.length);
            }
            const ids = written.map(({ row }) => row.id);
            const merged = mergeSegments({ dir, blockBytes: 3_000, segments: ids, id: nextId++ });
            expect(sorted(readAll(segmentFile(dir, merged.id)))).toEqual(sorted(written.flatMap(({ rows }) => rows)));
            expect(merged).toMatchObject({ records: written.reduce((sum, { row }) => sum + row.records, 0), day: DAY });
          },
        ),
        { numRuns: dose(25, 5_000) },
      );
    },
    LONG,
  );

  test(
    'cut anywhere or with any byte damaged say so, or give the same records',
    () => {
      const columns = columnsOf(
        Array.from({ length: 60 }, (_, i) => ({
          message: Buffer.from(`line ${i} of a file`),
          time: DAY * 86_400_000_000 + i,
          step: 3,
          flags: 0,
          level: 3,
        })),
        0,
      );
      const { row, rows } = write([{ source: 0, fid: '1'.repeat(32), gen: 1, columns }]);
      const path = segmentFile(dir, row.id);
      const bytes = readFileSync(path);
      const copy = join(dir, 'damaged');
      const attempt = (): void => {
        let got: Row[];
        try {
          got = readAll(copy);
        } catch (error) {
          // Either our own error or an assertion of readAll itself; the latter would mean damage went unnoticed.
          expect(error).toMatchObject({ code: 'corrupt' });
          return;
        }
        expect(sorted(got)).toEqual(sorted(rows));
      };
      for (let length = 0; length < bytes.length; length += dose(7, 1)) {
        copyFileSync(path, copy);
        truncateSync(copy, length);
        attempt();
      }
      for (let at = 0; at < bytes.length; at += dose(3, 1)) {
        const bad = Buffer.from(bytes);
        bad[at] ^= 0xff;
        writeFileSync(copy, bad);
        attempt();
      }
    },
    LONG,
  );

  test('of a head part by UTC day and retention class', () => {
    const memory = frameMemory(new SharedArrayBuffer(1 << 16));
    let used = 0;
    const midnight = (DAY + 1) * 86_400_000_000;
    const add = (number: number, times: number[]): void => {
      const batch = linesBatch({ messages: times.map((_, i) => `m${i}`), times, start: used });
      const id = { fid: batch.fid, gen: 1, source: number, start: batch.start, end: batch.end, acceptedAt: 0 };
      used += writeRecordsFrame(memory, used, id, batch).length;
    };
    add(1, [midnight - 2, midnight - 1, midnight, midnight + 1, midnight - 1]);
    add(2, [midnight]);
    const of = (i: number, name: string) => ({ key: sourceKey(sources[i]), source: sources[i], class: name });
    const rows = flushHead({
      dir,
      blockBytes: 1 << 16,
      chunks: [{ shared: memory.bytes.buffer as unknown as SharedArrayBuffer, bytes: used }],
      sources: new Map([
        [1, of(0, 'default')],
        [2, of(1, 'audit')],
      ]),
      nextId: 900,
    });
    const seen = rows.map(({ id, day, class: name, records, first, last }) => [id, day, name, records, first, last]);
    expect(seen).toEqual([
      [900, DAY, 'default', 3, midnight - 2, midnight - 1],
      [901, DAY + 1, 'audit', 1, midnight, midnight],
      [902, DAY + 1, 'default', 2, midnight, midnight + 1],
    ]);
  });
});
