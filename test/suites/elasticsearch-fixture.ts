import { randomBytes } from 'node:crypto';
import type { ElasticsearchConfig, RetentionConfig } from '../../model/config.ts';
import { createElasticsearchLogStore, type ElasticsearchLogStoreOptions } from '../../store/elasticsearch/log-store.ts';
import type { LogStore } from '../../store/log-store.ts';
import { openConfig } from './default-config.ts';
import { standingClock } from './embedded-fixture.ts';

/** A prefix no other test has. */
export function ownPrefix(): string {
  return `t${randomBytes(6).toString('hex')}`;
}

export interface ElasticsearchChange
  extends Partial<Omit<ElasticsearchLogStoreOptions, 'elasticsearch' | 'retention'>> {
  elasticsearch?: Partial<ElasticsearchConfig>;
  retention?: Partial<RetentionConfig>;
}

/** Settings for a node of tests: no replicas, and lines searchable at once. */
export function elasticsearchConfig(nodes: string[], change: Partial<ElasticsearchConfig> = {}): ElasticsearchConfig {
  return { ...openConfig().elasticsearch, nodes, prefix: ownPrefix(), replicas: 0, refreshMs: 100, ...change };
}

/** The Elasticsearch store with a standing clock. */
export function openElasticsearchStore(
  config: ElasticsearchConfig,
  change: ElasticsearchChange = {},
): Promise<LogStore> {
  return createElasticsearchLogStore({
    clock: standingClock(),
    ...change,
    elasticsearch: { ...config, ...change.elasticsearch },
    retention: { ...openConfig().retention, ...change.retention },
  });
}

/** Removes everything a prefix has. */
export async function removePrefix(url: string, prefix: string): Promise<void> {
  await fetch(`${url}/${prefix}-*`, { method: 'DELETE' });
  await fetch(`${url}/_index_template/${prefix}-*`, { method: 'DELETE' });
}

/**
 * Removes the lines and keeps the indices: the cluster takes a second of CPU to make one, most of it for the tokenizer's pattern, and a
 * suite opens dozens of stores.
 */
export async function emptyPrefix(url: string, prefix: string): Promise<void> {
  const answer = await fetch(`${url}/${prefix}-logs-*/_delete_by_query?refresh=true&conflicts=proceed`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":{"match_all":{}}}',
  });
  if (!answer.ok) throw new Error(`cannot empty ${prefix}: ${await answer.text()}`);
}
