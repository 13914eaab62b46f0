import type { Clock } from '../../model/clock.ts';
import { KIND } from '../parse/continuation.ts';
import { dataStart, skipZeroes } from '../tail/holes.ts';
import { TAIL_BYTES, type TailFile } from '../tail/tail-file.ts';
import { drop, hasOpen, newAssembly } from './assembly.ts';
import type { Cutter, TailOf } from './batch-cutter.ts';
import type { LineReader } from './line-reader.ts';
import { putHeld, takeHeld, type Workbench } from './workbench.ts';

export interface TurnOptions {
  bench: Workbench;
  lines: LineReader;
  cutter: Cutter;
  clock: Clock;
  readBytes: number;
  rawLineBytes: number;
  flushMs: number;
  multilineMs: number;
  /** Bytes one file may take in one turn. */
  turnBytes: number;
  /** Message bytes that are worth a batch at the end of a turn. */
  worthBytes: number;
  hasRoom(): boolean;
  /** Whether a message warns or worse: such a line may be followed by a trace. */
  severe(bytes: Buffer, start: number, end: number): boolean;
  count: (name: string, by?: number) => void;
}

/**
 * `more`: there is more to read. `drained`: everything written is read. `truncated`: the file no longer holds what was read, and the
 * old generation has been cut up to `readPos`.
 */
export type Outcome = 'more' | 'drained' | 'truncated';

const HOLE_BYTES = 4_096;

/** Lets one file read, parse and send for a while. Only one turn at a time: there is one bench. */
export type Turn = (file: TailFile) => Promise<Outcome>;

