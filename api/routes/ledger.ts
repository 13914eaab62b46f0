import { fileTroubleOf } from '../behind.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema, type LedgerItem, LedgerItemSchema, ListOf, ListQuerySchema } from '../contract.ts';
import { listed, silence, sourceIdentity } from '../fleet-lists.ts';
import { pageOf } from '../list-page.ts';
import { formatMaybe } from '../times.ts';

export function registerLedger(app: ApiApp, context: ApiContext): void {
  const silent = silence(context);
  app.get(
    '/api/v1/ledger',
    {
      config: { access: 'read' },
      schema: {
        summary: 'Bytes read = searchable + dropped + in flight, per file',
        tags: ['fleet'],
        querystring: ListQuerySchema,
        response: { 200: ListOf(LedgerItemSchema), '4xx': ErrorSchema },
      },
    },
    async ({ principal, query }) => {
      const { sources } = await context.fleet.details();
      const among = listed(principal, query);
      const trouble = fileTroubleOf(await context.fleet.hosts(), silent);
      const items = sources
        .filter((one) => among(sourceIdentity(one)))
        .map((one): LedgerItem => {
          const { app: name, env, container, containerName, instance, path, reader, named } = one.source;
          return {
            source: {
              host: one.host,
              app: name,
              env,
              container,
              containerName,
              instance,
              path,
              reader,
              fid: one.fid,
              named,
            },
            state: one.state,
            reason: one.reason ?? null,
            size: one.size,
            read: one.read,
            searchable: one.searchable,
            dropped: one.dropped as Record<string, number>,
            inFlight: one.inFlight,
            lines: one.lines,
            lastLineAt: formatMaybe(one.lastLineAt),
            behind: trouble.behind(one),
            gaps: trouble.gaps(one),
          };
        });
      const key = ({ source }: LedgerItem): string =>
        [source.app, source.env, source.host, source.instance, source.path, source.fid].join('\0');
      const { app: apps, env, host, container, limit, cursor } = query;
      const { maxRows } = context.config.query;
      return pageOf(items, key, { limit, cursor, maxRows, filters: { apps, env, host, container } });
    },
  );
}
