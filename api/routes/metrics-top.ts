import type { MetricStore } from '../../store/metric-store.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema } from '../contract.ts';
import { goneSignal } from '../gone.ts';
import { resolveRange } from '../log-request.ts';
import { metricRequest } from '../metrics/metric-request.ts';
import { MetricTopAnswerSchema, MetricTopQuerySchema } from '../metrics/shapes.ts';
import { noteRetention } from '../notes.ts';

const DEFAULT_N = 10;

export function registerMetricsTop(app: ApiApp, context: ApiContext, metrics: MetricStore): void {
  const { config, clock } = context;
  app.get(
    '/api/v1/metrics/top',
    {
      config: { access: 'read' },
      schema: {
        summary: 'The heaviest apps, envs, hosts or containers',
        tags: ['metrics'],
        querystring: MetricTopQuerySchema,
        response: { 200: MetricTopAnswerSchema, '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { principal, query: q } = request;
      const range = resolveRange(q, clock, config);
      const asked = metricRequest(q, principal, range);
      const signal = goneSignal(reply);
      return context.gate.run(principal.id, signal, async () => {
        const { timeoutMs } = config.query;
        const by = q.by ?? 'app';
        const { unit, items, notes } = await metrics.top({ ...asked, by, limit: q.n ?? DEFAULT_N, signal, timeoutMs });
        return { unit, items, notes: [...notes, ...noteRetention(range, config, clock)] };
      });
    },
  );
}
