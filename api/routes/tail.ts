import { FleetlogError } from '../../model/errors.ts';
import { noteStream } from '../audit/requests.ts';
import { mayAccess } from '../auth/principal.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema, TailQuerySchema } from '../contract.ts';
import { goneSignal } from '../gone.ts';
import { resolveQuery } from '../log-request.ts';
import { assertOwnSite } from '../origin.ts';
import { createArrivals } from '../tail/arrivals.ts';
import { startTail, tooManyTails } from '../tail/connection.ts';
import { decodePosition } from '../tail/position.ts';
import { createTailPump } from '../tail/pump.ts';

/** While no host has reported yet, a resumed tail looks back this far, µs. */
const BLIND_FLOOR = 600e6;

/** Returns how many tails are open, and how to end them all. */
export function registerTail(app: ApiApp, context: ApiContext): { open: () => number; close: () => Promise<void> } {
  const { config, clock } = context;
  const arrivals = createArrivals({ bus: context.bus, nowMs: () => clock.monotonicMs() });
  const pump = createTailPump(arrivals);
  const tails = new Set<{ end(reason: 'revoked' | 'shutdown'): void }>();
  const startedAt = clock.nowUs();
  let floor = startedAt - BLIND_FLOOR;
  let nextFloor = floor;
  // The value of the tick before: by now everything it speaks of has arrived.
  const floorTimer = setInterval(() => {
    floor = nextFloor;
    context.watermark.floor().then(
      (time) => {
        nextFloor = time ?? nextFloor;
      },
      (error: unknown) => context.log.warn({ err: error }, 'cannot read how far hosts have come'),
    );
  }, 1_000);
  floorTimer.unref();

  app.get(
    '/api/v1/logs/tail',
    {
      config: { access: 'read' },
      exposeHeadRoute: false,
      schema: {
        summary: 'Lines as they come: server-sent events record, skipped, watermark, end',
        description:
          'Send the last id as `Last-Event-ID` to go on without a hole. A record may come twice: compare its `id`.',
        tags: ['logs'],
        querystring: TailQuerySchema,
        response: { '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { query: q, principal } = request;
      // Validates the query while an error can still be answered.
      resolveQuery(q, principal);
      const lastId = request.headers['last-event-id'];
      const resume = typeof lastId === 'string' && lastId !== '' ? decodePosition(lastId) : null;
      if (lastId && !resume)
        throw new FleetlogError('bad_cursor', 'cannot read Last-Event-ID', {
          hint: 'send the last id of a tail, unchanged',
        });
      if (tails.size >= config.query.maxTails) throw tooManyTails(tails.size);
      if (principal.kind !== 'token') assertOwnSite(request, config);

      const signal = goneSignal(reply);
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
      raw.socket?.setNoDelay(true);
      raw.write('retry: 1000\n\n');
      const tail = startTail(
        { context, arrivals, pump, floor: () => floor },
        {
          raw,
          signal,
          principal,
          treeFor: (who) => resolveQuery(q, who).tree,
          async recheck() {
            const now = await context.authenticate(request);
            return now && mayAccess(now, 'read') ? now : null;
          },
          resume,
          last: q.last ?? 0,
        },
      );
      tails.add(tail);
      noteStream(context, request, 'logs.tail');
      raw.once('close', () => {
        tails.delete(tail);
        noteStream(context, request, 'logs.tail.end', { rows: tail.rows() });
      });
    },
  );

  return {
    open: () => tails.size,
    async close() {
      clearInterval(floorTimer);
      for (const tail of tails) tail.end('shutdown');
      await arrivals.close();
    },
  };
}
