import { setTimeout as sleep } from 'node:timers/promises';
import { FleetlogError } from '../../model/errors.ts';
import type { ElasticsearchClient } from './client.ts';
import type { IndexNames } from './index-names.ts';

/** Names in one address; more are refreshed as all. */
const MOST_NAMED = 30;
const PAUSE_MS = 250;

/** Makes written documents searchable, at most once in `refreshMs` for all that wait. */
export interface Refresher {
  /** Resolves when a refresh that began after this call is done; rejects when the cluster cannot for `timeoutMs`. */
  visible(indices: Iterable<string>): Promise<void>;
  close(): void;
  telemetry: { refreshes: number };
}

export function createRefresher(options: {
  client: ElasticsearchClient;
  names: IndexNames;
  refreshMs: number;
  timeoutMs: number;
}): Refresher {
  const { client, names, refreshMs, timeoutMs } = options;
  const stop = new AbortController();
  const telemetry = { refreshes: 0 };
  let indices = new Set<string>();
  let next: Promise<void> | null = null;
  let last = Number.NEGATIVE_INFINITY;
  let turn: Promise<unknown> = Promise.resolve();

  async function refresh(): Promise<void> {
    const wait = last + refreshMs - performance.now();
    if (wait > 0) await sleep(wait, undefined, { signal: stop.signal }).catch(() => undefined);
    // Whoever comes from now on waits for the one after this.
    const these = indices;
    indices = new Set();
    next = null;
    last = performance.now();
    const since = last;
    for (;;) {
      if (stop.signal.aborted) throw new FleetlogError('closed', 'cannot take lines: the store is closed');
      try {
        telemetry.refreshes++;
        const path = `/${these.size > MOST_NAMED ? names.all : [...these].join(',')}/_refresh`;
        const query = { ignore_unavailable: true, filter_path: '_shards.failed' };
        const { body } = await client.request<{ _shards: { failed: number } }>({
          method: 'POST',
          path,
          query,
          repeatable: true,
        });
        if (body._shards.failed === 0) return;
        if (performance.now() - since > timeoutMs) throw new FleetlogError('unavailable', 'cannot refresh every shard');
      } catch (error) {
        if (performance.now() - since > timeoutMs) throw error;
      }
      await sleep(PAUSE_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  }

  return {
    visible(of) {
      for (const index of of) indices.add(index);
      if (!next) {
        next = turn.then(refresh);
        turn = next.catch(() => undefined);
      }
      return next;
    },
    close: () => stop.abort(),
    telemetry,
  };
}
