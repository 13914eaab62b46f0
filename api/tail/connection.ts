import type { ServerResponse } from 'node:http';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { FleetlogError } from '../../model/errors.ts';
import { encodeRecordId } from '../../model/position.ts';
import type { Query } from '../../model/query/tree.ts';
import type { Principal } from '../auth/principal.ts';
import type { ApiContext } from '../context.ts';
import type { TailEnd } from '../contract.ts';
import { formatMaybe } from '../times.ts';
import type { Arrival, Arrivals } from './arrivals.ts';
import { createEventStream } from './event-stream.ts';
import { sendNewest, sendSince } from './history.ts';
import { encodePosition, type TailPosition } from './position.ts';
import type { TailPump } from './pump.ts';
import { createTailReader } from './reader.ts';

const TICK_MS = 1_000;
/** How long a tail that opens in the first moments of a process waits for the bus; with the brokers away it shows what is stored. */
const READY_MS = 5_000;
/** Ticks between heartbeats; each also looks at the caller's rights again. */
const HEARTBEAT_TICKS = 15;

export interface TailParts {
  context: ApiContext;
  arrivals: Arrivals;
  pump: TailPump;
  /** A time from which a search would find whatever a tail has not been given yet, µs. */
  floor: () => number;
}

export interface TailRequest {
  raw: ServerResponse;
  signal: AbortSignal;
  principal: Principal;
  /** The tree for a principal: asked again when rights change. */
  treeFor(principal: Principal): Query;
  /** Who is there now, or null. */
  recheck(): Promise<Principal | null>;
  resume: TailPosition | null;
  last: number;
}

/** Serves one tail until the client goes, the rights go, or `end` is called. */
export function startTail(
  parts: TailParts,
  request: TailRequest,
): { end(reason: TailEnd['reason']): void; rows(): number } {
  const { context, arrivals, pump } = parts;
  const { raw, signal } = request;
  const { config, clock, store, telemetry, log } = context;
  let principal = request.principal;
  let tree = request.treeFor(principal);
  /** Records the history gave that may also arrive; null once none can. */
  let alreadySent: { ids: Set<string>; until: number } | null = null;
  let due: { completeTo: number | null } | null = null;
  let ticks = 0;
  let rows = 0;

  const inner = createEventStream(raw, { rows: config.query.tailBufferRows }, (skipped) =>
    telemetry.tailSkipped(skipped.reason, skipped.count),
  );
  const stream: typeof inner = {
    ...inner,
    record(...sent) {
      rows++;
      inner.record(...sent);
    },
  };
  const known = request.resume !== null && isKept(request.resume);
  const start = known ? { seq: request.resume!.seq, index: request.resume!.index } : { seq: arrivals.head(), index: 0 };
  const idAfter = (seq: number, index: number): string =>
    encodePosition({ epoch: arrivals.epoch, seq, index, floor: parts.floor() });

  const reader = createTailReader(arrivals, start, tree, {
    match(seq, index, arrival) {
      if (alreadySent && isSent(seq, index, arrival)) return;
      telemetry.tailed(1);
      stream.record(idAfter(seq, index + 1), arrival.json(index), arrival.batch.times[index]);
    },
    missed: (seq, count, from, to) => stream.skip(idAfter(seq + 1, 0), 'busy', count, from, to),
  });

  function isKept(position: TailPosition): boolean {
    const { epoch, seq } = position;
    return epoch === arrivals.epoch && seq >= arrivals.oldest() && seq <= arrivals.head();
  }

  function isSent(seq: number, index: number, arrival: Arrival): boolean {
    if (seq >= alreadySent!.until) {
      alreadySent = null;
      return false;
    }
    return alreadySent!.ids.has(encodeRecordId(arrival.view(index)));
  }

  /** What is to be sent before what arrives. Everything with a smaller number than the reader's is in the store by now. */
  async function history(): Promise<void> {
    const { resume, last } = request;
    if (known || (!resume && last === 0)) return;
    // What is stored between the search and the first arrival seen would be in neither.
    await Promise.race([arrivals.ready(), pauseFor(READY_MS)]);
    const asked = { store, query: tree, stream, signal, nowUs: clock.nowUs() };
    const ids = await context.gate.run(principal.id, signal, () =>
      resume ? sendSince(asked, resume.floor) : sendNewest(asked, Math.min(last, config.query.maxRows)),
    );
    alreadySent = { ids, until: arrivals.head() };
  }

  async function recheck(): Promise<void> {
    const now = await request.recheck();
    if (signal.aborted) return;
    if (!now) return end('revoked');
    if (JSON.stringify([now.scopes, now.within]) === JSON.stringify([principal.scopes, principal.within])) return;
    principal = now;
    tree = request.treeFor(now);
    reader.use(tree);
  }

  async function tick(): Promise<void> {
    ticks++;
    const position = reader.position();
    const caughtUp = stream.idle() && position.seq === arrivals.head();
    // One tick old: what it speaks of has arrived by now, while a status may be known a moment before the lines it follows.
    if (due && caughtUp)
      stream.event('watermark', { completeTo: formatMaybe(due.completeTo) }, idAfter(position.seq, 0));
    if (ticks % HEARTBEAT_TICKS === 0) {
      stream.comment();
      await recheck();
    }
    const now = clock.nowUs();
    due = await context.watermark.completeness(tree, principal, { from: now - 1, to: now });
  }

  const guarded = (work: () => Promise<void>) => (): void => {
    work().catch((error: unknown) => {
      if (signal.aborted) return;
      log.error({ err: error, who: principal.id }, 'cannot go on with a tail');
      // A broken connection makes the client come back with its last id.
      raw.destroy();
    });
  };

  let leave = (): void => undefined;
  const timer = setInterval(guarded(tick), TICK_MS);
  const stopListening = context.changes.listen(guarded(recheck));
  const stop = (): void => {
    clearInterval(timer);
    stopListening();
    leave();
  };
  raw.once('close', stop);

  function end(reason: TailEnd['reason']): void {
    if (raw.writableEnded) return;
    stream.event('end', { reason } satisfies TailEnd, null);
    stop();
    stream.end();
  }

  // Before the history is searched, so that what arrives meanwhile is kept.
  let waiting = true;
  leave = pump.add({ ...reader, step: (deadline) => !waiting && !raw.writableEnded && reader.step(deadline) });
  guarded(async () => {
    await history();
    waiting = false;
    const { seq, index } = reader.position();
    stream.event('watermark', { completeTo: null }, idAfter(seq, index));
    pump.wake();
  })();
  return { end, rows: () => rows };
}

export function tooManyTails(open: number): FleetlogError {
  return new FleetlogError('too_many_requests', `cannot open a tail: ${open} are open`, {
    hint: 'close one that nobody watches (query.maxTails)',
  });
}
