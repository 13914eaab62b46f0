import { unlinkSync } from 'node:fs';
import type { Source } from '../../model/source.ts';
import { frameColumns, frameFid, frameMemory, RECORDS_FRAME, readFrameHead } from './frame.ts';
import { plainCodec } from './plain-codec.ts';
import type { RecordColumns } from './record-columns.ts';
import { segmentFile } from './segment-format.ts';
import { createSegmentWriter, type SegmentRow } from './segment-writer.ts';

export const DAY_US = 86_400_000_000;

export interface FlushJob {
  dir: string;
  blockBytes: number;
  chunks: { shared: SharedArrayBuffer; bytes: number }[];
  /** Sources by number, with the name of their retention class. */
  sources: Map<number, { key: string; source: Source; class: string }>;
  /** First id that may be used; as many are as there are pairs of class and day. */
  nextId: number;
}

/** Records of one frame that go to one segment: a range, since almost every frame lies within one day. */
interface Piece {
  key: string;
  source: Source;
  fid: string;
  gen: number;
  start: number;
  columns: RecordColumns;
  from: number;
  to: number;
}

/** Writes the segments of a head, one per retention class and UTC day; nothing is committed yet. Removes all of them on failure. */
export function flushHead(job: FlushJob): SegmentRow[] {
  const groups = gather(job);
  const rows: SegmentRow[] = [];
  let id = job.nextId;
  for (const [group, pieces] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [day, className] = JSON.parse(group) as [number, string];
    pieces.sort((a, b) => compareText(a.key, b.key) || compareText(a.fid, b.fid) || a.gen - b.gen || a.start - b.start);
    const path = segmentFile(job.dir, id);
    const writer = createSegmentWriter({
      path,
      id,
      class: className,
      day,
      blockBytes: job.blockBytes,
      codec: plainCodec,
    });
    try {
      for (const piece of pieces) writer.add(piece, piece.fid, piece.gen, piece.columns, piece.from, piece.to);
      rows.push(writer.finish());
    } catch (error) {
      writer.abort();
      for (const row of rows) unlinkSync(segmentFile(job.dir, row.id));
      throw error;
    }
    id++;
  }
  return rows;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function gather(job: FlushJob): Map<string, Piece[]> {
  const groups = new Map<string, Piece[]>();
  for (const chunk of job.chunks) {
    const memory = frameMemory(chunk.shared);
    for (let at = 0; ; ) {
      const head = readFrameHead(memory, at, chunk.bytes, false);
      if (!head) break;
      at += head.length;
      if (head.kind !== RECORDS_FRAME || head.count === 0) continue;
      const of = job.sources.get(head.source);
      if (!of) throw new Error(`cannot find source ${head.source} of a frame`);
      const columns = frameColumns(memory, head);
      const { times } = columns;
      for (let from = 0; from < head.count; ) {
        const day = Math.floor(times[from] / DAY_US);
        let to = head.count;
        if (head.first < day * DAY_US || head.last >= (day + 1) * DAY_US)
          for (to = from + 1; to < head.count && Math.floor(times[to] / DAY_US) === day; ) to++;
        const group = JSON.stringify([day, of.class]);
        let pieces = groups.get(group);
        if (!pieces) groups.set(group, (pieces = []));
        pieces.push({
          key: of.key,
          source: of.source,
          fid: frameFid(memory, head.at),
          gen: head.gen,
          start: columns.offsets[from],
          columns,
          from,
          to,
        });
        from = to;
      }
    }
  }
  return groups;
}
