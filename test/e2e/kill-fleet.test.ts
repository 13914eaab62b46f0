import { afterAll, expect, it } from 'vitest';
import { dose } from '../doses.ts';
import { startElasticsearch } from '../servers/elasticsearch.ts';
import { startKafka } from '../servers/kafka.ts';
import { fleetParts } from '../suites/fleet-parts.ts';
import { cleanUp, describe, KILL_LIMITS, runKills } from '../suites/oracle-kills.ts';

const kafka = await startKafka();
const elasticsearch = kafka ? await startElasticsearch() : null;
const kills = dose(5, 50);

afterAll(async () => {
  await elasticsearch?.stop();
  await kafka?.stop();
});

const [COLLECTOR, FIRST, SECOND] = [3, 1, 2];

it.skipIf(!kafka || !elasticsearch)(
  `on Kafka and Elasticsearch: loses nothing and doubles nothing over ${kills} SIGKILLs of ingest processes and the collector`,
  { timeout: 300_000 + kills * 20_000 },
  async () => {
    const engines = { brokers: kafka!.brokers, elasticsearch: elasticsearch!.url, name: 'kill-fleet' };
    const result = await runKills({
      name: 'fleet',
      kills,
      seed: 404,
      streams: 6,
      linesPerSecond: 500,
      limits: KILL_LIMITS,
      parts: (place) => fleetParts(place, engines),
      victims: (random) => random.pick([[FIRST], [SECOND], [FIRST, SECOND], [FIRST, COLLECTOR]]),
    });
    process.stdout.write(describe('kill-fleet', result));
    expect(result).toMatchObject({ lost: 0, twice: 0, bad: 0, disordered: 0, strange: 0, lines: result.written });
    expect(result.gaps).toBe(0);
    cleanUp(result);
  },
);
