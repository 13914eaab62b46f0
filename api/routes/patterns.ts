import type { PatternResult } from '../../store/log-store.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { type ApiNote, ErrorSchema } from '../contract.ts';
import { PatternsAnswerSchema, PatternsQuerySchema } from '../contract-patterns.ts';
import { goneSignal } from '../gone.ts';
import { resolveInterval } from '../interval.ts';
import { resolveQuery, resolveRange } from '../log-request.ts';
import { noteRetention } from '../notes.ts';
import { apiPatterns } from '../patterns.ts';
import { shownStats } from '../query-stats.ts';
import { formatDuration, type Range } from '../times.ts';

/** Patterns looked at before merging; what is rarer than the rarest of them is said to be left out. */
const MOST = 5_000;
/** Steps of a trend as wide as a thumb. */
const STEPS = 40;

export function registerPatterns(app: ApiApp, context: ApiContext): void {
  const { config, store, clock } = context;
  app.get(
    '/api/v1/logs/patterns',
    {
      config: { access: 'read' },
      schema: {
        summary: 'Templates of the lines that match, with exact counts',
        tags: ['logs'],
        querystring: PatternsQuerySchema,
        response: { 200: PatternsAnswerSchema, '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { principal, query: q } = request;
      const asked = resolveQuery(q, principal);
      const range = resolveRange(q, clock, config);
      const interval = Math.max(resolveInterval('auto', range, config.query.maxBuckets), stepOf(range));
      const signal = goneSignal(reply);
      const common = { query: asked.tree, size: MOST, signal, timeoutMs: config.query.timeoutMs };
      return context.gate.run(principal.id, signal, async () => {
        const now = await store.patterns({ ...common, ...range, interval });
        const before = q.compare === 'previous' ? await store.patterns({ ...common, ...periodBefore(range) }) : null;
        const whole = now.patterns.length === now.total;
        const counted = now.patterns.reduce((sum, one) => sum + one.count, 0);
        const lines = whole ? counted : (await store.count({ ...common, ...range })).count;
        const all = apiPatterns({ range, interval, now, before, lines, growth: growthOf(lines, before) });
        const patterns = all.slice(0, q.limit ?? 500);
        const notes: ApiNote[] = [...now.notes, ...(before?.notes ?? []), ...noteRetention(range, config, clock)];
        if (!whole || patterns.length < all.length)
          notes.push({ code: 'limit_reached', limit: patterns.length, total: now.total });
        // A pattern that was too rare to be told of the period before would be called new.
        if (before !== null && before.patterns.length < before.total)
          notes.push({ code: 'lower_bound', field: 'before' });
        const stats = shownStats(now.stats, principal);
        return { patterns, total: now.total, lines, interval: formatDuration(interval), notes, stats };
      });
    },
  );
}

function growthOf(lines: number, before: PatternResult | null): number {
  const former = before?.patterns.reduce((sum, one) => sum + one.count, 0) ?? 0;
  return former === 0 || lines === 0 ? 1 : lines / former;
}

function periodBefore({ from, to }: Range): Range {
  return { from: Math.max(0, from - (to - from)), to: from };
}

/** A whole number of ms that cuts the range into at most `STEPS`. */
function stepOf({ from, to }: Range): number {
  return Math.max(1, Math.ceil((to - from) / STEPS / 1000)) * 1000;
}
