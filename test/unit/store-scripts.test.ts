import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, standingClock } from '../suites/embedded-fixture.ts';
import { queryScripts, recordName } from '../suites/query-scripts.ts';
import { appendRecords } from '../suites/record-batches.ts';

for (const flushed of [false, true])
  queryScripts(`the embedded store, ${flushed ? 'in segments' : 'in memory'}`, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'fleetlog-scripts-'));
    // Scripts choose their own times; none of them is too old.
    const store = await openStore(dir, { clock: standingClock(0) });
    const order: string[] = [];
    return {
      async load(records) {
        order.push(...records.map(recordName));
        await appendRecords(store, records);
        if (flushed) await store.flush();
      },
      async eval(query) {
        const range = { from: 0, to: Number.MAX_SAFE_INTEGER };
        const { records } = await store.search({ query, ...range, order: 'asc', limit: 1_000 });
        return records.map(recordName).sort((a, b) => order.indexOf(a) - order.indexOf(b));
      },
      async close() {
        await store.close();
        await rm(dir, { recursive: true, force: true });
      },
    };
  });
