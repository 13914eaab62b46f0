import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestElasticsearch } from '../test/servers/elasticsearch.ts';
import type { TestKafka } from '../test/servers/kafka.ts';
import { type Product, startProduct } from './product.ts';

/** Settings that put a process on the fleet's engines; one node keeps no replica. */
export function fleetEnvironment(kafka: TestKafka, elasticsearch: TestElasticsearch): Record<string, string> {
  return {
    FLEETLOG_KAFKA_BROKERS: kafka.brokers.join(','),
    FLEETLOG_KAFKA_REPLICAS: '1',
    FLEETLOG_ELASTICSEARCH_NODES: elasticsearch.url,
    FLEETLOG_ELASTICSEARCH_REPLICAS: '0',
  };
}

export interface Fleet {
  collector: Product;
  ingest: Product;
  api: Product;
  stop(): Promise<void>;
}

/** One process of each role under `dir`, ready, the collector last. */
export async function startFleet(options: {
  dir: string;
  env: Record<string, string>;
  loopFile?: string;
}): Promise<Fleet> {
  const { dir, env } = options;
  rmSync(dir, { recursive: true, force: true });
  const started: Product[] = [];
  const one = async (command: 'api' | 'ingest' | 'collector'): Promise<Product> => {
    const product = await startProduct({
      command,
      dataDir: join(dir, command),
      logFile: join(dir, `${command}.log`),
      env,
      ...(command === 'api' && options.loopFile ? { loopFile: options.loopFile } : {}),
    });
    started.push(product);
    await product.ready();
    return product;
  };
  const stop = async (): Promise<void> => {
    for (const product of started.toReversed()) if (product.alive()) await product.stop();
  };
  try {
    const [api, ingest, collector] = [await one('api'), await one('ingest'), await one('collector')];
    return { api, ingest, collector, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
