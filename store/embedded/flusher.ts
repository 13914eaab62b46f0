import { unlink } from 'node:fs/promises';
import { FleetlogError } from '../../model/errors.ts';
import { sourceKey } from '../../model/source.ts';
import type { Catalog } from './catalog.ts';
import type { ChunkPool, Head } from './head.ts';
import type { ScanPool } from './scan-pool.ts';
import type { SourceTable } from './source-table.ts';
import type { Writer } from './writer.ts';

/** First and longest pause (ms) before a failed flush is tried again. */
const RETRY_MS = { first: 500, most: 30_000 };

export interface Flusher {
  /** Takes a sealed head whose frames are all durable. */
  add(head: Head): void;
  /** Resolves when nothing waits; rejects with the error when a flush fails. */
  idle(): Promise<void>;
  /** The last failure, until a flush succeeds. */
  failure(): FleetlogError | null;
  /** Tries again now. */
  retry(): void;
  close(): void;
  telemetry: { flushes: number; failures: number; seconds: number };
}

export interface FlusherOptions {
  dir: string;
  blockBytes: number;
  catalog: Catalog;
  sources: SourceTable;
  chunks: ChunkPool;
  writer: Writer;
  scans: ScanPool;
  /** A head became segments, or failed to. */
  onChange(): void;
  onError(error: unknown): void;
}

/** Turns sealed heads into segments, one after the other, in the writer thread. */
export function createFlusher(options: FlusherOptions): Flusher {
  const { catalog, sources, writer } = options;
  const queue: Head[] = [];
  let running = false;
  let failure: FleetlogError | null = null;
  let pause: NodeJS.Timeout | null = null;
  let pauseMs = RETRY_MS.first;
  let waiting: { resolve(): void; reject(error: unknown): void }[] = [];
  const telemetry = { flushes: 0, failures: 0, seconds: 0 };

  function settle(): void {
    const done = waiting;
    waiting = [];
    for (const { resolve, reject } of done) {
      if (failure) reject(failure);
      else resolve();
    }
  }

  async function run(): Promise<void> {
    if (running) return;
    running = true;
    while (queue.length > 0) {
      const started = performance.now();
      try {
        await write(queue[0]);
        queue.shift();
        failure = null;
        pauseMs = RETRY_MS.first;
        telemetry.flushes++;
      } catch (cause) {
        telemetry.failures++;
        failure = flushError(cause);
        options.onError(failure);
        pause = setTimeout(retry, pauseMs);
        pause.unref();
        pauseMs = Math.min(RETRY_MS.most, pauseMs * 2);
        break;
      } finally {
        telemetry.seconds += (performance.now() - started) / 1_000;
        options.onChange();
      }
    }
    running = false;
    settle();
  }

  async function write(head: Head): Promise<void> {
    const named = new Map(
      [...head.sources].map((number) => {
        const { source, class: retention } = sources.byNumber(number)!;
        return [number, { key: sourceKey(source), source, class: retention.name }];
      }),
    );
    const chunks = head.chunks.map(({ shared, visible }) => ({ shared, bytes: visible }));
    const job = { dir: options.dir, blockBytes: options.blockBytes, chunks, sources: named };
    const { rows } = await writer.call({ type: 'flush', job, marks: [...head.marks.values()] });
    // From here on readers find the records in the segments and no longer in the head.
    for (const row of rows!) catalog.segments.set(row.id, row);
    catalog.heads.splice(catalog.heads.indexOf(head), 1);
    catalog.afterReads(() => {
      options.scans.forget({ chunks: head.chunks.map(({ id }) => id) });
      for (const chunk of head.chunks) options.chunks.give(chunk);
    });
    for (const path of head.logs) await unlink(path).catch(options.onError);
  }

  function retry(): void {
    if (pause) clearTimeout(pause);
    pause = null;
    if (queue.length > 0) void run();
  }

  return {
    add(head) {
      queue.push(head);
      if (!pause) void run();
    },
    idle() {
      if (queue.length === 0 && !running) return Promise.resolve();
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        retry();
      });
    },
    failure: () => failure,
    retry,
    close() {
      if (pause) clearTimeout(pause);
    },
    telemetry,
  };
}

function flushError(cause: unknown): FleetlogError {
  const code = (cause as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new FleetlogError('store_full', 'cannot write a segment: the disk is full', {
      cause,
      hint: 'free disk space, or lower retention.bytes; collectors wait and lose nothing',
    });
  return new FleetlogError('unavailable', 'cannot write a segment', {
    cause,
    hint: 'look at the disk that holds dataDir; collectors wait and lose nothing',
  });
}
