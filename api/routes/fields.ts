import type { ApiApp, ApiContext } from '../context.ts';
import { type ApiNote, ErrorSchema } from '../contract.ts';
import { FieldsAnswerSchema, FieldsQuerySchema } from '../contract-fields.ts';
import { findFields } from '../found-fields.ts';
import { goneSignal } from '../gone.ts';
import { resolveQuery, resolveRange } from '../log-request.ts';
import { shownStats } from '../query-stats.ts';

const DEFAULT_SIZE = 200;

export function registerFields(app: ApiApp, context: ApiContext): void {
  const { config, store, clock } = context;
  app.get(
    '/api/v1/logs/fields',
    {
      config: { access: 'read' },
      schema: {
        summary: 'Names of fields found in lines',
        tags: ['logs'],
        querystring: FieldsQuerySchema,
        response: { 200: FieldsAnswerSchema, '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { principal, query: q } = request;
      const asked = resolveQuery(q, principal);
      const range = resolveRange(q, clock, config);
      const size = q.size ?? DEFAULT_SIZE;
      const prefix = (q.prefix ?? '').toLowerCase();
      const signal = goneSignal(reply);
      return context.gate.run(principal.id, signal, async () => {
        const within = { query: asked.tree, ...range, signal, timeoutMs: config.query.timeoutMs };
        const { fields, looked, notes, stats } = await findFields(store, within);
        const named = fields.filter((field) => field.name.toLowerCase().startsWith(prefix));
        const remarks: ApiNote[] = [...notes];
        if (named.length > size) remarks.push({ code: 'limit_reached', limit: size, total: named.length });
        return { fields: named.slice(0, size), looked, notes: remarks, stats: shownStats(stats, principal) };
      });
    },
  );
}
