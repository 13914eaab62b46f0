import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema, HistogramAnswerSchema, HistogramQuerySchema } from '../contract.ts';
import { goneSignal } from '../gone.ts';
import { resolveInterval } from '../interval.ts';
import { resolveQuery, resolveRange } from '../log-request.ts';
import { noteRetention } from '../notes.ts';
import { shownStats } from '../query-stats.ts';
import { formatDuration, formatMaybe, formatTime } from '../times.ts';

export function registerHistogram(app: ApiApp, context: ApiContext): void {
  const { config, store, clock, watermark } = context;
  app.get(
    '/api/v1/logs/histogram',
    {
      config: { access: 'read' },
      schema: {
        summary: 'Count lines over time',
        tags: ['logs'],
        querystring: HistogramQuerySchema,
        response: { 200: HistogramAnswerSchema, '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { principal, query: q } = request;
      const asked = resolveQuery(q, principal);
      const range = resolveRange(q, clock, config);
      const interval = resolveInterval(q.interval, range, config.query.maxBuckets);
      const signal = goneSignal(reply);
      return context.gate.run(principal.id, signal, async () => {
        const counted = await store.histogram({
          query: asked.tree,
          ...range,
          interval,
          by: q.by ?? 'level',
          signal,
          timeoutMs: config.query.timeoutMs,
        });
        const { completeTo, gaps } = await watermark.completeness(asked.tree, principal, range);
        return {
          interval: formatDuration(interval),
          buckets: counted.buckets.map(({ time, counts }) => ({ time: formatTime(time), counts })),
          gaps,
          completeTo: formatMaybe(completeTo),
          notes: [...counted.notes, ...noteRetention(range, config, clock)],
          stats: shownStats(counted.stats, principal),
        };
      });
    },
  );
}
