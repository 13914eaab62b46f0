import { errors } from '@elastic/elasticsearch';
import { type ErrorCode, FleetlogError } from '../../model/errors.ts';

/** What the cluster said, without the request (which may hold lines of logs). */
export interface ClusterReason {
  status: number;
  type: string;
  reason: string;
}

export interface RequestOutcome {
  nodes: readonly string[];
  cancelled: boolean;
  timedOut: boolean;
  /** The limit was the reader's, not ours. */
  limited: boolean;
  timeoutMs: number;
}

/** Any failure of a request as a FleetlogError; `elasticsearchReason` finds what the cluster said in it. */
export function elasticsearchError(error: unknown, outcome: RequestOutcome): FleetlogError {
  if (outcome.cancelled) return new FleetlogError('cancelled', undefined, { cause: error });
  if (outcome.timedOut || error instanceof errors.TimeoutError) {
    const code = outcome.limited ? 'query_timeout' : 'unavailable';
    return new FleetlogError(code, `cannot get an answer from Elasticsearch within ${outcome.timeoutMs} ms`, {
      hint: outcome.limited
        ? 'Narrow the time range or the query.'
        : 'The cluster is overloaded or a node hangs; see elasticsearch.timeoutMs.',
    });
  }
  if (error instanceof errors.RequestAbortedError) {
    // Nobody aborted it: the client does so when an answer is larger than it may be.
    return new FleetlogError('body_too_large', 'cannot read so large an answer of Elasticsearch', {
      cause: lean(error),
    });
  }
  if (error instanceof errors.ProductNotSupportedError) {
    return new FleetlogError('bad_config', 'cannot use what answers at elasticsearch.nodes: it is no Elasticsearch', {
      hint: 'Elasticsearch 9 is needed; OpenSearch and proxies that drop the X-elastic-product header are not.',
    });
  }
  if (error instanceof errors.ResponseError) return refusal(error);
  const reached = error instanceof errors.ConnectionError || error instanceof errors.NoLivingConnectionsError;
  if (!reached)
    return new FleetlogError('unavailable', 'cannot read the answer of Elasticsearch', { cause: lean(error) });
  return new FleetlogError('unavailable', `cannot reach Elasticsearch at ${outcome.nodes.join(', ')}`, {
    cause: lean(error),
    hint: 'Check that the cluster runs, elasticsearch.nodes, and elasticsearch.caFile for https.',
  });
}

/** What the cluster said when it refused a request; null for every other failure. */
export function elasticsearchReason(error: unknown): ClusterReason | null {
  return error instanceof FleetlogError && error.cause instanceof ClusterRefusal ? error.cause.said : null;
}

class ClusterRefusal extends Error {
  readonly said: ClusterReason;

  constructor(said: ClusterReason) {
    super(`${said.status} ${said.type}: ${said.reason}`);
    this.name = 'ClusterRefusal';
    this.said = said;
  }
}

interface Told {
  type?: string;
  reason?: string;
  caused_by?: Told;
}

interface ErrorBody {
  error?: string | (Told & { root_cause?: Told[]; failed_shards?: { reason?: Told }[] });
}

/** What is at the bottom of it: a script's own error says nothing but that it failed. */
function deepest(told: Told | undefined): Told | undefined {
  return told?.caused_by ? deepest(told.caused_by) : told;
}

function refusal(error: InstanceType<typeof errors.ResponseError>): FleetlogError {
  const status = error.statusCode ?? 0;
  const body = (typeof error.body === 'object' && error.body !== null ? error.body : {}) as ErrorBody;
  const told = typeof body.error === 'object' ? body.error : { reason: body.error };
  const cause = told.root_cause?.[0];
  const bottom = deepest(told.failed_shards?.[0]?.reason ?? told);
  const reason = cause?.reason ?? told.reason ?? error.message;
  const said = {
    status,
    type: cause?.type ?? told.type ?? 'http',
    reason: bottom?.reason && bottom.reason !== reason ? `${reason} (${bottom.type}: ${bottom.reason})` : reason,
  };
  return clusterError(said);
}

/** What the cluster said as one of our errors. */
export function clusterError(said: ClusterReason): FleetlogError {
  const { code, message, hint } = refusalCode(said);
  return new FleetlogError(code, message ?? `cannot finish a request to Elasticsearch: ${said.reason}`, {
    hint,
    cause: new ClusterRefusal(said),
  });
}

/** Which of our codes a refusal is; the same for whole requests and for items of a bulk request. */
export function refusalCode({ status, type, reason }: ClusterReason): {
  code: ErrorCode;
  message?: string;
  hint?: string;
} {
  if (type === 'cluster_block_exception') {
    if (/flood-stage|read-only-allow-delete|read-only \/ allow delete/.test(reason)) {
      return {
        code: 'store_full',
        message: 'cannot write to Elasticsearch: a disk of the cluster is too full',
        hint: 'Free disk or add nodes; the cluster lifts the block by itself.',
      };
    }
    return { code: 'unavailable', message: `cannot write to Elasticsearch: ${reason}` };
  }
  if (status === 401 || status === 403) {
    return {
      code: 'unavailable',
      message: `cannot log in to Elasticsearch, or not do that there: ${reason}`,
      hint: 'Check elasticsearch.apiKey or username and password, and the privileges listed in docs/fleet.md.',
    };
  }
  if (type === 'media_type_header_exception') {
    return {
      code: 'bad_config',
      message: 'cannot speak to this version of Elasticsearch',
      hint: 'Elasticsearch 9 is needed.',
    };
  }
  if (status === 429) return { code: 'store_busy', message: `cannot be served by Elasticsearch now: ${reason}` };
  if (status === 404) return { code: 'not_found', message: `cannot find it in Elasticsearch: ${reason}` };
  if (status === 409) return { code: 'version_conflict' };
  if (status === 413) return { code: 'body_too_large', message: 'cannot send so much to Elasticsearch at once' };
  if (status >= 500) return { code: 'unavailable', message: `cannot be served by Elasticsearch: ${reason}` };
  return { code: 'internal' };
}

/** The error without the request it belongs to. */
function lean(error: unknown): Error {
  const cause = error instanceof Error ? error.message : String(error);
  return new Error(cause);
}
