import { FleetlogError } from '../../model/errors.ts';
import { type ClusterReason, refusalCode } from './client-errors.ts';

/** What became of one document of a bulk request. */
export type ItemOutcome =
  | { type: 'stored' }
  /** It was there already. */
  | { type: 'known' }
  /** This document can never be stored as it is. */
  | { type: 'refused'; reason: string }
  /** Not now: the cluster is busy, blocked or moving. `pressure`: it asked for less at once. `missing`: its index is gone. */
  | { type: 'later'; error: FleetlogError; pressure: boolean; missing: boolean };

export interface BulkItem {
  status: number;
  error?: { type?: string; reason?: string };
}

/** Refusals that lie in the document itself; any other 400 (too many shards, a closed index) is the cluster's trouble. */
const POISON = new Set([
  'document_parsing_exception',
  'mapper_parsing_exception',
  'illegal_argument_exception',
  'parsing_exception',
  'x_content_parse_exception',
  'max_bytes_length_exceeded_exception',
]);

export function itemOutcome({ status, error }: BulkItem): ItemOutcome {
  if (status < 300) return { type: 'stored' };
  if (status === 409) return { type: 'known' };
  const said: ClusterReason = { status, type: error?.type ?? 'unknown', reason: error?.reason ?? `status ${status}` };
  if ((status === 400 && POISON.has(said.type)) || neverFits(said)) {
    return { type: 'refused', reason: `${said.type}: ${said.reason}` };
  }
  return {
    type: 'later',
    error: asError(said),
    pressure: status === 429,
    missing: said.type === 'index_not_found_exception',
  };
}

function asError(said: ClusterReason): FleetlogError {
  const { code, message, hint } = refusalCode(said);
  const known = code === 'internal' || code === 'not_found' || code === 'version_conflict' ? 'unavailable' : code;
  return new FleetlogError(known, message ?? `cannot write to Elasticsearch: ${said.type}: ${said.reason}`, { hint });
}

/** A document larger than what the node may hold in flight at all is refused as "too many requests" for ever. */
export function neverFits({ status, reason }: ClusterReason): boolean {
  if (status !== 429) return false;
  const size = /operation_bytes=(\d+)/.exec(reason);
  const most = /max_\w+_bytes=(\d+)/.exec(reason);
  return size !== null && most !== null && Number(size[1]) > Number(most[1]);
}
