import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../model/clock.ts';
import { FleetlogError } from '../../model/errors.ts';
import type { StateStore } from '../../store/state-store.ts';
import type { Log } from '../log.ts';
import { formatTime } from '../times.ts';
import { createChainWriter, type TimedFact } from './chain.ts';
import type { AuditFact, ChainHead } from './entry.ts';
import { pruneAudit } from './prune.ts';
import { createSegments, type Segments } from './segments.ts';

/** Entries of one write. With the largest query text each they stay far below the 4 MiB of a document. */
const BATCH_ENTRIES = 200;
const BATCH_CHARS = 512 << 10;
/** Entries waiting for a store that does not answer; then whatever would add one is refused, so that nothing is done unseen. */
const MOST_WAITING = 10_000;
/** One entry's detail. A query is 16 Ki characters at most. */
const DETAIL_CHARS = 64 << 10;
const RETRY_MS = 1_000;
/** How long closing waits for a store that does not answer. */
const CLOSE_MS = 10_000;
const PRUNE_MS = 3600e3;
const FIRST_PRUNE_MS = 60_000;
const DAY_US = 86_400e6;

export interface AuditLog {
  /** Takes a fact down in memory; it is durable within `flushMs`. Never throws. */
  note(fact: AuditFact): void;
  /** Resolves when the fact is durable; at the latest after `waitMs`, when the store does not answer and the fact still waits. */
  write(fact: AuditFact, waitMs?: number): Promise<void>;
  /** Throws `unavailable` while too much waits for the store: then nothing that would have to be taken down may happen. */
  assertRoom(): void;
  /** Resolves when everything handed over before is durable. */
  flush(): Promise<void>;
  /** Removes what is older than the configured days; one node at a time does. */
  prune(): Promise<void>;
  waiting(): number;
  readonly segments: Segments;
  /** Writes what waits, as far as the store takes it. */
  close(): Promise<void>;
}

export function createAuditLog(options: {
  state: StateStore;
  clock: Clock;
  log: Log;
  days: number;
  flushMs: number;
}): AuditLog {
  const { state, clock, log } = options;
  const writer = randomUUID();
  const segments = createSegments(state);
  const chain = createChainWriter(segments, writer);
  /** What is written next, and the batch that is being written (again and again, under the same number, until it is in). */
  let queue: TimedFact[] = [];
  let batch: { number: number; facts: TimedFact[] } | null = null;
  let batches = 0;
  let taken = 0;
  let durable = 0;
  let head: ChainHead | null = null;
  let running: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  let failing = false;
  const landed = new Set<{ at: number; done: () => void }>();

  const pruneQuietly = (): void => {
    prune().catch((error: unknown) => log.warn({ err: error }, 'cannot remove old entries of the audit log'));
  };
  const pruning = setInterval(pruneQuietly, PRUNE_MS);
  pruning.unref();
  // Also for processes that never run for an hour.
  const firstPruning = setTimeout(pruneQuietly, FIRST_PRUNE_MS);
  firstPruning.unref();

  function note(fact: AuditFact): void {
    queue.push({ ...fact, detail: bounded(fact.detail), time: formatTime(clock.nowUs()) });
    taken++;
    schedule(options.flushMs);
  }

  function schedule(ms: number): void {
    if (timer || running || closed) return;
    timer = setTimeout(() => {
      timer = null;
      void run();
    }, ms);
  }

  /** Writes batch after batch until nothing waits or the store refuses. Never rejects. */
  function run(): Promise<void> {
    if (timer) clearTimeout(timer);
    timer = null;
    running ??= drain().finally(() => {
      running = null;
      if (queue.length > 0 || batch) schedule(failing ? RETRY_MS : 0);
    });
    return running;
  }

  async function drain(): Promise<void> {
    while (batch || queue.length > 0) {
      batch ??= { number: ++batches, facts: cut() };
      try {
        head = await chain.append(batch.facts, batch.number);
      } catch (error) {
        if (!failing) log.error({ err: error, waiting: taken - durable }, 'cannot write the audit log; trying again');
        failing = true;
        return;
      }
      failing = false;
      durable += batch.facts.length;
      batch = null;
      for (const one of landed) if (one.at <= durable) one.done();
    }
    // How far the chain reaches, kept apart from it: what is cut off its end is missed.
    if (head)
      await segments
        .setTip(head)
        .catch((error: unknown) => log.warn({ err: error }, 'cannot note the end of the audit log'));
  }

  function cut(): TimedFact[] {
    let chars = 0;
    let count = 0;
    while (count < queue.length && count < BATCH_ENTRIES && (count === 0 || chars < BATCH_CHARS))
      chars += JSON.stringify(queue[count++]).length;
    const facts = queue.slice(0, count);
    queue = queue.slice(count);
    return facts;
  }

  function until(at: number, ms: number): Promise<void> {
    if (durable >= at) return Promise.resolve();
    return new Promise((resolve) => {
      const one = {
        at,
        done: () => {
          clearTimeout(limit);
          landed.delete(one);
          resolve();
        },
      };
      const limit = setTimeout(one.done, ms);
      landed.add(one);
    });
  }

  async function flush(): Promise<void> {
    const at = taken;
    while (durable < at) {
      await run();
      if (failing) throw new FleetlogError('unavailable', 'cannot write the audit log');
    }
  }

  const prune = (): Promise<void> =>
    pruneAudit({
      state,
      segments,
      holder: writer,
      before: formatTime(clock.nowUs() - options.days * DAY_US),
      now: formatTime(clock.nowUs()),
      attest: async (fact) => {
        note(fact);
        await flush();
      },
    });

  return {
    note,
    async write(fact, waitMs = 5_000) {
      note(fact);
      const at = taken;
      void run();
      await until(at, waitMs);
    },
    assertRoom() {
      if (taken - durable < MOST_WAITING) return;
      throw new FleetlogError('unavailable', 'cannot go on: the audit log cannot be written', {
        hint: 'the state store does not take its entries; see the log of this process',
      });
    },
    flush,
    prune,
    waiting: () => taken - durable,
    segments,
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(pruning);
      clearTimeout(firstPruning);
      if (timer) clearTimeout(timer);
      for (const end = clock.monotonicMs() + CLOSE_MS; ; await delay(RETRY_MS / 4)) {
        try {
          await flush();
          break;
        } catch (error) {
          if (clock.monotonicMs() < end) continue;
          log.error({ err: error, lost: taken - durable }, 'cannot write the last entries of the audit log');
          break;
        }
      }
      if (head) log.info({ seq: head.seq, hash: head.hash }, 'audit log ends at');
    },
  };
}

function bounded(detail: Record<string, unknown>): Record<string, unknown> {
  const { length } = JSON.stringify(detail);
  return length <= DETAIL_CHARS ? detail : { omitted: `${length} characters` };
}
