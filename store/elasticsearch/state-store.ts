import { type Clock, systemClock } from '../../model/clock.ts';
import type { ElasticsearchConfig } from '../../model/config.ts';
import { FleetlogError, isCode } from '../../model/errors.ts';
import type { Lease, ListOptions, StateStore, Version, Versioned } from '../state-store.ts';
import type { ElasticsearchClient } from './client.ts';
import { createStateDocuments } from './state-documents.ts';
import { ensureStateIndex } from './state-index.ts';
import { createStateLeases } from './state-leases.ts';

const NAME_CHARS = 512;
const DOC_BYTES = 4 << 20;
/** Tries of an unconditional write under a lease against others who write the same document. */
const TRIES = 50;

export interface StateStoreLog {
  warn(details: object, message: string): void;
}

/**
 * StateStore in the index `<prefix>-state`, shared by any number of processes. Conditions are Elasticsearch's own (sequence number and
 * primary term), reads by id are real-time. `client` stays open when the store is closed. Rejects with `unavailable` while the cluster is
 * away for longer than `timeoutMs`, `format_newer`, or `bad_config`.
 *
 * A write under a lease checks the lease between reading the document and writing it under that version: what a new holder has written,
 * or written over, an old one can no longer change.
 */
export async function createElasticsearchStateStore(options: {
  client: ElasticsearchClient;
  config: Pick<ElasticsearchConfig, 'prefix' | 'replicas' | 'timeoutMs'>;
  clock?: Clock;
  log?: StateStoreLog;
}): Promise<StateStore> {
  const { client, config, log } = options;
  const index = await ensureStateIndex(client, config);
  const documents = createStateDocuments({
    client,
    index,
    patienceMs: config.timeoutMs,
    onRetry: (error) => log?.warn({ err: error, index }, 'the state store does not answer; trying again'),
  });
  const leases = createStateLeases(documents, options.clock ?? systemClock);
  const running = new Set<Promise<unknown>>();
  let closed = false;

  /** Every call goes through here: none begins after `close`, and `close` waits for those under way. */
  async function call<T>(names: string[], work: () => Promise<T>): Promise<T> {
    if (closed) throw new FleetlogError('closed', 'cannot use the state store: it is closed');
    for (const name of names) checkName(name);
    const job = work();
    running.add(job);
    try {
      return await job;
    } finally {
      running.delete(job);
    }
  }

  /** `write` gets the version to write under: the caller's condition, else, under a lease, what was there when the lease still held. */
  async function fenced<E extends Version | null | undefined, T>(
    kind: string,
    id: string,
    expected: E,
    lease: Lease | undefined,
    write: (expected: E | Version | null) => Promise<T>,
  ): Promise<T> {
    if (!lease) return write(expected);
    if (expected !== undefined) {
      await leases.assertHeld(lease);
      return write(expected);
    }
    for (let attempt = 1; ; attempt++) {
      const found = await documents.get(kind, id);
      await leases.assertHeld(lease);
      try {
        return await write(found?.version ?? null);
      } catch (error) {
        if (!isCode(error, 'version_conflict') || attempt === TRIES) throw error;
      }
    }
  }

  return {
    get: <T>(kind: string, id: string) =>
      call([kind, id], async (): Promise<Versioned<T> | null> => {
        const found = await documents.get(kind, id);
        return found && { doc: JSON.parse(found.text) as T, version: found.version };
      }),

    put: <T>(kind: string, id: string, doc: T, expected?: Version | null, lease?: Lease) =>
      call([kind, id], async () => {
        const text = JSON.stringify(doc);
        if (text === undefined) throw new FleetlogError('bad_request', 'cannot store a document that is no JSON');
        if (Buffer.byteLength(text) > DOC_BYTES)
          throw new FleetlogError('body_too_large', `cannot store ${kind} ${id}: over ${DOC_BYTES} bytes`);
        return fenced(kind, id, expected, lease, (version) => documents.put(kind, id, text, version));
      }),

    delete: (kind, id, expected, lease) =>
      call([kind, id], () =>
        fenced(kind, id, expected, lease, async (version) => {
          // Nothing there, under a lease: nothing to delete.
          if (version !== null) await documents.delete(kind, id, version);
        }),
      ),

    list: <T>(kind: string, list: ListOptions = {}) =>
      call([kind], async () => {
        const limit = Math.min(Math.max(list.limit ?? 100, 1), 1_000);
        const prefix = list.prefix ?? '';
        const found = await documents.list(kind, { prefix, after: list.cursor, limit: limit + 1 });
        const page = found.slice(0, limit);
        const items = page.map(({ id, text, version }) => ({ id, doc: JSON.parse(text) as T, version }));
        return { items, next: found.length > limit ? page[limit - 1].id : null };
      }),

    lease: (name, ms, holder) => call([name, holder], () => leases.take(name, ms, holder)),
    release: (lease) => call([lease.name], () => leases.release(lease)),

    async close() {
      closed = true;
      await Promise.allSettled(running);
    },
  };
}

function checkName(name: string): void {
  if (name.length >= 1 && name.length <= NAME_CHARS && name.isWellFormed() && !name.includes('\0')) return;
  throw new FleetlogError('bad_request', `cannot use ${JSON.stringify(name.slice(0, 40))} as a kind or id`, {
    hint: `1 to ${NAME_CHARS} characters`,
  });
}
