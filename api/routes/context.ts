import { FleetlogError } from '../../model/errors.ts';
import { decodeRecordId } from '../../model/position.ts';
import { tellAudit } from '../audit/hint.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { ContextAnswerSchema, ContextQuerySchema, ErrorSchema } from '../contract.ts';
import { goneSignal } from '../gone.ts';
import { apiRecord } from '../records.ts';
import { scopeQuery } from '../scope.ts';

export function registerContext(app: ApiApp, context: ApiContext): void {
  const { config, store } = context;
  app.get(
    '/api/v1/logs/context',
    {
      config: { access: 'read' },
      schema: {
        summary: 'Lines around a line, in file order',
        tags: ['logs'],
        querystring: ContextQuerySchema,
        response: { 200: ContextAnswerSchema, '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { principal, query: q } = request;
      const key = decodeRecordId(q.id);
      if (!key)
        throw new FleetlogError('bad_request', 'cannot read the id', { hint: 'send the id of a record, unchanged' });
      const before = q.before ?? 50;
      const after = q.after ?? 50;
      if (before + after > config.query.maxRows) {
        throw new FleetlogError('limit_too_large', undefined, {
          hint: `before and after together at most ${config.query.maxRows} (query.maxRows)`,
        });
      }
      const signal = goneSignal(reply);
      return context.gate.run(principal.id, signal, async () => {
        const found = await store.context({
          key,
          before,
          after,
          scope: q.scope ?? 'source',
          query: scopeQuery(principal),
          signal,
          timeoutMs: config.query.timeoutMs,
        });
        if (!found) {
          // The same answer for a line of others as for none.
          throw new FleetlogError('not_found', 'cannot find that line', {
            hint: 'it may be older than retention keeps',
          });
        }
        tellAudit(request, { detail: { rows: found.before.length + 1 + found.after.length } });
        return {
          before: found.before.map(apiRecord),
          anchor: apiRecord(found.anchor),
          after: found.after.map(apiRecord),
        };
      });
    },
  );
}
