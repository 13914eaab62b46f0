import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema } from '../contract.ts';
import { readFigures } from '../figures.ts';
import { goneSignal } from '../gone.ts';
import { metricFilter } from '../metrics/metric-request.ts';
import { MetricNowAnswerSchema, MetricNowQuerySchema } from '../metrics/shapes.ts';

export function registerMetricsNow(app: ApiApp, context: ApiContext): void {
  app.get(
    '/api/v1/metrics/now',
    {
      config: { access: 'read' },
      schema: {
        summary: 'All figures of apps, envs, hosts or containers as they are now',
        tags: ['metrics'],
        querystring: MetricNowQuerySchema,
        response: { 200: MetricNowAnswerSchema, '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { principal, query } = request;
      const signal = goneSignal(reply);
      const by = [...new Set(query.by === undefined ? (['app'] as const) : [query.by].flat())];
      const { items } = await context.gate.run(principal.id, signal, () =>
        readFigures(context, principal, by, signal, metricFilter(query)),
      );
      return {
        items: items.map(({ labels, figures }) => ({ labels: labels as Record<string, string>, figures })),
        notes: [],
      };
    },
  );
}
