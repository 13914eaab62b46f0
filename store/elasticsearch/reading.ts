import { setTimeout as sleep } from 'node:timers/promises';
import { FleetlogError, isCode } from '../../model/errors.ts';
import type { Query } from '../../model/query/tree.ts';
import type { ElasticsearchClient, ElasticsearchRequest } from './client.ts';
import { elasticsearchReason } from './client-errors.ts';
import type { IndexNames } from './index-names.ts';
import { type Translation, translate } from './translate.ts';
import type { Clause } from './translate-text.ts';

/** Time that is left to a read, and who may stop it. */
export interface Limits {
  signal?: AbortSignal;
  /** Monotonic ms; undefined is no limit of the reader's own. */
  deadline?: number;
}

export interface Reading {
  client: ElasticsearchClient;
  names: IndexNames;
}

export function limitsOf(request: { signal?: AbortSignal; timeoutMs?: number }): Limits {
  if (request.signal?.aborted) throw new FleetlogError('cancelled');
  const deadline = request.timeoutMs === undefined ? undefined : performance.now() + request.timeoutMs;
  return { signal: request.signal, deadline };
}

/** How long a read waits for the shards of an index that has just been made; at midnight, say. */
const STARTING_MS = 10_000;
/** A cluster short of memory or threads says so at once and means this moment. */
const BUSY_TRIES = 4;
const PAUSE_MS = 50;
const BUSY_PAUSE_MS = 200;

/** Runs a read again while shards are being started, and a few times when the cluster is busy. */
export async function patiently<T>(limits: Limits, read: () => Promise<T>): Promise<T> {
  const until = Math.min(performance.now() + STARTING_MS, limits.deadline ?? Number.POSITIVE_INFINITY);
  let pause = BUSY_PAUSE_MS;
  for (let busy = 0; ; ) {
    try {
      return await read();
    } catch (error) {
      const again = shardsAreStarting(error) || (isCode(error, 'store_busy') && ++busy < BUSY_TRIES);
      if (!again || limits.signal?.aborted || performance.now() + PAUSE_MS > until) throw error;
      await sleep(busy === 0 ? PAUSE_MS : pause * (0.5 + Math.random() / 2));
      if (busy > 0) pause *= 2;
    }
  }
}

/** No copy of a shard can be asked: it is being started, or lost; which of both only time tells. */
function shardsAreStarting(error: unknown): boolean {
  const said = elasticsearchReason(error);
  return said?.status === 503 && /no_shard_available|search_phase_execution|unavailable_shards/.test(said.type);
}

/** One search over the indices of a range; rejects with `query_timeout` when the time is over. */
export async function ask<T>(
  reading: Reading,
  range: { from: number; to: number },
  body: object,
  limits: Limits,
  more: Pick<ElasticsearchRequest, 'query' | 'maxBytes'> & { pit?: boolean } = {},
): Promise<T> {
  const path = more.pit ? '/_search' : `/${reading.names.covering(range.from, range.to)}/_search`;
  const query = {
    ...(more.pit ? {} : { ignore_unavailable: true }),
    allow_partial_search_results: false,
    ...more.query,
  };
  return patiently(limits, async () => {
    const timeoutMs = limits.deadline === undefined ? undefined : Math.ceil(limits.deadline - performance.now());
    if (timeoutMs !== undefined && timeoutMs <= 0) throw timedOut();
    const { maxBytes } = more;
    const { signal } = limits;
    const request = { method: 'POST', path, query, body, repeatable: true, maxBytes, signal, timeoutMs } as const;
    return (await reading.client.request<T>(request)).body;
  });
}

export function timedOut(): FleetlogError {
  return new FleetlogError('query_timeout', 'cannot finish the query in time', {
    hint: 'shorten the time range, or name an app or env',
  });
}

/** The range and the clause as one filter: nothing is scored. */
export function within(range: { from: number; to: number }, ...clauses: Clause[]): Clause {
  const time = { range: { time: { gte: range.from, lt: range.to } } };
  return { bool: { filter: [time, ...clauses] } };
}

/** Members of a search body that a translation needs. */
export function runtimeOf(translation: Translation): object {
  return Object.keys(translation.runtime).length === 0 ? {} : { runtime_mappings: translation.runtime };
}

/** Runs a read on the exact translation, and on the wide one where the cluster refuses a prefix with too many terms. */
export async function translated<T>(query: Query, read: (translation: Translation) => Promise<T>): Promise<T> {
  try {
    return await read(translate(query));
  } catch (error) {
    if (!tooManyTerms(error)) throw error;
    return read(translate(query, true));
  }
}

function tooManyTerms(error: unknown): boolean {
  const said = elasticsearchReason(error);
  return (
    said !== null &&
    (said.status === 400 || said.status === 500) &&
    /too many (terms|clauses)|expand/i.test(said.reason)
  );
}

export function isTimeout(error: unknown): boolean {
  return isCode(error, 'query_timeout');
}

/** Stats of a read; the cluster does not count blocks. */
export function statsSince(
  started: number,
  bytesRead = 0,
): { tookMs: number; blocksRead: number; blocksTotal: number; bytesRead: number } {
  return { tookMs: performance.now() - started, blocksRead: 0, blocksTotal: 0, bytesRead };
}
