import { FLAG } from '../../model/record.ts';
import { type JoinRules, KIND, STARTS } from '../parse/continuation.ts';
import type { ParsedLine } from '../parse/line-parser.ts';
import { type Assembly, drop, type OpenRecord } from './assembly.ts';
import { characterEnd, feedOversize, type Oversize, oversizeText, startOversize } from './oversize.ts';
import { insertAt, MARK, type Workbench } from './workbench.ts';

export interface AssemblerOptions {
  join: JoinRules;
  /** Docker's parts of one line carry one time; CRI stamps each part. */
  partsShareTime: boolean;
  /** Lines carry the runtime's time, so a gap of `multilineMs` between them ends a record. */
  stamped: boolean;
  multilineMs: number;
  multilineLines: number;
  multilineBytes: number;
  lineBytes: number;
  /** Whether the message warns or worse. */
  severe(bytes: Buffer, start: number, end: number): boolean;
}

/** Joins lines to records on the bench. All it decides depends on the bytes alone, so a re-read decides alike. */
export interface Assembler {
  /** Takes the line whose message stands at `bench.used`; its raw bytes are [offset, rawEnd). */
  add(assembly: Assembly, line: ParsedLine, offset: number, rawEnd: number): void;
  /** A line too long to hold: its head's message stands at `bench.used`. */
  addLong(assembly: Assembly, line: ParsedLine, offset: number, rawEnd: number, over: Oversize): void;
  /** Ends every open record: what follows belongs to the next batch. */
  closeAll(assembly: Assembly): void;
}

/** Raw bytes after which an open record waits no longer: the other stream may go on for long. */
const REACH = 64 << 10;

