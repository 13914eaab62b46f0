import type { ParsedLine } from '../parse/line-parser.ts';
import { newParsedLine } from '../parse/line-parser.ts';
import { lineHash, rehash } from '../tail/identity.ts';
import type { TailFile } from '../tail/tail-file.ts';
import { drop } from './assembly.ts';
import { feedOversize, startOversize } from './oversize.ts';
import { MAX_RECORDS, type Workbench } from './workbench.ts';

/** Turns the bytes read into lines and lines into records on the bench. */
export interface LineReader {
  /**
   * Takes whole lines from `bench.bytes[start, end)`, whose first byte is at raw offset `base`; `bytes[end]` is overwritten.
   * `ended`: what follows the last newline is a line too. Calls `cut` after a line when a batch is full. Gives how many bytes it took,
   * or -1 when the generation begins with another line than it did: the file was cut before anything of it was acknowledged.
   */
  take(
    file: TailFile,
    start: number,
    end: number,
    base: number,
    ended: boolean,
    cut: ((offset: number) => void) | null,
  ): number;
  /**
   * Starts reading past a line that is too long to hold: it begins at `bytes[start]` and has no newline before `end`. False when
   * the generation begins with another line than it did.
   */
  beginLong(file: TailFile, start: number, end: number, base: number): boolean;
  /** Goes on with it; gives how many bytes it took, the newline included. */
  takeLong(file: TailFile, start: number, end: number, base: number): number;
  /** Ends it; its raw bytes, with its newline if it had one, end before `rawEnd`. */
  endLong(file: TailFile, rawEnd: number): void;
  /** True when a batch should be cut. */
  isFull(): boolean;
}

const LAST_BYTES = 512;

export function createLineReader(
  bench: Workbench,
  batchBytes: number,
  lineBytes: number,
  count: (name: string, by?: number) => void,
): LineReader {
  const line: ParsedLine = newParsedLine();
  const { bytes } = bench;

  /** Names the generation by its first line; false when it has a name and begins with another line. */
  function checkHead(file: TailFile, start: number, end: number): boolean {
    const head = lineHash(bytes, start, end);
    if (file.generation && file.generation.head !== head) return false;
    file.headChecked = true;
    if (file.generation) return true;
    const { gens } = file.state;
    let gen = head;
    // A generation that begins like one before it must not get its positions.
    while (gens.some((known) => known.gen === gen)) gen = rehash(gen);
    file.generation = { gen, head, end: -1 };
    gens.push(file.generation);
    return true;
  }

  /** How many NULs at `start` are a hole, up to `end`. */
  function hole(file: TailFile, start: number, end: number, ended: boolean): number {
    let p = start;
    while (p < end && bytes[p] === 0) p++;
    const least = file.reading.holeBytes;
    if (p - start < least) return 0;
    // NULs of a plain file that may go on are looked at again with what follows.
    return p === end && least > 1 && !ended ? Math.max(0, p - start - least) : p - start;
  }

  function addLine(file: TailFile, start: number, end: number, offset: number, rawEnd: number): void {
    const { parser, assembler } = file.reading;
    parser.parse(bytes, start, end, bench.used, line);
    if (line.rest >= 0) {
      const split = line.rest;
      const rest = offset + (split - start);
      assembler.add(file.assembly, line, offset, rest);
      addLine(file, split, end, rest, rawEnd);
    } else assembler.add(file.assembly, line, offset, rawEnd);
  }

  function isFull(): boolean {
    return bench.used >= batchBytes || bench.count >= MAX_RECORDS - 4;
  }

  function endLong(file: TailFile, rawEnd: number): void {
    const long = file.long!;
    file.long = null;
    const { parser, assembler } = file.reading;
    // Behind what its message may take; the read area still holds what the file's tail is taken from.
    const { length } = long.head;
    const at = bench.used + length;
    long.head.copy(bytes, at);
    parser.parseLong(bytes, at, at + length, long.last, bench.used, line);
    count('long_lines');
    assembler.addLong(file.assembly, line, long.start, rawEnd, long.over);
  }

  return {
    take(file, start, end, base, ended, cut) {
      let p = start;
      bytes[end] = 10;
      const kernel = file.reading.ordinary ? bench.kernel : null;
      while (p < end) {
        if (kernel && file.headChecked) {
          const taken = kernel.take(bench, file.assembly, p, end, base + p - start);
          p += taken;
          if (taken > 0 && cut && isFull()) {
            cut(base + p - start);
            continue;
          }
          if (p === end) break;
        }
        if (bytes[p] === 0) {
          const skipped = hole(file, p, end, ended);
          if (skipped > 0) {
            drop(
              file.assembly,
              base + p - start,
              'hole',
              skipped,
              bench.count > 0 ? bench.offsets[bench.count - 1] : -1,
            );
            p += skipped;
            continue;
          }
        }
        const newline = bytes.indexOf(10, p);
        if (newline >= end && !ended) break;
        const to = newline >= end ? end : newline;
        const next = newline >= end ? end : newline + 1;
        if (!file.headChecked && !checkHead(file, p, to)) return -1;
        addLine(file, p, to, base + p - start, base + next - start);
        p = next;
        if (cut && isFull()) cut(base + p - start);
      }
      return p - start;
    },
    beginLong(file, start, end, base) {
      if (!file.headChecked && !checkHead(file, start, end)) return false;
      const head = Buffer.from(bytes.subarray(start, Math.min(end, start + lineBytes + 4_096)));
      file.long = { start: base, over: startOversize(), head, last: Buffer.alloc(0) };
      return true;
    },
    takeLong(file, start, end, base) {
      const long = file.long!;
      bytes[end] = 10;
      const newline = bytes.indexOf(10, start);
      const to = Math.min(newline, end);
      const piece = bytes.subarray(start, to);
      feedOversize(long.over, piece);
      const last = Buffer.concat([long.last, piece.subarray(Math.max(0, piece.length - LAST_BYTES))]);
      long.last = last.subarray(Math.max(0, last.length - LAST_BYTES));
      if (newline >= end) return to - start;
      endLong(file, base + to - start + 1);
      return to - start + 1;
    },
    endLong,
    isFull,
  };
}
