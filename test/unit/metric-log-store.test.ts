import type { LinesBatch } from '../../model/batch.ts';
import { levelOrdinal } from '../../model/level.ts';
import { createLogMetricStore } from '../../store/log-metric-store.ts';
import { linesBatch, source } from '../suites/batches.ts';
import { createMemoryLogStore } from '../suites/memory-log-store.ts';
import { metricStoreSuite, type PlannedSource } from '../suites/metric-store-suite.ts';

const T0 = 1_795_219_200_000_000;

/** Every line of a source in the plan, evenly spread over its seconds. */
function linesOf(plan: PlannedSource, fid: number, start: number): LinesBatch {
  const times = plan.perSecond.flatMap((n, second) =>
    Array.from({ length: n }, (_, i) => start + second * 1e6 + Math.floor((i * 1e6) / n)),
  );
  const { app, env, host, level } = plan;
  return linesBatch({
    fid: fid.toString(16).padStart(32, '0'),
    source: source({ app, env, host }),
    messages: times.map(() => 'line'),
    times,
    levels: times.map(() => levelOrdinal(level)),
  });
}

metricStoreSuite('counted from the log store', async () => {
  const log = createMemoryLogStore();
  const clock = { now: T0, nowUs: () => clock.now, monotonicMs: () => 0 };
  const store = createLogMetricStore({ store: log, clock });
  return {
    store,
    async play(plan) {
      await log.append(plan.map((one, i) => linesOf(one, i + 1, T0)));
      clock.now = T0 + 3600e6 - 1;
      return T0;
    },
    blur: 0,
    close: () => store.close(),
  };
});
