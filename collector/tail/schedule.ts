import type { Clock } from '../../model/clock.ts';
import type { Outcome, Turn } from '../pipeline/turn.ts';
import { createDueHeap } from './due-heap.ts';
import type { TailFile } from './tail-file.ts';

export interface ScheduleOptions {
  turn: Turn;
  clock: Clock;
  /** How long a noticed write waits for others before it is read. */
  flushMs: number;
  hasRoom(): boolean;
  /** After each turn; sets `dueAt` where something else is due. */
  after(file: TailFile, outcome: Outcome): void | Promise<void>;
  failed(file: TailFile, error: unknown): void;
}

/** Whose turn it is: files that have something to read, round robin, one batch or so each; the rest sleeps until it is due. */
export interface Schedule {
  /** Something was written to the file. */
  notice(file: TailFile): void;
  /** It has something to do now. */
  wake(file: TailFile): void;
  /** Looks again at `file.dueAt`. */
  due(file: TailFile): void;
  /** There is room again. */
  room(): void;
  /** Files waiting for their turn. */
  waiting(): number;
  /** Finishes the turn under way and starts no other. */
  close(): Promise<void>;
}

/** Other work of the process gets the thread this often at least. */
const YIELD_MS = 8;

export function createSchedule(options: ScheduleOptions): Schedule {
  const { clock } = options;
  const queue: TailFile[] = [];
  const dues = createDueHeap<TailFile>();
  let head = 0;
  let timer: NodeJS.Timeout | null = null;
  let timerAt = Number.POSITIVE_INFINITY;
  let running: Promise<void> | null = null;
  let closed = false;

  function wake(file: TailFile): void {
    if (file.queued || file.closed || closed) return;
    file.queued = true;
    queue.push(file);
    start();
  }

  function start(): void {
    if (running || closed || !options.hasRoom()) return;
    running = run().finally(() => {
      running = null;
      if (head < queue.length && options.hasRoom()) start();
    });
  }

  async function run(): Promise<void> {
    let since = performance.now();
    while (head < queue.length && !closed && options.hasRoom()) {
      const file = queue[head++];
      if (head > 1_024 && head * 2 > queue.length) {
        queue.splice(0, head);
        head = 0;
      }
      file.queued = false;
      if (file.closed) continue;
      // What is noticed from here on may come too late for this turn.
      file.heldSince = Math.min(file.heldSince, file.noticedAt);
      file.noticedAt = Number.POSITIVE_INFINITY;
      file.atEnd = false;
      try {
        const outcome = await options.turn(file);
        file.atEnd = outcome === 'drained';
        if (outcome === 'more') wake(file);
        await options.after(file, outcome);
      } catch (error) {
        options.failed(file, error);
      }
      file.dueAt = Math.min(file.dueAt, file.noticedAt + options.flushMs);
      due(file);
      if (performance.now() - since > YIELD_MS) {
        await new Promise((resolve) => setImmediate(resolve));
        since = performance.now();
      }
    }
  }

  function due(file: TailFile): void {
    if (file.closed || file.dueAt === Number.POSITIVE_INFINITY) return;
    dues.push(file.dueAt, file);
    arm();
  }

  function arm(): void {
    const next = dues.next();
    if (closed || next >= timerAt) return;
    if (timer) clearTimeout(timer);
    timerAt = next;
    timer = setTimeout(fire, Math.max(0, Math.ceil(next - clock.monotonicMs())));
  }

  function fire(): void {
    timer = null;
    timerAt = Number.POSITIVE_INFINITY;
    const now = clock.monotonicMs();
    while (dues.next() <= now) {
      const file = dues.pop();
      if (file.dueAt <= now) {
        file.dueAt = Number.POSITIVE_INFINITY;
        wake(file);
      }
    }
    arm();
  }

  return {
    notice(file) {
      if (file.closed || file.queued) return;
      if (file.noticedAt !== Number.POSITIVE_INFINITY) return;
      file.noticedAt = clock.monotonicMs();
      if (options.flushMs === 0) {
        wake(file);
        return;
      }
      file.dueAt = Math.min(file.dueAt, file.noticedAt + options.flushMs);
      due(file);
    },
    wake,
    due,
    room: start,
    waiting: () => queue.length - head,
    async close() {
      closed = true;
      if (timer) clearTimeout(timer);
      await running;
    },
  };
}
