import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FleetlogError } from '../../model/errors.ts';
import { noteStream } from '../audit/requests.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema, ExportQuerySchema } from '../contract.ts';
import { EXPORT_FORMATS } from '../export-formats.ts';
import { goneSignal } from '../gone.ts';
import { resolveQuery, resolveRange } from '../log-request.ts';

/** Bytes of one piece of the answer: about a millisecond's work. */
const PIECE_BYTES = 128 << 10;

/** Returns how many exports run. */
export function registerExport(app: ApiApp, context: ApiContext): () => number {
  const { config, store, clock, telemetry } = context;
  let running = 0;
  app.get(
    '/api/v1/logs/export',
    {
      config: { access: 'read' },
      schema: {
        summary: 'All lines of a query as a file of any size',
        tags: ['logs'],
        querystring: ExportQuerySchema,
        response: { '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { principal, query: q } = request;
      const asked = resolveQuery(q, principal);
      const range = resolveRange(q, clock, config);
      const format = EXPORT_FORMATS[q.format ?? 'ndjson'];
      if (running >= config.query.maxExports) {
        throw new FleetlogError('too_many_requests', `cannot export now: ${running} exports are running`, {
          hint: 'wait until one is done (query.maxExports)',
        });
      }
      const signal = goneSignal(reply);
      running++;
      context.log.info(
        { who: principal.id, from: range.from, to: range.to, format: q.format ?? 'ndjson' },
        'export begins',
      );

      async function* pieces(): AsyncGenerator<Buffer> {
        const line = format.lines();
        let rows = 0;
        try {
          if (format.head) yield Buffer.from(format.head);
          for await (const records of store.scan({ query: asked.tree, ...range, order: q.order ?? 'asc', signal })) {
            // Record by record: one string of many is made wide by a single Chinese character, and slow to encode.
            let piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
            let used = 0;
            for (const record of records) {
              const text = line(record);
              if (used > 0 && used + 3 * text.length > piece.length) {
                yield piece.subarray(0, used);
                await nextTurn();
                used = 0;
                piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
              }
              if (3 * text.length > piece.length) piece = Buffer.allocUnsafeSlow(3 * text.length);
              used += piece.write(text, used);
            }
            rows += records.length;
            telemetry.exported(records.length);
            if (used > 0) yield piece.subarray(0, used);
            await nextTurn();
          }
        } catch (error) {
          // The status is sent; only a broken connection still tells the reader that the file is not whole.
          if (!signal.aborted) context.log.error({ err: error, who: principal.id, rows }, 'cannot finish an export');
          throw error;
        } finally {
          context.log.info({ who: principal.id, rows, cancelled: signal.aborted }, 'export ends');
          noteStream(context, request, 'logs.export.end', { rows, cancelled: signal.aborted });
        }
      }

      const body = Readable.from(pieces(), { objectMode: false, highWaterMark: 256 << 10 });
      // Also when the caller leaves before the first piece, when the generator never runs.
      body.once('close', () => {
        running--;
      });
      const name = `fleetlog-${new Date(range.from / 1000).toISOString().slice(0, 19).replaceAll(':', '')}.${format.extension}`;
      return reply
        .header('content-disposition', `attachment; filename="${name}"`)
        .header('cache-control', 'no-store')
        .type(format.type)
        .send(body as never);
    },
  );
  return () => running;
}
