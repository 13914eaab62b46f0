import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { FleetlogError } from '../../model/errors.ts';
import type { BlockCodec, TextDecoding } from './block-codec.ts';
import { BLOOM_LINE, bloomLine, bloomMay } from './bloom.ts';
import { letGo } from './let-go.ts';
import { decodePatternColumn, decodePatterns, type PatternColumn } from './patterns-section.ts';
import { decompress, plainCodec } from './plain-codec.ts';
import { decodeRows, type Rows, type RunShape } from './rows-section.ts';
import { decodeFooter, type Footer, readTail, SEGMENT_TAIL } from './segment-format.ts';

const CODECS: readonly BlockCodec[] = [plainCodec];

/** One open segment; reads block the calling thread. All methods throw `corrupt` when the file is damaged there. */
export interface SegmentReader {
  footer: Footer;
  /** Bytes its footer takes in memory. */
  footerBytes: number;
  /** Runs of a block: [from, to) in the run table. */
  runsOf(block: number): { from: number; to: number };
  rows(block: number): Rows;
  /** The messages back to back; `rows().ends` part them. */
  text(block: number): Buffer;
  /** High and low word of each record's pattern. */
  patterns(block: number): Uint32Array;
  patternColumn(block: number): PatternColumn;
  /** False when no record of the block has a token of this hash. */
  mayHold(block: number, tokenHash: number): boolean;
  /** Lets go of the file descriptor. */
  close(): void;
}

export function openSegment(path: string): SegmentReader {
  const fd = openSync(path, 'r');
  try {
    return readSegment(fd, path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function readSegment(fd: number, path: string): SegmentReader {
  let closed = false;
  const damaged = (what: string, cause?: unknown): FleetlogError =>
    new FleetlogError('corrupt', `cannot read ${what} of segment ${path}`, { cause });

  /** A scan may still hold a reader that its thread has closed for want of descriptors; it then opens the file for each read. */
  function readInto(out: Buffer, at: number, what: string): Buffer {
    const from = closed ? openSync(path, 'r') : fd;
    try {
      for (let done = 0; done < out.length; ) {
        const n = readSync(from, out, done, out.length - done, at + done);
        if (n === 0) throw damaged(what);
        done += n;
      }
      return out;
    } finally {
      if (closed) closeSync(from);
    }
  }
  const read = (at: number, length: number, what: string): Buffer => readInto(Buffer.allocUnsafeSlow(length), at, what);

  const { size } = fstatSync(fd);
  if (size < SEGMENT_TAIL) throw damaged('the end');
  const tail = readTail(read(size - SEGMENT_TAIL, SEGMENT_TAIL, 'the end'));
  if (tail.at + tail.bytes + SEGMENT_TAIL !== size) throw damaged('the footer');
  const footer = decodeFooter(read(tail.at, tail.bytes, 'the footer'), tail.crc);
  const { blocks, runs, head } = footer;
  let decoding: TextDecoding | null = null;
  const line = Buffer.alloc(BLOOM_LINE);

  const runsOf = (block: number) => ({
    from: blocks.runsFrom[block],
    to: block + 1 < head.blocks ? blocks.runsFrom[block + 1] : head.runs,
  });

  function* shapes(block: number): Iterable<RunShape> {
    const { from, to } = runsOf(block);
    for (let r = from; r < to; r++) yield { count: runs.count[r], lowest: runs.lowest[r] };
  }

  function guarded<T>(what: string, action: () => T): T {
    try {
      return action();
    } catch (cause) {
      throw cause instanceof FleetlogError ? cause : damaged(what, cause);
    }
  }

  function readPatterns<T>(block: number, decode: (bytes: Buffer, n: number) => T): T {
    return guarded(`patterns of block ${block}`, () => {
      const stored = read(afterRows(block), blocks.patterns[block], 'patterns');
      return decode(decompress(stored, blocks.patternsRaw[block]), blocks.records[block]);
    });
  }

  const afterRows = (block: number): number => blocks.at[block] + blocks.rows[block];
  const afterPatterns = (block: number): number => afterRows(block) + blocks.patterns[block];
  const afterText = (block: number): number => afterPatterns(block) + blocks.text[block];

  return {
    footer,
    footerBytes: tail.bytes,
    runsOf,
    rows: (block) =>
      guarded(`rows of block ${block}`, () => {
        const stored = read(blocks.at[block], blocks.rows[block], 'rows');
        const raw = decompress(stored, blocks.rowsRaw[block]);
        const rows = decodeRows(raw, blocks.records[block], shapes(block), blocks.first[block]);
        letGo(stored);
        letGo(raw);
        if (rows.count > 0 && rows.ends[rows.count - 1] !== blocks.rawBytes[block]) throw damaged('lengths');
        return rows;
      }),
    text: (block) =>
      guarded(`text of block ${block}`, () => {
        if (!decoding) {
          const codec = CODECS.find((c) => c.number === head.codec);
          if (!codec) throw damaged(`codec ${head.codec}`);
          decoding = codec.decoder(read(head.dictionary.at, head.dictionary.stored, 'the dictionary'));
        }
        const stored = read(afterPatterns(block), blocks.text[block], 'text');
        const text = decoding.decode(stored, blocks.rawBytes[block]);
        letGo(stored);
        return text;
      }),
    patterns: (block) => readPatterns(block, decodePatterns),
    patternColumn: (block) => readPatterns(block, decodePatternColumn),
    mayHold(block, tokenHash) {
      const lines = blocks.bloom[block] / BLOOM_LINE;
      if (lines === 0) return false;
      const at = afterText(block) + bloomLine(tokenHash >>> 0 || 1, lines) * BLOOM_LINE;
      return bloomMay(readInto(line, at, `bloom of block ${block}`), tokenHash >>> 0 || 1);
    },
    close() {
      closed = true;
      closeSync(fd);
    },
  };
}
