import { segmentFile } from './segment-format.ts';
import { openSegment, type SegmentReader } from './segment-reader.ts';

/** Footers kept in memory per thread; they make the second query fast and bound what a year of segments costs. */
const MOST_BYTES = 48 << 20;
const MOST_FILES = 256;

export interface ReaderCache {
  open(id: number): SegmentReader;
  /** Closes segments that are about to be removed. */
  forget(ids: number[]): void;
}

/** Open segments, the least recently used closed first. */
export function createReaderCache(dir: string): ReaderCache {
  const open = new Map<number, SegmentReader>();
  let bytes = 0;

  function close(id: number): void {
    const reader = open.get(id);
    if (!reader) return;
    open.delete(id);
    bytes -= reader.footerBytes;
    reader.close();
  }

  return {
    open(id) {
      let reader = open.get(id);
      if (reader) {
        open.delete(id);
        open.set(id, reader);
        return reader;
      }
      reader = openSegment(segmentFile(dir, id));
      open.set(id, reader);
      bytes += reader.footerBytes;
      for (const old of open.keys()) {
        if (old === id || (bytes <= MOST_BYTES && open.size <= MOST_FILES)) break;
        close(old);
      }
      return reader;
    },
    forget(ids) {
      for (const id of ids) close(id);
    },
  };
}
