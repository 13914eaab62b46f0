import { setImmediate as nextTurn } from 'node:timers/promises';
import { encodeRecordId } from '../../model/position.ts';
import type { Query } from '../../model/query/tree.ts';
import type { LogRecord } from '../../model/record.ts';
import type { LogStore } from '../../store/log-store.ts';
import { apiRecord } from '../records.ts';
import type { EventStream } from './event-stream.ts';

/** Records sent between two turns of the event loop. */
const PIECE = 50;
/** Lines of hosts whose clocks run ahead belong to a tail too. µs. */
const AHEAD = 86_400e6;
/** Ids remembered of what was sent: only what is stored while the history is read can arrive again. */
const IDS = 100_000;
/** Looking for the newest lines of a rare query ends here; the live ones matter more. */
const NEWEST_MS = 3_000;

export interface HistoryRequest {
  store: LogStore;
  query: Query;
  stream: EventStream;
  signal: AbortSignal;
  nowUs: number;
}

/**
 * Both send without ids, so that whoever is cut off in the middle asks for all of it again, and resolve with the ids of the
 * records sent, which may also arrive live.
 */
export async function sendNewest(request: HistoryRequest, limit: number): Promise<Set<string>> {
  const { store, query, signal, nowUs } = request;
  const to = nowUs + AHEAD;
  const found = await store.search({ query, from: 0, to, order: 'desc', limit, signal, timeoutMs: NEWEST_MS });
  const ids = new Set<string>();
  await send(found.records.reverse(), request, ids);
  return ids;
}

export async function sendSince(request: HistoryRequest, from: number): Promise<Set<string>> {
  const { store, query, signal, nowUs } = request;
  const ids = new Set<string>();
  for await (const records of store.scan({ query, from, to: Math.max(nowUs, from) + AHEAD, order: 'asc', signal }))
    await send(records, request, ids);
  return ids;
}

async function send(records: LogRecord[], { stream, signal }: HistoryRequest, ids: Set<string>): Promise<void> {
  for (let i = 0; i < records.length; i++) {
    // What was asked for is not to be skipped because it comes fast.
    await stream.room();
    const id = encodeRecordId(records[i]);
    ids.add(id);
    if (ids.size > IDS) ids.delete(ids.values().next().value!);
    stream.record('', JSON.stringify(apiRecord(records[i])), records[i].time);
    if (i % PIECE === PIECE - 1) {
      await nextTurn();
      signal.throwIfAborted();
    }
  }
}
