import { Registry } from 'prom-client';
import { startRoleServer } from '../../cli/compose-role-server.ts';
import { startIngest } from '../../ingest/ingest.ts';
import { createLatestSamples } from '../../ingest/latest-samples.ts';
import { exposeSamples } from '../../ingest/sample-metrics.ts';
import type { SamplesBatch } from '../../model/batch.ts';
import { systemClock } from '../../model/clock.ts';
import { encodeBatch } from '../../transport/batch-codec.ts';
import { createMemoryBus } from '../../transport/memory-bus.ts';
import { defaultConfig } from './api-harness.ts';
import { createMemoryLogStore } from './memory-log-store.ts';

/** An ingest that takes samples from whoever forked it, and is scraped. Says its address first, and something after each batch. */
const bus = createMemoryBus({ capacityBytes: 1 << 20 });
const latest = createLatestSamples({ clock: systemClock });
await startIngest({
  bus,
  store: createMemoryLogStore(),
  statuses: { keep: async () => {} },
  deadLetters: { bury: async () => {} } as never,
  latest,
  clock: systemClock,
  log: { warn() {} },
});
const telemetry = new Registry();
exposeSamples(telemetry, latest);
const server = await startRoleServer({ config: defaultConfig(), telemetry });
const { url } = await server.listen();
process.on('message', (batch: SamplesBatch) => {
  void bus.publish(encodeBatch(batch)).then(() => process.send?.({ done: true }));
});
process.once('disconnect', () => process.exit(0));
process.send?.({ target: new URL(url).host });