export function createTurn(options: TurnOptions): Turn {
  const { bench, lines, cutter, clock, count } = options;
  const { bytes, inputAt } = bench;
  /** Raw offset of `bytes[inputAt]` and bytes valid there, for tails. */
  let window = { at: 0, length: 0 };

  const tailOf =
    (file: TailFile): TailOf =>
    (offset) => {
      const from = Math.max(file.source?.base ?? 0, offset - TAIL_BYTES, 0);
      if (from >= window.at && offset <= window.at + window.length)
        return Buffer.from(bytes.subarray(inputAt + from - window.at, inputAt + offset - window.at));
      if (file.readPos === offset) return Buffer.from(file.tail.subarray(TAIL_BYTES - file.tailLength));
      const buffer = Buffer.alloc(offset - from);
      try {
        const n = file.source?.read(buffer, 0, buffer.length, from);
        return typeof n === 'number' && n === buffer.length ? buffer : Buffer.alloc(0);
      } catch {
        return Buffer.alloc(0);
      }
    };

  function remember(file: TailFile, end: number): void {
    const length = Math.min(TAIL_BYTES, end - inputAt);
    bytes.copy(file.tail, TAIL_BYTES - length, end - length, end);
    file.tailLength = length;
  }

  /** Raw bytes that must not be gone past now. */
  const limitOf = (file: TailFile): number => file.resend[0]?.end ?? Number.POSITIVE_INFINITY;

  function cutIfFull(file: TailFile): (offset: number) => void {
    return (offset) => {
      if (file.resend.length > 0) {
        if (offset >= file.resend[0].end || bench.used < bench.inputAt - bench.inputBytes * 2) return;
        // The configuration changed since: what was one batch no longer fits one.
        file.resend = [];
        count('resent_differently');
      }
      cutter.cutFull(file, offset, tailOf(file));
    };
  }

  /** Reads once. Gives how many bytes were new, or -1 when the bytes before are no longer what they were. */
  async function fill(file: TailFile, want: number): Promise<number> {
    const source = file.source!;
    const before = file.readPos - source.base >= file.tailLength ? file.tailLength : 0;
    const limit = limitOf(file) - file.readPos;
    const n = await source.read(bytes, inputAt, before + Math.min(want, limit), file.readPos - before);
    window = { at: file.readPos - before, length: n };
    if (n < before) return -1;
    if (before > 0 && bytes.compare(file.tail, TAIL_BYTES - before, TAIL_BYTES, inputAt, inputAt + before) !== 0)
      return -1;
    return n - before;
  }

  /** Skips NULs that reach beyond what was read. */
  async function skipHole(file: TailFile): Promise<boolean> {
    const source = file.source!;
    const stat = source.stat();
    const from = file.readPos;
    let to: number | null = null;
    if (
      from <= TAIL_BYTES ||
      file.assembly.drops.some((d) => d.reason === 'hole' && d.offset === 0 && d.bytes === from)
    )
      to = await dataStart(source, bytes, inputAt, options.readBytes, from, stat);
    if (to === null) {
      to = from;
      for (;;) {
        const n = await source.read(bytes, inputAt, options.readBytes, to);
        const zeroes = skipZeroes(bytes, inputAt, inputAt + n) - inputAt;
        to += zeroes;
        if (n === 0 || zeroes < n) break;
      }
    }
    // A plain file's NULs are looked at again with what follows them.
    if (to > from && file.reading.holeBytes > 1 && to >= stat.size) to = Math.max(from, to - file.reading.holeBytes);
    window = { at: 0, length: 0 };
    if (to === from) return false;
    drop(file.assembly, from, 'hole', to - from, bench.count > 0 ? bench.offsets[bench.count - 1] : -1);
    file.readPos = to;
    file.tail.fill(0);
    file.tailLength = Math.min(TAIL_BYTES, to - source.base);
    return true;
  }

  /** Reads and parses once; `null` when nothing more can be taken now. */
  async function step(file: TailFile, want: number): Promise<'taken' | 'short' | 'end' | 'changed'> {
    const fresh = await fill(file, want);
    if (fresh < 0) return 'changed';
    const start = inputAt + window.length - fresh;
    const end = inputAt + window.length;
    const atLimit = file.readPos + fresh === limitOf(file);
    const ended = atLimit || (file.final && fresh < want);
    if (fresh === 0) return 'end';
    // A whole read of NULs: the hole may be large.
    const hole = !file.long && bytes[start] === 0 && fresh >= HOLE_BYTES && skipZeroes(bytes, start, end) === end;
    if (hole && (await skipHole(file))) return 'taken';
    let took: number;
    if (file.long) took = lines.takeLong(file, start, end, file.readPos);
    else {
      took = lines.take(file, start, end, file.readPos, ended, cutIfFull(file));
      if (took < 0) return 'changed';
      if (took === 0 && bytes[start] === 0 && skipZeroes(bytes, start, end) === end && (await skipHole(file)))
        return 'taken';
      if (took === 0 && fresh >= options.rawLineBytes) {
        if (!lines.beginLong(file, start, end, file.readPos)) return 'changed';
        took = lines.takeLong(file, start, end, file.readPos);
      }
    }
    if (took === 0) return fresh < want ? 'end' : 'short';
    file.lastReadAt = clock.monotonicMs();
    remember(file, start + took);
    file.readPos += took;
    count('bytes_read', took);
    return 'taken';
  }

  /** What is sent, held or waited for when there is nothing to read. */
  function settle(file: TailFile): void {
    const { assembly } = file;
    if (file.final) {
      if (file.long) lines.endLong(file, file.readPos);
      cutter.cutAll(file, file.readPos, tailOf(file));
    }
    if (file.readPos <= assembly.start || file.long) {
      file.heldSince = Number.POSITIVE_INFINITY;
      file.dueAt = Number.POSITIVE_INFINITY;
      return;
    }
    const now = clock.monotonicMs();
    if (file.heldSince === Number.POSITIVE_INFINITY) file.heldSince = now;
    if (now - file.heldSince < options.flushMs) {
      file.dueAt = file.heldSince + options.flushMs;
      return;
    }
    const hold = hasOpen(assembly) ? holdMs(file) : 0;
    // The last write may be older than the read of it; a clock that jumped says nothing.
    const age = clock.nowUs() / 1_000 - file.mtimeMs;
    const quiet = Math.max(now - file.lastReadAt, age < 60_000 ? age : 0);
    if (quiet >= hold) cutter.cutAll(file, file.readPos, tailOf(file));
    else cutter.cutComplete(file, file.readPos, tailOf(file));
    const waits = file.readPos > assembly.start;
    file.dueAt = waits ? now + Math.max(1, hold - quiet) : Number.POSITIVE_INFINITY;
    if (!waits) file.heldSince = Number.POSITIVE_INFINITY;
  }

  /** A line that may be the head of a trace, or has begun one, waits long; an ordinary line only as long as a batch fills. */
  function holdMs(file: TailFile): number {
    const { assembly, reading } = file;
    if (reading.holdsAll) return options.multilineMs;
    for (const open of assembly.open) {
      if (open.index < 0) continue;
      if (open.partial || open.kind !== KIND.PLAIN || open.lines > 1) return options.multilineMs;
      open.severe ??= options.severe(bytes, open.index === 0 ? 0 : bench.ends[open.index - 1], bench.ends[open.index]);
      if (open.severe) return options.multilineMs;
    }
    return Math.min(options.flushMs, options.multilineMs);
  }

  /** A generation is over: what was read of it leaves, and the next begins at 0. */
  function endGeneration(file: TailFile): void {
    if (file.resend.length > 0) count('resent_differently');
    if (file.long) lines.endLong(file, file.readPos);
    cutter.cutAll(file, file.readPos, tailOf(file));
  }

  return async function turn(file) {
    file.source ??= file.open();
    const stat = file.source.stat();
    file.size = stat.size;
    // A copy may lose its name; that says nothing of the file itself.
    if (!file.source.fixed) file.unlinked ||= stat.nlink === 0;
    file.mtimeMs = stat.mtimeMs;
    file.reading.setModified(stat.mtimeMs);
    window = { at: 0, length: 0 };
    putHeld(bench, file.assembly.held);
    file.assembly.held = null;
    try {
      // A generation that has a name had a first line once.
      if (stat.size < file.readPos || (stat.size === 0 && file.generation)) {
        endGeneration(file);
        return 'truncated';
      }
      let want = options.readBytes;
      for (let budget = options.turnBytes; budget > 0; ) {
        if (file.resend.length > 0 && file.readPos >= limitOf(file)) {
          const again = file.resend.shift()!;
          if (file.long) lines.endLong(file, file.readPos);
          cutter.cutAll(file, again.end, tailOf(file), again);
        }
        if (!options.hasRoom()) return 'more';
        const from = file.readPos;
        const result = await step(file, want);
        if (result === 'changed') {
          endGeneration(file);
          return 'truncated';
        }
        if (result === 'end') {
          if (file.resend.length > 0) {
            // It held what was sent of it, so it was cut since.
            endGeneration(file);
            return 'truncated';
          }
          settle(file);
          return 'drained';
        }
        if (result === 'short') want = Math.min(options.rawLineBytes, want * 2);
        else want = options.readBytes;
        budget -= Math.max(1, file.readPos - from);
      }
      // What would be taken off the bench and put back on it is better sent.
      if (bench.used >= options.worthBytes && file.resend.length === 0)
        cutter.cutComplete(file, file.readPos, tailOf(file));
      return 'more';
    } finally {
      file.assembly.held = takeHeld(bench);
      if (file.closed) file.assembly = newAssembly(file.readPos, file.assembly.before);
    }
  };
}