export function createAssembler(bench: Workbench, options: AssemblerOptions): Assembler {
  const { join } = options;
  const gapUs = options.multilineMs * 1_000;

  const beginOf = (index: number): number => (index === 0 ? 0 : bench.ends[index - 1]);
  const newest = (): number => (bench.count === 0 ? -1 : bench.offsets[bench.count - 1]);

  /** Puts the `length` bytes that stand at `bench.used` behind record `index`. */
  function place(assembly: Assembly, index: number, length: number, offset: number): void {
    if (index === bench.count - 1) {
      bench.used += length;
      bench.ends[index] = bench.used;
      return;
    }
    const text = Buffer.from(bench.bytes.subarray(bench.used, bench.used + length));
    text.copy(bench.bytes, insertAt(bench, index, length));
    assembly.spans.push(index, offset);
  }

  /** Bytes of the message that stands at `bench.used` and is no record's yet. */
  let waiting = 0;

  function putText(index: number, text: Uint8Array): void {
    if (waiting > 0) bench.bytes.copyWithin(bench.used + text.length, bench.used, bench.used + waiting);
    const at = insertAt(bench, index, text.length);
    bench.bytes.set(text, at);
  }

  function finishOver(open: OpenRecord): void {
    if (!open.over) return;
    putText(open.index, oversizeText(open.over));
    bench.flags[open.index] |= FLAG.TRUNCATED;
    open.over = null;
  }

  /** `cutOff`: more of the record may follow, but will not be waited for. */
  function close(assembly: Assembly, stream: number, cutOff: boolean): void {
    const open = assembly.open[stream];
    if (open.index < 0) return;
    finishOver(open);
    for (let i = 0; i < open.blanks.length; i += 2)
      drop(assembly, open.blanks[i], 'blank', open.blanks[i + 1], newest());
    if (open.blanks.length > 0) open.blanks = [];
    if (cutOff && open.kind === KIND.PEM) assembly.pem |= 1 << stream;
    open.index = -1;
  }

  /** Keeps what fits of the `length` message bytes at `bench.used` behind `have` others; hashes all of it. */
  function overflow(open: OpenRecord, have: number, length: number, cap: number): number {
    const { bytes, used } = bench;
    open.over = startOversize();
    if (have > 0) feedOversize(open.over, bytes.subarray(bench.ends[open.index] - have, bench.ends[open.index]));
    feedOversize(open.over, bytes.subarray(used, used + length));
    return characterEnd(bytes, used, used + Math.max(0, cap - have)) - used;
  }

  function appendPart(assembly: Assembly, open: OpenRecord, line: ParsedLine, offset: number, rawEnd: number): void {
    const { bytes, used } = bench;
    const i = open.index;
    const have = bench.ends[i] - beginOf(i);
    const cap = open.lines === 1 ? options.lineBytes : Math.max(options.lineBytes, options.multilineBytes);
    let kept = line.length;
    let raw = rawEnd - offset;
    if (open.over) {
      feedOversize(open.over, bytes.subarray(used, used + line.length));
      kept = 0;
    } else if (have + line.length > cap) kept = overflow(open, have, line.length, cap);
    if (kept < line.length) {
      const lost = kept === 0 ? raw : line.length - kept;
      drop(assembly, offset, 'oversize', lost, -1);
      raw -= lost;
    }
    if (kept > 0) {
      const e = bench.ends[i];
      if (kept >= 3 && have >= 3 && isReplacement(bytes, e - 3) && isReplacement(bytes, used))
        bench.flags[i] |= FLAG.MOJIBAKE;
      place(assembly, i, kept, offset);
    } else if (i !== bench.count - 1) assembly.spans.push(i, offset);
    bench.raws[i] += raw;
    open.lastEnd = rawEnd;
    open.partial = line.partial;
    waiting = 0;
    if (!line.partial) finishOver(open);
  }

  function appendLine(assembly: Assembly, open: OpenRecord, line: ParsedLine, offset: number, rawEnd: number): void {
    const { bytes } = bench;
    const i = open.index;
    if (open.lines === 1) joinNewlines(assembly, i, beginOf(i), bench.ends[i], bench.offsets[i]);
    for (let k = 0; k < open.blanks.length; k += 2) {
      pushJoin(assembly, i, open.blanks[k]);
      // The message that waits at `used` moves over by the newline put before it.
      bytes.copyWithin(bench.used + 1, bench.used, bench.used + line.length);
      bytes[insertAt(bench, i, 1)] = 10;
      bench.raws[i] += open.blanks[k + 1];
    }
    if (open.blanks.length > 0) open.blanks = [];
    pushJoin(assembly, i, offset);
    const { used } = bench;
    bytes.copyWithin(used + 1, used, used + line.length);
    bytes[used] = 10;
    joinNewlines(assembly, i, used + 1, used + 1 + line.length, offset);
    place(assembly, i, line.length + 1, offset);
    bench.raws[i] += rawEnd - offset;
    bench.flags[i] |= line.flags;
    bench.marks[i] |= MARK.JOINED;
    open.lines++;
    open.lastTime = line.time < 0 ? open.lastTime : line.time;
    open.lastEnd = rawEnd;
    open.partial = line.partial;
  }

  /** Newlines inside one raw line count as joins too, or the k-th pair would not belong to the k-th newline. */
  function joinNewlines(assembly: Assembly, index: number, from: number, to: number, offset: number): void {
    const { bytes } = bench;
    const kept = bytes[to];
    bytes[to] = 10;
    for (let at = bytes.indexOf(10, from); at < to; at = bytes.indexOf(10, at + 1)) pushJoin(assembly, index, offset);
    bytes[to] = kept;
  }

  function pushJoin(assembly: Assembly, index: number, offset: number): void {
    const { joins } = assembly;
    if (joins.length > 0 && joins[joins.length - 2] > index) assembly.joinsMixed = true;
    joins.push(index, offset - bench.offsets[index]);
  }

  function begin(
    assembly: Assembly,
    line: ParsedLine,
    offset: number,
    rawEnd: number,
    kind: number,
    mark: number,
  ): OpenRecord {
    const i = bench.count++;
    const open = assembly.open[line.stream];
    const time = line.time < 0 ? assembly.time : line.time;
    bench.times[i] = time;
    bench.offsets[i] = offset;
    bench.flags[i] = line.flags | line.stream;
    bench.raws[i] = rawEnd - offset;
    bench.marks[i] = mark;
    assembly.time = time;
    open.index = i;
    open.kind = kind;
    open.lines = 1;
    open.lastTime = time;
    open.lastEnd = rawEnd;
    open.partial = line.partial;
    open.over = null;
    open.severe = null;
    let kept = line.length;
    if (kept > options.lineBytes) {
      kept = overflow(open, 0, kept, options.lineBytes);
      drop(assembly, offset, 'oversize', line.length - kept, -1);
      bench.raws[i] -= line.length - kept;
    }
    bench.used += kept;
    bench.ends[i] = bench.used;
    waiting = 0;
    if (open.over && !line.partial) finishOver(open);
    return open;
  }

  /** The record a line may join; one closure for all lines, where each would need its own. */
  let asked: OpenRecord | null = null;
  const isSevere = (): boolean => {
    if (!asked) return false;
    asked.severe ??= options.severe(bench.bytes, beginOf(asked.index), bench.ends[asked.index]);
    return asked.severe;
  };

  /** Joins the line to the stream's open record if it belongs there. */
  function joined(assembly: Assembly, open: OpenRecord, line: ParsedLine, offset: number, rawEnd: number): number {
    const { stream } = line;
    if (offset - open.lastEnd > REACH) {
      close(assembly, stream, true);
      return STARTS;
    }
    if (open.partial) {
      if (line.flags === 0 && (!options.partsShareTime || line.time === open.lastTime)) {
        appendPart(assembly, open, line, offset, rawEnd);
        return KIND.PLAIN;
      }
      open.partial = false;
      finishOver(open);
    }
    if (options.stamped && line.time >= 0 && line.time - open.lastTime > gapUs) {
      close(assembly, stream, true);
      return STARTS;
    }
    if (line.length === 0 && !line.partial) {
      if (!join.spansBlanks(open.kind) || open.blanks.length > 16) {
        close(assembly, stream, open.kind === KIND.PEM);
        return STARTS;
      }
      open.blanks.push(offset, rawEnd - offset);
      open.lastEnd = rawEnd;
      return KIND.PLAIN;
    }
    const from = bench.used;
    asked = open;
    const kind = line.flags ? STARTS : join.join(bench.bytes, from, from + line.length, open.kind, isSevere);
    const size = bench.ends[open.index] - beginOf(open.index) + line.length + 1 + open.blanks.length / 2;
    if (kind === STARTS) close(assembly, stream, false);
    else if (open.lines + 1 + open.blanks.length / 2 > options.multilineLines || size > options.multilineBytes) {
      close(assembly, stream, true);
      const mark = open.kind === KIND.PEM ? MARK.PEM_REST : 0;
      if (mark) assembly.pem &= ~(1 << stream);
      begin(assembly, line, offset, rawEnd, kind, mark);
      return kind;
    } else {
      appendLine(assembly, open, line, offset, rawEnd);
      open.kind = kind;
    }
    return kind;
  }

  /**
   * Ends records of the other streams that this line's time leaves behind: a busy output must not hold the last line of a quiet one,
   * and with it everything after, for as long as it stays busy. Whatever their stream brings next comes later still.
   */
  function endOvertaken(assembly: Assembly, line: ParsedLine): void {
    for (let stream = 0; stream < assembly.open.length; stream++) {
      const open = assembly.open[stream];
      if (stream === line.stream || open.index < 0 || open.partial) continue;
      if (line.time - open.lastTime > gapUs) close(assembly, stream, true);
    }
  }

  function add(assembly: Assembly, line: ParsedLine, offset: number, rawEnd: number): void {
    const { stream } = line;
    const open = assembly.open[stream];
    waiting = line.length;
    if (options.stamped && line.time >= 0) endOvertaken(assembly, line);
    if (open.index >= 0 && joined(assembly, open, line, offset, rawEnd) !== STARTS) return;
    if (line.length === 0 && !line.partial) {
      drop(assembly, offset, 'blank', rawEnd - offset, newest());
      return;
    }
    const from = bench.used;
    const to = from + line.length;
    if (assembly.pem & (1 << stream)) {
      assembly.pem &= ~(1 << stream);
      const kind = join.join(bench.bytes, from, to, KIND.PEM, () => false);
      if (kind === KIND.PEM || kind === KIND.PEM_DONE) {
        begin(assembly, line, offset, rawEnd, kind, MARK.PEM_REST);
        return;
      }
    }
    begin(assembly, line, offset, rawEnd, line.flags ? KIND.PLAIN : join.begin(bench.bytes, from, to), 0);
  }

  return {
    add,
    addLong(assembly, line, offset, rawEnd, over) {
      waiting = line.length;
      close(assembly, line.stream, false);
      const kept = Math.min(line.length, options.lineBytes);
      line.length = characterEnd(bench.bytes, bench.used, bench.used + kept) - bench.used;
      const open = begin(assembly, line, offset, rawEnd, KIND.PLAIN, 0);
      const lost = rawEnd - offset - line.length;
      drop(assembly, offset, 'oversize', lost, -1);
      bench.raws[open.index] -= lost;
      open.over = over;
      if (!line.partial) finishOver(open);
    },
    closeAll(assembly) {
      waiting = 0;
      for (let stream = 0; stream < 3; stream++) close(assembly, stream, true);
    },
  };
}

/** U+FFFD at `p`. */
const isReplacement = (b: Uint8Array, p: number): boolean => b[p] === 0xef && b[p + 1] === 0xbf && b[p + 2] === 0xbd;
