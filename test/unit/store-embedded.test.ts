import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../suites/embedded-fixture.ts';
import { logStoreSuite, SUITE_CLASSES } from '../suites/log-store-suite.ts';

logStoreSuite('embedded', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'fleetlog-store-'));
  let store = await openStore(dir, { retention: { classes: SUITE_CLASSES } });
  return {
    store,
    async reopen() {
      await store.close();
      store = await openStore(dir, { retention: { classes: SUITE_CLASSES } });
      return store;
    },
    async close() {
      await store.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
});
