import type { MetricStore } from '../../store/metric-store.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema } from '../contract.ts';
import { goneSignal } from '../gone.ts';
import { resolveRange } from '../log-request.ts';
import { metricRequest } from '../metrics/metric-request.ts';
import { MetricSeriesAnswerSchema, MetricSeriesQuerySchema } from '../metrics/shapes.ts';
import { resolveStep } from '../metrics/step.ts';
import { noteRetention } from '../notes.ts';
import { formatDuration } from '../times.ts';

export function registerMetricsSeries(app: ApiApp, context: ApiContext, metrics: MetricStore): void {
  const { config, clock } = context;
  app.get(
    '/api/v1/metrics/series',
    {
      config: { access: 'read' },
      schema: {
        summary: 'Figures over time',
        tags: ['metrics'],
        querystring: MetricSeriesQuerySchema,
        response: { 200: MetricSeriesAnswerSchema, '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { principal, query: q } = request;
      const range = resolveRange(q, clock, config);
      const { maxSteps, maxSeries, timeoutMs } = config.query;
      const asked = metricRequest(q, principal, range);
      const step = resolveStep(q.step, range, { maxSteps, resolution: metrics.resolutionOf(asked.metric) });
      const signal = goneSignal(reply);
      return context.gate.run(principal.id, signal, async () => {
        const by = q.by ?? null;
        const answer = await metrics.series({ ...asked, by, step, limit: maxSeries, signal, timeoutMs });
        const notes = [...answer.notes, ...noteRetention(range, config, clock)];
        return { unit: answer.unit, step: formatDuration(step), series: answer.series, notes };
      });
    },
  );
}
