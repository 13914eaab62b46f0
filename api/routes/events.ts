import { extractFields } from '../../model/fields.ts';
import { encodeRecordId } from '../../model/position.ts';
import { and, fieldEquals, or } from '../../model/query/build.ts';
import type { LogRecord } from '../../model/record.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { type ApiEvent, ErrorSchema, EventSchema, EventsQuerySchema, ListOf } from '../contract.ts';
import { type Cursor, decodeCursor, treeHash } from '../cursor.ts';
import { filterQueries, values } from '../filters.ts';
import { goneSignal } from '../gone.ts';
import { resolveLimit } from '../list-page.ts';
import { resolveRange } from '../log-request.ts';
import { noteRetention } from '../notes.ts';
import { recordPage } from '../record-page.ts';
import { scopeQuery } from '../scope.ts';
import { formatTime } from '../times.ts';

export function registerEvents(app: ApiApp, context: ApiContext): void {
  const { config, store, clock } = context;
  app.get(
    '/api/v1/events',
    {
      config: { access: 'read' },
      schema: {
        summary: 'What happened to containers, newest first',
        tags: ['fleet'],
        querystring: EventsQuerySchema,
        response: { 200: ListOf(EventSchema), '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { principal, query: q } = request;
      const limit = resolveLimit(q.limit, config.query.maxRows);
      const types = values(q.type);
      const asked = and(
        fieldEquals('stream', 'event'),
        ...filterQueries(q),
        types.length === 0 ? { type: 'all' } : or(...types.map((type) => fieldEquals('event', type))),
      );
      const hash = treeHash(asked);
      const page: Cursor =
        q.cursor === undefined
          ? { ...resolveRange(q, clock, config), hash, order: 'desc', after: null }
          : decodeCursor(q.cursor, { hash, order: 'desc' });
      const { from, to, order } = page;
      const signal = goneSignal(reply);
      return context.gate.run(principal.id, signal, async () => {
        const found = await store.search({
          query: and(scopeQuery(principal), asked),
          from,
          to,
          order,
          limit,
          after: page.after ?? undefined,
          signal,
          timeoutMs: config.query.timeoutMs,
        });
        const { records, next, notes } = recordPage(found, page, limit);
        return { items: records.map(apiEvent), next, notes: [...notes, ...noteRetention(page, config, clock)] };
      });
    },
  );
}

/** The record's message holds the event's type and further facts as fields. */
function apiEvent(record: LogRecord): ApiEvent {
  const fields = extractFields(record.message);
  const exitCode = fields.get('exitCode');
  const image = fields.get('image') ?? record.source.image;
  const told = (name: 'version' | 'previousImage' | 'previousVersion' | 'health') => {
    const value = fields.get(name);
    return value === undefined || value === '' ? {} : { [name]: value };
  };
  return {
    id: encodeRecordId(record),
    time: formatTime(record.time),
    type: fields.get('event') ?? 'unknown',
    app: record.source.app,
    env: record.source.env,
    host: record.source.host,
    container: record.source.container,
    containerName: record.source.containerName,
    ...(exitCode !== undefined && /^-?\d{1,9}$/.test(exitCode) && { exitCode: Number(exitCode) }),
    ...(image !== '' && { image }),
    ...told('version'),
    ...told('previousImage'),
    ...told('previousVersion'),
    ...told('health'),
  };
}
