import { PEM_REST } from '../../model/redaction/redaction.ts';
import { type BenchKernel, createBenchKernel } from '../kernel/bench-kernel.ts';
import { AT, loadKernel } from '../kernel/load-kernel.ts';

/** Records a batch may hold. Columns of this many are 0.5 MB, and a batch of 32-byte lines still reaches `batchBytes`. */
export const MAX_RECORDS = 16_384;

export interface WorkbenchSizes {
  batchBytes: number;
  readBytes: number;
  /** Longest raw line parsed as a whole. */
  rawLineBytes: number;
  lineBytes: number;
  multilineMs: number;
  multilineLines: number;
  multilineBytes: number;
}

/**
 * The one place where lines become records: a message area that grows from the front, the bytes just read behind it, and
 * columns. A file brings what it held, works, and takes the rest away again, so memory does not grow with the number of files. One
 * ArrayBuffer, so that messages are moved natively and without views, laid out as kernel/layout.asc says.
 */
export interface Workbench {
  bytes: Buffer;
  /** Where the read area begins; messages end before it. */
  inputAt: number;
  /** Bytes the read area takes, the byte for a sentinel newline not counted. */
  inputBytes: number;
  /** Message bytes so far; message i is [ends[i-1], ends[i]). */
  used: number;
  count: number;
  times: Float64Array;
  offsets: Float64Array;
  ends: Uint32Array;
  flags: Uint8Array;
  levels: Uint8Array;
  /** Raw-file bytes of the record's lines, framing included. */
  raws: Float64Array;
  /** Bits of MARK. */
  marks: Uint8Array;
  /** Does the loops over every byte; null: TypeScript does. */
  kernel: BenchKernel | null;
  /** For the redactor. */
  findSecrets: ((used: number) => Uint32Array | null) | null;
}

/** Facts about a record that only the collector needs. */
export const MARK = {
  /** It begins inside a PEM block whose head went with the batch before. */
  PEM_REST,
  /** Lines were joined; its first line ends at the first `\n`. */
  JOINED: 2,
} as const;

/** With a compiled kernel the bench lies in a memory of its own that the kernel works in. */
export function createWorkbench(sizes: WorkbenchSizes, module: WebAssembly.Module | null = null): Workbench {
  const inputBytes = 64 + sizes.readBytes + sizes.rawLineBytes;
  const messageBytes = 3 * sizes.batchBytes + sizes.lineBytes + 2 * sizes.multilineBytes + inputBytes + (64 << 10);
  const allBytes = messageBytes + inputBytes + 8;
  const loaded = module && loadKernel(module, allBytes);
  const memory = loaded ? loaded.memory : new ArrayBuffer(AT.bytes + allBytes);
  let kernel: BenchKernel | null = null;
  if (loaded) {
    const { batchBytes, lineBytes, multilineLines, multilineBytes, multilineMs } = sizes;
    loaded.kernel.configure(messageBytes, batchBytes, lineBytes, multilineLines, multilineBytes, multilineMs * 1_000);
    kernel = createBenchKernel(loaded.kernel, memory);
  }
  return {
    bytes: Buffer.from(memory, AT.bytes, allBytes),
    inputAt: messageBytes,
    inputBytes,
    used: 0,
    count: 0,
    times: new Float64Array(memory, AT.times, MAX_RECORDS),
    offsets: new Float64Array(memory, AT.offsets, MAX_RECORDS),
    ends: new Uint32Array(memory, AT.ends, MAX_RECORDS),
    flags: new Uint8Array(memory, AT.flags, MAX_RECORDS),
    levels: new Uint8Array(memory, AT.levels, MAX_RECORDS),
    raws: new Float64Array(memory, AT.raws, MAX_RECORDS),
    marks: new Uint8Array(memory, AT.marks, MAX_RECORDS),
    kernel,
    findSecrets: kernel?.secrets ?? null,
  };
}

/** What a file takes along between turns: records not yet cut into a batch. */
export interface Held {
  count: number;
  messages: Buffer;
  times: Float64Array;
  offsets: Float64Array;
  ends: Uint32Array;
  flags: Uint8Array;
  raws: Float64Array;
  marks: Uint8Array;
}

/** Takes the records off the bench; null when there are none. */
export function takeHeld(bench: Workbench): Held | null {
  const n = bench.count;
  if (n === 0) return null;
  const held: Held = {
    count: n,
    messages: Buffer.from(bench.bytes.subarray(0, bench.used)),
    times: bench.times.slice(0, n),
    offsets: bench.offsets.slice(0, n),
    ends: bench.ends.slice(0, n),
    flags: bench.flags.slice(0, n),
    raws: bench.raws.slice(0, n),
    marks: bench.marks.slice(0, n),
  };
  clearBench(bench);
  return held;
}

export function putHeld(bench: Workbench, held: Held | null): void {
  clearBench(bench);
  if (!held) return;
  held.messages.copy(bench.bytes, 0);
  bench.times.set(held.times);
  bench.offsets.set(held.offsets);
  bench.ends.set(held.ends);
  bench.flags.set(held.flags);
  bench.raws.set(held.raws);
  bench.marks.set(held.marks);
  bench.count = held.count;
  bench.used = held.messages.length;
}

export function clearBench(bench: Workbench): void {
  bench.count = 0;
  bench.used = 0;
}

/** Drops the first `n` records and moves the rest to the front. */
export function dropFront(bench: Workbench, n: number): void {
  if (n === 0) return;
  if (n === bench.count) {
    clearBench(bench);
    return;
  }
  const cut = bench.ends[n - 1];
  const rest = bench.count - n;
  bench.bytes.copyWithin(0, cut, bench.used);
  bench.times.copyWithin(0, n, bench.count);
  bench.offsets.copyWithin(0, n, bench.count);
  bench.flags.copyWithin(0, n, bench.count);
  bench.raws.copyWithin(0, n, bench.count);
  bench.marks.copyWithin(0, n, bench.count);
  for (let i = 0; i < rest; i++) bench.ends[i] = bench.ends[n + i] - cut;
  bench.count = rest;
  bench.used -= cut;
}

/** Makes room for `length` bytes at the end of record `index` by moving what follows; gives where they go. */
export function insertAt(bench: Workbench, index: number, length: number): number {
  const at = bench.ends[index];
  if (at < bench.used) bench.bytes.copyWithin(at + length, at, bench.used);
  for (let i = index; i < bench.count; i++) bench.ends[i] += length;
  bench.used += length;
  return at;
}
