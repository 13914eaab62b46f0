import type { DropReason } from '../../model/batch.ts';
import type { Clock } from '../../model/clock.ts';
import type { Redactor } from '../../model/redaction/redaction.ts';
import { encodeBatch } from '../../transport/batch-codec.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Intent } from '../checkpoint/file-state.ts';
import { TAIL_BYTES, type TailFile } from '../tail/tail-file.ts';
import type { Assembler } from './assembler.ts';
import { cleanCut, dropSealed, seal } from './seal.ts';
import type { Sender } from './sender.ts';
import type { Workbench } from './workbench.ts';

export interface CutterOptions {
  bench: Workbench;
  sender: Sender;
  checkpoint: Pick<Checkpoint, 'put'>;
  redactor: Redactor;
  clock: Clock;
  batchBytes: number;
  level(bytes: Buffer, start: number, end: number): number;
  count: (name: string, by?: number) => void;
}

/** Cuts batches off the bench and sends them. `bytesAt` gives the raw bytes before an offset, for the checkpoint's tail. */
export interface Cutter {
  /** Sends what is complete when a batch is full; `lineEnd` is the raw offset behind the last line taken. */
  cutFull(file: TailFile, lineEnd: number, tailOf: TailOf): void;
  /** Sends what is complete, whatever its size. */
  cutComplete(file: TailFile, lineEnd: number, tailOf: TailOf): void;
  /** Ends open records and sends everything up to `lineEnd`. */
  cutAll(file: TailFile, lineEnd: number, tailOf: TailOf, again?: Intent): void;
}

/** Up to 64 raw bytes before an offset, or an empty buffer when they cannot be had. */
export type TailOf = (offset: number) => Buffer;

export function createCutter(options: CutterOptions): Cutter {
  const { bench, clock, count } = options;

  function cut(file: TailFile, n: number, end: number, tailOf: TailOf, again?: Intent): void {
    const { assembly, generation } = file;
    const at = again?.at ?? clock.nowUs();
    const since = n > 0 ? bench.times[0] : clock.nowUs();
    const newest = n > 0 ? Math.max(bench.times[0], bench.times[n - 1]) : 0;
    const sealed = seal(bench, assembly, n, end, {
      source: file.reading.source,
      fid: file.state.fid,
      gen: generation?.gen ?? 0,
      collectedAt: at,
      filter: file.reading.filter,
      redactor: options.redactor,
      level: options.level,
    });
    const { batch } = sealed;
    const encoded = encodeBatch(batch);
    const crc = encoded.readUInt32LE(12);
    if (again && again.crc !== crc) count('resent_differently');
    if (again) count('batches_resent');
    file.sentLines += batch.count;
    file.lastLineAt = Math.max(file.lastLineAt, newest);
    for (const [reason, bytes] of Object.entries(batch.dropped) as [DropReason, number][]) {
      file.sentDropped[reason] = (file.sentDropped[reason] ?? 0) + bytes;
      count(`dropped_bytes:${reason}`, bytes);
    }
    count('lines', batch.count);
    count('message_bytes', batch.messages.length);
    // The generation must be known before anything of it leaves, or a restart could name it differently.
    if (batch.start === 0) options.checkpoint.put(file.state);
    const intent: Intent = { gen: batch.gen, start: batch.start, end, n: batch.count, crc, at };
    options.sender.send(
      file,
      encoded,
      intent,
      {
        gen: batch.gen,
        offset: end,
        tail: tailOf(end).subarray(-TAIL_BYTES).toString('base64'),
        context: sealed.after,
        past: file.pastRead,
        lines: file.sentLines,
        dropped: { ...file.sentDropped },
        lastLineAt: file.lastLineAt,
      },
      since,
      again !== undefined,
    );
    dropSealed(bench, assembly, sealed);
  }

  function cutAll(file: TailFile, lineEnd: number, tailOf: TailOf, again?: Intent): void {
    const assembler: Assembler = file.reading.assembler;
    assembler.closeAll(file.assembly);
    if (lineEnd > file.assembly.start) cut(file, bench.count, lineEnd, tailOf, again);
  }

  return {
    cutFull(file, lineEnd, tailOf) {
      const n = cleanCut(bench, file.assembly);
      // A cut that leaves most of it behind is not worth a batch, unless the bench itself fills up.
      if (n > 0 && (bench.ends[n - 1] >= bench.used / 2 || n >= bench.count / 2)) {
        cut(file, n, n === bench.count ? lineEnd : bench.offsets[n], tailOf);
      } else if (bench.used >= 2 * options.batchBytes || bench.count >= bench.times.length - 4)
        cutAll(file, lineEnd, tailOf);
    },
    cutComplete(file, lineEnd, tailOf) {
      const n = cleanCut(bench, file.assembly);
      if (n === bench.count) cutAll(file, lineEnd, tailOf);
      else if (n > 0) cut(file, n, bench.offsets[n], tailOf);
    },
    cutAll,
  };
}
