import { FleetlogError } from '../../model/errors.ts';
import type { RetentionClass } from '../../model/retention-classes.ts';
import type { ElasticsearchClient } from './client.ts';
import { elasticsearchReason } from './client-errors.ts';

/** The longest any class keeps decides when the cluster itself deletes; shorter classes and sizes stay with maintenance. */
export function lifecyclePolicy(days: number): object {
  // Age counts from the index' day (`parse_origination_date`), and its last line is a day younger than its first.
  const deletion = { min_age: `${days + 1}d`, actions: { delete: {} } };
  return { policy: { _meta: { fleetlog: true }, phases: { hot: { actions: {} }, delete: deletion } } };
}

/** Puts the policy; rejects with `bad_config` where the cluster has none. */
export async function ensureLifecycle(
  client: ElasticsearchClient,
  name: string,
  longest: RetentionClass['days'],
): Promise<void> {
  try {
    await client.request({
      method: 'PUT',
      path: `/_ilm/policy/${name}`,
      body: lifecyclePolicy(longest),
      repeatable: true,
    });
  } catch (error) {
    const said = elasticsearchReason(error);
    if (said === null || (said.status !== 400 && said.status !== 404 && said.status !== 405)) throw error;
    throw new FleetlogError('bad_config', 'cannot use elasticsearch.ilm: the cluster has no lifecycle policies', {
      cause: error,
      hint: 'Leave elasticsearch.ilm off: Fleetlog deletes old indices by itself.',
    });
  }
}
