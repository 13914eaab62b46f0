import type { ElasticsearchConfig } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import type { ElasticsearchClient } from './client.ts';
import { elasticsearchReason } from './client-errors.ts';

/** Version of the documents and the mapping; a newer one is refused. */
export const STATE_FORMAT = 1;
/** Above whatever matches all indices. */
const PRIORITY = 510;

const META = { fleetlog: { format: STATE_FORMAT } };

interface Mapping {
  [index: string]: { mappings: { _meta?: { fleetlog?: { format?: number } } } };
}

/**
 * Makes `<prefix>-state` and its template where they are missing; the name of the index. One primary shard, because versions are its
 * sequence numbers; as many replicas as asked for and there are nodes for. Rejects with `format_newer`, or `bad_config` when there
 * is an index of that name which is not ours.
 */
export async function ensureStateIndex(
  client: ElasticsearchClient,
  config: Pick<ElasticsearchConfig, 'prefix' | 'replicas'>,
): Promise<string> {
  const index = `${config.prefix}-state`;
  const format = await formatOf(client, index);
  if (format === null) {
    // Also for an index that somebody deletes while we run: the next write makes it anew, by this template.
    await client.request({
      method: 'PUT',
      path: `/_index_template/${index}`,
      repeatable: true,
      body: template(index, config),
    });
    await client.request({ method: 'PUT', path: `/${index}`, repeatable: true, body: {} }).catch((error: unknown) => {
      if (elasticsearchReason(error)?.type !== 'resource_already_exists_exception') throw error;
    });
    await client.request({
      method: 'GET',
      path: `/_cluster/health/${index}`,
      query: { wait_for_status: 'yellow', timeout: '30s' },
      repeatable: true,
    });
  }
  const found = format ?? (await formatOf(client, index));
  if (found === STATE_FORMAT) return index;
  if (found !== null && found > STATE_FORMAT) {
    throw new FleetlogError(
      'format_newer',
      `cannot open index ${index}: it has format ${found}, this build reads ${STATE_FORMAT}`,
      { hint: 'start the newer version that wrote it; there is no way back' },
    );
  }
  throw new FleetlogError('bad_config', `cannot use index ${index}: it was not made by Fleetlog`, {
    hint: 'choose another elasticsearch.prefix',
  });
}

/** Null when there is no such index; 0 when it is none of ours. */
async function formatOf(client: ElasticsearchClient, index: string): Promise<number | null> {
  const { status, body } = await client.request<Mapping>({
    method: 'GET',
    path: `/${index}/_mapping`,
    statuses: [404],
    repeatable: true,
  });
  return status === 404 ? null : (body[index]?.mappings._meta?.fleetlog?.format ?? 0);
}

function template(index: string, config: Pick<ElasticsearchConfig, 'replicas'>): object {
  return {
    index_patterns: [index],
    priority: PRIORITY,
    version: STATE_FORMAT,
    template: {
      settings: {
        'index.hidden': 'true',
        'index.number_of_shards': '1',
        'index.auto_expand_replicas': config.replicas === 0 ? 'false' : `0-${config.replicas}`,
        ...(config.replicas === 0 && { 'index.number_of_replicas': '0' }),
        // A password change that was answered must survive a power cut.
        'index.translog.durability': 'request',
        'index.refresh_interval': '1s',
      },
      mappings: {
        dynamic: 'strict',
        _meta: META,
        properties: {
          kind: { type: 'keyword' },
          id: { type: 'keyword' },
          // The document as JSON text: it comes back byte by byte, and no name or depth in it meets the mapping.
          doc: { type: 'object', enabled: false },
          write: { type: 'object', enabled: false },
        },
      },
    },
    _meta: META,
  };
}
