import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { FleetlogError, isCode } from '../../model/errors.ts';
import type { Version } from '../state-store.ts';
import type { ElasticsearchClient, ElasticsearchRequest, ElasticsearchResponse } from './client.ts';

/** Between tries while the cluster refuses or is away: doubled up to the second, each with jitter. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;
/**
 * A version is the shard's primary term and the sequence number of the write, in one number: it grows with each write, also past a
 * deletion and when another copy of the shard takes over. 2^38 writes and 2^15 terms fit what a double holds exactly.
 */
const SEQ_NUMBERS = 2 ** 38;
/** The part of a list that one search fetches, so that a page of large documents is no answer of gigabytes. */
const HITS_A_SEARCH = 200;

export interface StoredDocument {
  text: string;
  version: Version;
  /** Which call wrote it. */
  write: string;
}

/** Single documents of one index, each write conditional or not. Outages and refusals for load are ridden out up to `patienceMs`. */
export interface StateDocuments {
  get(kind: string, id: string): Promise<StoredDocument | null>;
  /**
   * `expected`: undefined, null or a version, as in StateStore. Rejects with `version_conflict` when it was not written, and with
   * `unavailable` when an answer was lost and somebody else has written since, so that nobody can tell.
   */
  put(kind: string, id: string, text: string, expected: Version | null | undefined): Promise<Version>;
  delete(kind: string, id: string, expected: Version | undefined): Promise<void>;
  /** In order of id; `after` exclusive. The first page, and whatever follows a write of ours, sees all that was written before. */
  list(
    kind: string,
    options: { prefix: string; after: string | undefined; limit: number },
  ): Promise<(StoredDocument & { id: string })[]>;
}

interface Hit {
  _source: { id: string; doc: string; write: string };
  _seq_no: number;
  _primary_term: number;
}

export function createStateDocuments(options: {
  client: ElasticsearchClient;
  index: string;
  patienceMs: number;
  onRetry(error: unknown): void;
}): StateDocuments {
  const { client, index } = options;
  let dirty = true;

  /** Sends until it is answered; says whether an earlier try may have been carried out without our hearing of it. */
  async function send<T>(request: ElasticsearchRequest): Promise<ElasticsearchResponse<T> & { isUnsure: boolean }> {
    const end = performance.now() + options.patienceMs;
    let isUnsure = false;
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      try {
        return { ...(await client.request<T>(request)), isUnsure };
      } catch (error) {
        const isBusy = isCode(error, 'store_busy');
        if ((!isBusy && !isCode(error, 'unavailable')) || performance.now() + wait > end) throw outage(error);
        isUnsure ||= !isBusy;
        options.onRetry(error);
        await delay(wait * (0.5 + Math.random()));
      }
    }
  }

  async function get(kind: string, id: string): Promise<StoredDocument | null> {
    const { status, body } = await send<Hit & { error?: unknown; found?: boolean }>({
      method: 'GET',
      path: `/${index}/_doc/${documentId(kind, id)}`,
      statuses: [404],
      repeatable: true,
    });
    // A missing index is not an empty one: whoever finds no users would make a first one.
    if (status === 404 && body.error !== undefined) {
      throw new FleetlogError('unavailable', `cannot read index ${index}: it is gone`, {
        hint: 'restore it from a snapshot, or restart to begin with an empty one',
      });
    }
    return status === 404 ? null : stored(body);
  }

  return {
    get,

    async put(kind, id, text, expected) {
      const condition = expected === undefined || expected === null ? {} : conditionOf(expected, kind, id);
      const write = randomUUID();
      dirty = true;
      const answer = await send<{ _seq_no: number; _primary_term: number }>({
        method: 'PUT',
        path: `/${index}/${expected === null ? '_create' : '_doc'}/${documentId(kind, id)}`,
        query: condition,
        body: { kind, id, doc: text, write },
        statuses: [409],
      });
      if (answer.status !== 409) return versionOf(answer.body);
      if (!answer.isUnsure) throw conflict(kind, id);
      // Perhaps it was our own try that went before, and only its answer was lost.
      const now = await get(kind, id);
      if (now?.write === write) return now.version;
      throw unknown(kind, id);
    },

    async delete(kind, id, expected) {
      const query = expected === undefined ? {} : conditionOf(expected, kind, id);
      dirty = true;
      const path = `/${index}/_doc/${documentId(kind, id)}`;
      const { status, isUnsure } = await send({ method: 'DELETE', path, query, statuses: [404, 409] });
      if (status === 200 || expected === undefined) return;
      if (!isUnsure) throw conflict(kind, id);
      if ((await get(kind, id)) !== null) throw unknown(kind, id);
    },

    async list(kind, { prefix, after, limit }) {
      const found: (StoredDocument & { id: string })[] = [];
      if (dirty || after === undefined) {
        // Before the refresh: a write that comes during it makes the next list refresh again.
        dirty = false;
        await send({ method: 'POST', path: `/${index}/_refresh`, repeatable: true });
      }
      const filter = [{ term: { kind } }, ...(prefix === '' ? [] : [{ prefix: { id: prefix } }])];
      let from = after;
      while (found.length < limit) {
        const size = Math.min(HITS_A_SEARCH, limit - found.length);
        const { body } = await send<{ hits: { hits: Hit[] } }>({
          method: 'POST',
          path: `/${index}/_search`,
          repeatable: true,
          body: {
            size,
            query: { bool: { filter } },
            sort: [{ id: 'asc' }],
            ...(from !== undefined && { search_after: [from] }),
            seq_no_primary_term: true,
            track_total_hits: false,
            _source: ['id', 'doc', 'write'],
          },
        });
        const { hits } = body.hits;
        found.push(...hits.map((hit) => ({ id: hit._source.id, ...stored(hit) })));
        if (hits.length < size) break;
        from = hits[hits.length - 1]._source.id;
      }
      return found;
    },
  };
}

function stored(hit: Hit): StoredDocument {
  return { text: hit._source.doc, version: versionOf(hit), write: hit._source.write };
}

/** 43 characters whatever the names: Elasticsearch takes ids of 512 bytes at most. */
function documentId(kind: string, id: string): string {
  return createHash('sha256').update(`${kind}\0${id}`).digest('base64url');
}

function versionOf({ _primary_term: term, _seq_no: seq }: { _primary_term: number; _seq_no: number }): Version {
  return term * SEQ_NUMBERS + seq;
}

/** Throws `version_conflict` for a number that no document can have as its version. */
function conditionOf(version: Version, kind: string, id: string): Record<string, number> {
  const term = Math.floor(version / SEQ_NUMBERS);
  if (!Number.isSafeInteger(version) || term < 1) throw conflict(kind, id);
  return { if_seq_no: version - term * SEQ_NUMBERS, if_primary_term: term };
}

function conflict(kind: string, id: string): FleetlogError {
  return new FleetlogError('version_conflict', `cannot write ${kind} ${id}: it was changed by someone else`);
}

function unknown(kind: string, id: string): FleetlogError {
  return new FleetlogError('unavailable', `cannot tell whether ${kind} ${id} was written: an answer was lost`, {
    hint: 'read it again before writing again',
  });
}

/** Load that did not pass is an outage to whoever needs a user or a token. */
function outage(error: unknown): unknown {
  if (!isCode(error, 'store_busy') && !isCode(error, 'internal')) return error;
  return new FleetlogError('unavailable', 'cannot use the state store: Elasticsearch refuses', { cause: error });
}
