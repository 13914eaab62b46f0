import type { MetricStore } from '../../store/metric-store.ts';
import { readCapacity } from '../capacity.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema } from '../contract.ts';
import { goneSignal } from '../gone.ts';
import { resolveRange } from '../log-request.ts';
import { metricFilter } from '../metrics/metric-request.ts';
import { CapacityAnswerSchema, CapacityQuerySchema } from '../metrics/shapes.ts';

export function registerCapacity(app: ApiApp, context: ApiContext, metrics: MetricStore): void {
  const { clock, config, gate } = context;
  app.get(
    '/api/v1/capacity',
    {
      config: { access: 'read' },
      schema: {
        summary: 'Limits beside what is used, by app and env: what to raise and what to lower',
        tags: ['metrics'],
        querystring: CapacityQuerySchema,
        response: { 200: CapacityAnswerSchema, '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { principal, query } = request;
      const range = resolveRange({ ...query, from: query.from ?? 'now-7d' }, clock, config);
      const signal = goneSignal(reply);
      const filter = metricFilter(query);
      const items = await gate.run(principal.id, signal, () =>
        readCapacity(context, metrics, principal, { filter, range, signal }),
      );
      return { items, notes: [] };
    },
  );
}
