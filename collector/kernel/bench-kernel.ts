import { KIND } from '../parse/continuation.ts';
import type { Assembly, OpenRecord } from '../pipeline/assembly.ts';
import type { Workbench } from '../pipeline/workbench.ts';
import { AT, CANDIDATE_LIMIT, type KernelExports } from './load-kernel.ts';

/** Work on a bench that lies in a kernel's memory. What comes of it is what the TypeScript of parse/, pipeline/ and model/ gives, byte by byte. */
export interface BenchKernel {
  /**
   * Takes ordinary whole lines of docker's json-file from `bench.bytes[start, end)`, whose first byte is at raw offset `base`;
   * `bytes[end]` holds a newline. Stops when the bench is full or a line is not ordinary; gives how many bytes it took.
   */
  take(bench: Workbench, assembly: Assembly, start: number, end: number, base: number): number;
  /** Levels of the first `n` records; true when some are UNSURE. */
  levels(n: number): boolean;
  /** Places in the first `used` bytes where a secret may begin, or null when they are too many to list. */
  secrets(used: number): Uint32Array | null;
}

/** In `bench.levels` after `levels`: the model must look. */
export const UNSURE = 254;
/** Docker knows two streams. */
const STREAMS = 2;
const STATE = { SIMPLE: 0, PARTIAL: 1, COMPLEX: 2 } as const;

const stateOf = (open: OpenRecord): number => {
  if (open.partial) return STATE.PARTIAL;
  const plain = !open.over && open.blanks.length === 0 && open.kind !== KIND.PEM && open.kind !== KIND.PEM_DONE;
  return plain ? STATE.SIMPLE : STATE.COMPLEX;
};

export function createBenchKernel(kernel: KernelExports, memory: ArrayBuffer): BenchKernel {
  /** base, used, count, time, joins. */
  const numbers = new Float64Array(memory, AT.base, 5);
  /** Per stream 32 bytes: index, kind, lines, state; time and end of the last line. */
  const ints = new Int32Array(memory, AT.streams, STREAMS * 8);
  const floats = new Float64Array(memory, AT.streams, STREAMS * 4);
  const candidates = new Uint32Array(memory, AT.candidates, CANDIDATE_LIMIT);
  const joins = new Float64Array(memory, AT.joins);

  function lend(open: OpenRecord, stream: number): void {
    ints[stream * 8] = open.index;
    if (open.index < 0) return;
    ints[stream * 8 + 1] = open.kind;
    ints[stream * 8 + 2] = open.lines;
    ints[stream * 8 + 3] = stateOf(open);
    floats[stream * 4 + 2] = open.lastTime;
    floats[stream * 4 + 3] = open.lastEnd;
  }

  /** `count` records were there before: what has a later index is another record than before. */
  function takeBack(open: OpenRecord, stream: number, count: number): void {
    const index = ints[stream * 8];
    open.index = index;
    if (index < 0) return;
    open.kind = ints[stream * 8 + 1];
    open.lines = ints[stream * 8 + 2];
    open.lastTime = floats[stream * 4 + 2];
    open.lastEnd = floats[stream * 4 + 3];
    if (index < count) return;
    open.partial = false;
    open.over = null;
    open.severe = null;
    if (open.blanks.length > 0) open.blanks = [];
  }

  return {
    take(bench, assembly, start, end, base) {
      const { open } = assembly;
      if (assembly.pem !== 0 || open[STREAMS].index >= 0) return 0;
      const { count } = bench;
      numbers[0] = base;
      numbers[1] = bench.used;
      numbers[2] = count;
      numbers[3] = assembly.time;
      for (let stream = 0; stream < STREAMS; stream++) lend(open[stream], stream);
      const taken = kernel.take(AT.bytes + start, AT.bytes + end) - AT.bytes - start;
      if (taken === 0) return 0;
      bench.used = numbers[1];
      bench.count = numbers[2];
      assembly.time = numbers[3];
      for (let stream = 0; stream < STREAMS; stream++) takeBack(open[stream], stream, count);
      for (let i = 0; i < 2 * numbers[4]; i += 2) assembly.joins.push(joins[i], joins[i + 1]);
      return taken;
    },
    levels: (n) => kernel.readLevels(n) > 0,
    secrets(used) {
      const n = kernel.findSecrets(used);
      return n > CANDIDATE_LIMIT ? null : candidates.subarray(0, n);
    },
  };
}
