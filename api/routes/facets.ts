import { FleetlogError } from '../../model/errors.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema, FacetsAnswerSchema, FacetsQuerySchema } from '../contract.ts';
import { goneSignal } from '../gone.ts';
import { resolveQuery, resolveRange } from '../log-request.ts';
import { shownStats } from '../query-stats.ts';

const DEFAULT_FIELDS = ['level', 'app', 'env', 'host', 'instance'];
/** Each field found in lines means reading the lines; more than these are asked in a second request. */
const MOST_FIELDS = 20;

export function registerFacets(app: ApiApp, context: ApiContext): void {
  const { config, store, clock } = context;
  app.get(
    '/api/v1/logs/facets',
    {
      config: { access: 'read' },
      schema: {
        summary: 'Top values of fields',
        tags: ['logs'],
        querystring: FacetsQuerySchema,
        response: { 200: FacetsAnswerSchema, '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { principal, query: q } = request;
      const asked = resolveQuery(q, principal);
      const range = resolveRange(q, clock, config);
      const fields = q.fields === undefined ? DEFAULT_FIELDS : readFields(q.fields);
      const signal = goneSignal(reply);
      return context.gate.run(principal.id, signal, async () => {
        const { facets, notes, stats } = await store.facets({
          query: asked.tree,
          ...range,
          fields,
          size: q.size ?? 10,
          signal,
          timeoutMs: config.query.timeoutMs,
        });
        return { facets, notes, stats: shownStats(stats, principal) };
      });
    },
  );
}

function readFields(text: string): string[] {
  const fields = [...new Set(text.split(',').map((field) => field.trim()))].filter((field) => field !== '');
  if (fields.length >= 1 && fields.length <= MOST_FIELDS && fields.every((field) => field.length <= 128)) return fields;
  throw new FleetlogError('bad_request', 'cannot read fields', {
    hint: `1 to ${MOST_FIELDS} names with commas between, such as level,app,status`,
  });
}
