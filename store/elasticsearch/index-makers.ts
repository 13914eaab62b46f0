import { FleetlogError } from '../../model/errors.ts';
import type { ElasticsearchClient } from './client.ts';
import { elasticsearchReason } from './client-errors.ts';
import { checkFormat } from './template.ts';

/** Makes indices before they are written to, so that a missing or foreign template shows before it spoils a mapping. */
export interface IndexMakers {
  ensure(indices: Set<string>): Promise<void>;
  forget(index: string): void;
}

interface Mapping {
  [index: string]: { mappings: { _meta?: { fleetlog?: { format?: number } } } };
}

export function createIndexMakers(client: ElasticsearchClient, prepareTemplate: () => Promise<void>): IndexMakers {
  const made = new Map<string, Promise<void>>();

  async function make(index: string): Promise<void> {
    await prepareTemplate();
    const path = `/${index}`;
    try {
      await client.request({ method: 'PUT', path, repeatable: true });
    } catch (error) {
      const said = elasticsearchReason(error);
      if (said?.type === 'validation_exception') {
        throw new FleetlogError('store_full', `cannot make index ${index}: ${said.reason}`, {
          hint: 'Raise cluster.max_shards_per_node, add nodes, or keep fewer days or classes.',
          cause: error,
        });
      }
      if (said?.type !== 'resource_already_exists_exception') throw error;
    }
    const { body } = await client.request<Mapping>({ method: 'GET', path: `${path}/_mapping`, repeatable: true });
    const meta = body[index]?.mappings._meta?.fleetlog;
    if (meta?.format === undefined) {
      throw new FleetlogError('unavailable', `cannot write to index ${index}: it was made without our template`, {
        hint: 'Delete the index, and give templates of others for the same names a lower priority.',
      });
    }
    checkFormat(meta.format, `index ${index}`);
  }

  return {
    async ensure(indices) {
      for (const index of indices) {
        let making = made.get(index);
        if (!making) {
          making = make(index);
          made.set(index, making);
          making.catch(() => made.delete(index));
        }
        await making;
      }
    },
    forget: (index) => void made.delete(index),
  };
}
