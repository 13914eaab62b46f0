import { readFileSync } from 'node:fs';
import { Client } from '@elastic/elasticsearch';
import type { ElasticsearchConfig } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import { elasticsearchError } from './client-errors.ts';

export interface ElasticsearchRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** Begins with `/`; parts made of data are encoded by the caller. */
  path: string;
  query?: Record<string, string | number | boolean>;
  /** A JSON body. */
  body?: object;
  /** An NDJSON body, UTF-8, ended by a newline (`_bulk`, `_msearch`). */
  lines?: Buffer;
  /** Statuses ≥ 400 that are answers to the caller (404, 409); every other one rejects. */
  statuses?: readonly number[];
  /** True when sending it twice does no harm: it is then tried on the other nodes when one fails. */
  repeatable?: boolean;
  signal?: AbortSignal;
  /** A larger answer rejects with `body_too_large`. */
  maxBytes?: number;
  /** A limit of the reader's own: rejects with `query_timeout` (without it `elasticsearch.timeoutMs` and `unavailable`). */
  timeoutMs?: number;
}

export interface ElasticsearchResponse<T> {
  status: number;
  /** The parsed body; only right for statuses below 400. */
  body: T;
}

/**
 * A cluster as the stores see it: one function. Every rejection is a FleetlogError: `unavailable` (no node answers, no permission,
 * 5xx), `store_busy` (429), `store_full` (the flood-stage block), `query_timeout`, `cancelled`, `bad_config` (no Elasticsearch 9),
 * `body_too_large` (413, or an answer over `maxBytes`), `not_found` (404), `version_conflict` (409), else `internal` with what the cluster said as `cause`.
 */
export interface ElasticsearchClient {
  /** Addresses, for messages and telemetry; without user info. */
  readonly nodes: readonly string[];
  request<T>(request: ElasticsearchRequest): Promise<ElasticsearchResponse<T>>;
  close(): Promise<void>;
}

/** Connects lazily: a cluster that is down shows at the first request. Throws `bad_config` for an unreadable CA file or address. */
export function createElasticsearchClient(config: ElasticsearchConfig): ElasticsearchClient {
  const client = connect(config);
  const nodes = config.nodes.map(bare);

  return {
    nodes,
    async request<T>(request: ElasticsearchRequest): Promise<ElasticsearchResponse<T>> {
      const timeoutMs = request.timeoutMs ?? config.timeoutMs;
      // A signal of our own: the client fires events on the one it is given, and its own timeout ends with the headers.
      const abort = new AbortController();
      const onAbort = (): void => abort.abort();
      let timedOut = false;
      const timer = setTimeout(() => {
        timedOut = true;
        abort.abort();
      }, timeoutMs);
      request.signal?.addEventListener('abort', onAbort, { once: true });
      if (request.signal?.aborted) abort.abort();
      try {
        const answer = await client.transport.request<T>(
          {
            method: request.method,
            path: request.path,
            querystring: request.query,
            ...(request.lines ? { bulkBody: request.lines as unknown as string } : { body: request.body }),
          },
          {
            meta: true,
            ignore: [...(request.statuses ?? [])],
            maxRetries: request.repeatable ? nodes.length : 0,
            // Seconds before a node is tried once more; the client's own pause may outlast the limit.
            retryBackoff: () => 0.1,
            signal: abort.signal,
            ...(request.maxBytes === undefined ? {} : { maxResponseSize: request.maxBytes }),
          },
        );
        return { status: answer.statusCode ?? 0, body: answer.body };
      } catch (error) {
        throw elasticsearchError(error, {
          nodes,
          cancelled: request.signal?.aborted ?? false,
          timedOut,
          limited: request.timeoutMs !== undefined,
          timeoutMs,
        });
      } finally {
        clearTimeout(timer);
        request.signal?.removeEventListener('abort', onAbort);
      }
    },
    close: () => client.close(),
  };
}

function connect(config: ElasticsearchConfig): Client {
  const { username, password, apiKey, caFile } = config;
  try {
    return new Client({
      nodes: [...config.nodes],
      ...(apiKey ? { auth: { apiKey } } : username ? { auth: { username, password } } : {}),
      ...(caFile ? { tls: { ca: readFileSync(caFile) } } : {}),
      // Limits are kept by `request`; nothing between may give up earlier or try again unasked.
      requestTimeout: 600_000,
      maxRetries: 0,
      redaction: { type: 'replace' },
    });
  } catch (error) {
    throw new FleetlogError('bad_config', 'cannot use the addresses or the CA file of elasticsearch', {
      cause: error,
      hint: 'Check elasticsearch.nodes (https://es1:9200) and elasticsearch.caFile.',
    });
  }
}

/** An address without user info and query. */
function bare(address: string): string {
  return URL.canParse(address) ? new URL(address).origin : address;
}
