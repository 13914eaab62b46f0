import { join } from 'node:path';
import { freePort } from '../../bench/product.ts';
import { KILL_ENVIRONMENT, type Part } from './oracle-kills.ts';

/** Where a fleet's engines are. */
export interface Engines {
  brokers: string[];
  elasticsearch: string;
  /** Topic, group and index prefix: fleets on the same engines are told apart by it. */
  name: string;
}

/** Settings that put a process on these engines. */
export function fleetSettings({ brokers, elasticsearch, name }: Engines): Record<string, string> {
  return {
    FLEETLOG_KAFKA_BROKERS: brokers.join(','),
    FLEETLOG_KAFKA_TOPIC: `${name}.batches`,
    FLEETLOG_KAFKA_DEAD_LETTER_TOPIC: `${name}.dead-letters`,
    FLEETLOG_KAFKA_GROUP: name,
    FLEETLOG_KAFKA_PARTITIONS: '6',
    FLEETLOG_KAFKA_REPLICAS: '1',
    FLEETLOG_KAFKA_SESSION_TIMEOUT_MS: '3000',
    FLEETLOG_ELASTICSEARCH_NODES: elasticsearch,
    FLEETLOG_ELASTICSEARCH_PREFIX: name,
    FLEETLOG_ELASTICSEARCH_REPLICAS: '0',
    FLEETLOG_ELASTICSEARCH_REFRESH_MS: '200',
  };
}

/** Every role apart, two processes that ingest; the API comes first, which is the one that is asked. */
export async function fleetParts(
  place: { dir: string; containersDir: string },
  engines: Engines,
  change: Record<string, string> = {},
): Promise<Part[]> {
  const part = async (name: string, command: 'api' | 'ingest' | 'collector'): Promise<Part> => ({
    name,
    options: {
      command,
      dataDir: join(place.dir, name),
      port: await freePort(),
      env: {
        ...KILL_ENVIRONMENT,
        ...fleetSettings(engines),
        FLEETLOG_COLLECTOR_CONTAINERS_DIR: place.containersDir,
        ...change,
      },
      logFile: join(place.dir, `${name}.log`),
    },
  });
  return [
    await part('api', 'api'),
    await part('ingest-1', 'ingest'),
    await part('ingest-2', 'ingest'),
    await part('collector', 'collector'),
  ];
}
