import { checkMetricRequest } from './metric-request.ts';
import type { MetricName, MetricStore } from './metric-store.ts';

/** Several stores as one: each metric is asked of the first that has it, a glance of the first that has all of its metrics. */
export function composeMetricStores(stores: readonly MetricStore[]): MetricStore {
  const metrics = [...new Set(stores.flatMap((store) => store.metrics))];
  const ownerOf = (asked: readonly MetricName[]): MetricStore =>
    stores.find((store) => asked.every((metric) => store.metrics.includes(metric))) ?? stores[0];

  return {
    metrics,
    resolutionOf: (metric) => ownerOf([metric]).resolutionOf(metric),
    async series(request) {
      checkMetricRequest(metrics, request);
      return ownerOf([request.metric]).series(request);
    },
    async top(request) {
      checkMetricRequest(metrics, request);
      return ownerOf([request.metric]).top(request);
    },
    glance: async (request) => ownerOf(request.metrics).glance(request),
    async close() {
      for (const store of stores) await store.close();
    },
  };
}
