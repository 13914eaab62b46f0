import { afterAll, describe, test } from 'vitest';
import { shareElasticsearch } from '../servers/elasticsearch.ts';
import {
  elasticsearchConfig,
  emptyPrefix,
  openElasticsearchStore,
  removePrefix,
} from '../suites/elasticsearch-fixture.ts';
import { standingClock } from '../suites/embedded-fixture.ts';
import { logStoreSuite, SUITE_CLASSES } from '../suites/log-store-suite.ts';
import { queryScripts, recordName } from '../suites/query-scripts.ts';
import { appendRecords } from '../suites/record-batches.ts';

const server = await shareElasticsearch();
afterAll(() => server?.leave());

if (!server) describe('LogStore: Elasticsearch', () => test.skip('no Elasticsearch here', () => {}));
else {
  const { url } = server;
  const config = elasticsearchConfig([url]);
  afterAll(() => removePrefix(url, config.prefix));

  logStoreSuite('Elasticsearch', async () => {
    const open = () => openElasticsearchStore(config, { retention: { classes: SUITE_CLASSES } });
    let store = await open();
    return {
      store,
      async reopen() {
        await store.close();
        store = await open();
        return store;
      },
      async close() {
        await store.close();
        await emptyPrefix(url, config.prefix);
      },
    };
  });

  queryScripts('Elasticsearch', async () => {
    // Scripts choose their own times; none of them is too old.
    const store = await openElasticsearchStore(config, { clock: standingClock(0) });
    const order: string[] = [];
    return {
      async load(records) {
        order.push(...records.map(recordName));
        await appendRecords(store, records);
      },
      async eval(query) {
        const range = { from: 0, to: Number.MAX_SAFE_INTEGER };
        const { records } = await store.search({ query, ...range, order: 'asc', limit: 1_000 });
        return records.map(recordName).sort((a, b) => order.indexOf(a) - order.indexOf(b));
      },
      async close() {
        await store.close();
        await emptyPrefix(url, config.prefix);
      },
    };
  });
}
