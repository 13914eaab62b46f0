import type { Clock } from '../../model/clock.ts';
import type { Source } from '../../model/source.ts';
import { covers, including, NOTHING } from '../intervals.ts';
import { markKey } from './appender.ts';
import { frameFid, frameSourceJson, RECORDS_FRAME, SOURCE_FRAME, sourceFrameBytes, writeSourceFrame } from './frame.ts';
import { type ChunkPool, type Head, type Mark, roomIn, showRecords } from './head.ts';
import { replayLog } from './log-file.ts';
import type { StoreLog } from './log-store.ts';
import type { SourceTable } from './source-table.ts';

export interface ReplayOptions {
  paths: string[];
  marks: Map<string, Mark>;
  sources: SourceTable;
  pool: ChunkPool;
  clock: Clock;
  log: StoreLog;
}

/**
 * Fills a head from the logs a former process left; the head owns those files from now on. A frame whose interval the marks
 * cover is in a segment already. Frames were trimmed before they were written, so any other frame is taken whole.
 */
export function replayInto(head: Head, options: ReplayOptions): void {
  const { marks, sources, pool, clock, log } = options;
  for (const path of options.paths) {
    /** Numbers of the former process to ours. */
    const numbers = new Map<number, number>();
    let taken = 0;
    const report = replayLog(path, (memory, frame) => {
      if (frame.kind === SOURCE_FRAME) {
        const source = JSON.parse(frameSourceJson(memory, frame)) as Source;
        numbers.set(frame.source, nameSource(head, source, options));
        return;
      }
      const fid = frameFid(memory, frame.at);
      const key = markKey(fid, frame.gen);
      const before = marks.get(key);
      const source = numbers.get(frame.source);
      if (frame.kind !== RECORDS_FRAME || source === undefined) return;
      if (covers(before?.done ?? NOTHING, frame.start, frame.end)) return;
      const chunk = roomIn(head, pool, frame.length);
      memory.bytes.copy(chunk.memory.bytes, chunk.used, frame.at, frame.at + frame.length);
      chunk.memory.view.setUint32(chunk.used + 40, source, true);
      chunk.used += frame.length;
      chunk.visible = chunk.used;
      const seen = Math.max(frame.acceptedAt, frame.count > 0 ? frame.last : 0, before?.seen ?? 0);
      const done = including(before?.done ?? NOTHING, frame.start, frame.end);
      const mark = { fid, gen: frame.gen, done, seen };
      marks.set(key, mark);
      head.marks.set(key, mark);
      head.since ??= clock.monotonicMs();
      head.bytes += frame.messageBytes;
      head.records += frame.count;
      const span = { records: frame.count, bytes: frame.messageBytes, first: frame.first, last: frame.last };
      if (frame.count > 0) showRecords(head, sources.byNumber(source)!.class.name, span, frame.length);
      taken += frame.count;
    });
    head.logs.push(path);
    if (report.torn > 0) log.info({ path, bytes: report.torn }, 'cut a torn end off the write-ahead log');
    if (report.damaged > 0)
      log.error({ path, bytes: report.damaged }, 'part of the write-ahead log is damaged and skipped');
    if (taken > 0) log.info({ path, records: taken }, 'replayed the write-ahead log');
  }
  // The next log names its sources itself.
  head.named.clear();
  for (const number of head.sources) sources.byNumber(number)!.usedAt = clock.monotonicMs();
}

/** Puts the source's frame into the head's memory (not into a log: it came from one). */
function nameSource(head: Head, source: Source, { sources, pool, clock }: ReplayOptions): number {
  const entry = sources.intern(source, clock.monotonicMs());
  if (head.sources.has(entry.number)) return entry.number;
  const chunk = roomIn(head, pool, sourceFrameBytes(entry.json.length));
  chunk.used += writeSourceFrame(chunk.memory, chunk.used, entry.number, entry.json);
  chunk.visible = chunk.used;
  head.sources.add(entry.number);
  return entry.number;
}
