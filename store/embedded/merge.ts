import { sourceKey } from '../../model/source.ts';
import { letGo } from './let-go.ts';
import { plainCodec } from './plain-codec.ts';
import type { RecordColumns } from './record-columns.ts';
import { segmentFile } from './segment-format.ts';
import { openSegment, type SegmentReader } from './segment-reader.ts';
import { createSegmentWriter, type SegmentRow } from './segment-writer.ts';

export interface MergeJob {
  dir: string;
  blockBytes: number;
  /** All of one class and day. */
  segments: number[];
  id: number;
}

/** One input: its runs in file order, which is source order, and the block they lie in. */
interface Cursor {
  reader: SegmentReader;
  keys: string[];
  block: number;
  run: number;
  from: number;
  decoded: { columns: RecordColumns; patterns: Uint32Array } | null;
}

/** Writes one segment holding the records of several, sorted by source; nothing is committed yet. */
export function mergeSegments(job: MergeJob): SegmentRow {
  const cursors: Cursor[] = [];
  try {
    for (const id of job.segments) {
      const reader = openSegment(segmentFile(job.dir, id));
      const keys = reader.footer.head.sources.map(sourceKey);
      cursors.push({ reader, keys, block: 0, run: 0, from: 0, decoded: null });
    }
    return writeMerged(job, cursors);
  } finally {
    for (const { reader } of cursors) reader.close();
  }
}

function writeMerged(job: MergeJob, cursors: Cursor[]): SegmentRow {
  const { head } = cursors[0].reader.footer;
  const path = segmentFile(job.dir, job.id);
  const options = { path, id: job.id, class: head.class, day: head.day, blockBytes: job.blockBytes, codec: plainCodec };
  const writer = createSegmentWriter(options);
  try {
    for (let cursor = lowest(cursors); cursor; cursor = lowest(cursors)) {
      const { reader, keys, run } = cursor;
      const { runs, head: own } = reader.footer;
      cursor.decoded ??= decode(reader, cursor.block);
      const to = cursor.from + runs.count[run];
      const source = { key: keys[runs.source[run]], source: own.sources[runs.source[run]] };
      const { columns, patterns } = cursor.decoded;
      writer.add(source, own.fids[runs.fid[run]], runs.gen[run], columns, cursor.from, to, patterns);
      cursor.from = to;
      cursor.run++;
      if (cursor.run === reader.runsOf(cursor.block).to) {
        cursor.block++;
        cursor.from = 0;
        letGo(cursor.decoded.columns.messages);
        cursor.decoded = null;
      }
    }
    return writer.finish();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

function decode(reader: SegmentReader, block: number): NonNullable<Cursor['decoded']> {
  return { columns: { ...reader.rows(block), messages: reader.text(block) }, patterns: reader.patterns(block) };
}

/** The cursor whose run comes first by source, then by time; undefined when all are at their end. */
function lowest(cursors: Cursor[]): Cursor | undefined {
  let best: Cursor | undefined;
  let bestKey = '';
  for (const cursor of cursors) {
    const { runs, head } = cursor.reader.footer;
    if (cursor.run === head.runs) continue;
    const key = cursor.keys[runs.source[cursor.run]];
    const before =
      !best || key < bestKey || (key === bestKey && runs.first[cursor.run] < best.reader.footer.runs.first[best.run]);
    if (!before) continue;
    best = cursor;
    bestKey = key;
  }
  return best;
}
