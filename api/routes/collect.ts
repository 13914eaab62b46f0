import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { ERRORS, FleetlogError } from '../../model/errors.ts';
import { decodeBatch, frameLength } from '../../transport/batch-codec.ts';
import type { Principal } from '../auth/principal.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema, NothingSchema } from '../contract.ts';
import { inflateBody } from '../inflate.ts';

/** Bodies held at once, over all collectors, as a multiple of the largest one allowed; more wait at the collector. */
const BODIES_HELD = 4;

type Holding = FastifyRequest & { heldBytes: number };

/**
 * Batches from collectors on other hosts. 204 means the store has all of them; 429 and 503 mean send the same again later, which is
 * harmless: the store de-duplicates by position.
 */
export function registerCollect(app: ApiApp, context: ApiContext): void {
  const { config, collect, telemetry, log } = context;
  if (!collect) return;
  const limit = config.http.bodyBytes;
  let held = 0;

  app.register(async (scope) => {
    scope.decorateRequest('heldBytes', 0);
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) =>
      inflateBody(payload, request.headers['content-encoding'], (bytes) => {
        held += bytes;
        const mine = request as Holding;
        mine.heldBytes += bytes;
        if (mine.heldBytes > limit) {
          throw new FleetlogError('body_too_large', undefined, {
            hint: `at most ${limit} bytes after inflating (http.bodyBytes)`,
          });
        }
        if (held > BODIES_HELD * limit) {
          throw new FleetlogError('too_many_requests', 'cannot take batches now: others are being stored', {
            hint: 'send them again',
          });
        }
      }),
    );
    scope.post(
      '/api/v1/collect',
      {
        config: { access: 'collect' },
        bodyLimit: limit,
        schema: {
          summary: 'Take batches of a collector on another host',
          tags: ['collect'],
          response: { 204: NothingSchema, '4xx': ErrorSchema },
        },
        onRequest: async (request, reply) => {
          const mine = request as unknown as Holding;
          reply.raw.once('close', () => {
            held -= mine.heldBytes;
          });
        },
      },
      async (request, reply) => {
        const body = request.body as Buffer | undefined;
        if (!body || body.length === 0) throw new FleetlogError('bad_batch', 'cannot decode batch: the body is empty');
        const batches = split(body);
        for (const batch of batches) assertOwnHost(batch, request.principal, log);
        // Handed over at once and in order: the bus keeps their order and waits for all of them together.
        await Promise.all(batches.map((batch) => collect(batch, request.principal)));
        telemetry.collected(batches.length, body.length);
        return reply.code(204).send();
      },
    );
  });
}

function split(body: Buffer): Buffer[] {
  const batches: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const length = frameLength(body, at);
    if (length === null || at + length > body.length)
      throw new FleetlogError('bad_batch', `cannot decode batch ${batches.length}: it is cut off or no batch`);
    // A copy of its own: a view would keep the whole body alive as long as one batch of it.
    batches.push(Buffer.from(Uint8Array.prototype.slice.call(body, at, at + length).buffer));
    at += length;
  }
  return batches;
}

/** Throws `bad_batch`, or `forbidden` when a batch speaks for another host. */
function assertOwnHost(encoded: Buffer, principal: Principal, log: ApiContext['log']): void {
  const batch = decodeBatch(encoded);
  const host = batch.kind === 'status' || batch.kind === 'samples' ? batch.host : batch.source.host;
  if (host === principal.host) return;
  log.warn(
    { who: principal.id, host: String(host).slice(0, 128), may: principal.host },
    'refused batches for another host',
  );
  throw new FleetlogError('forbidden', ERRORS.forbidden.message, {
    hint: `this token may write only host ${JSON.stringify(principal.host)}; set collector.host, or make a token for that host`,
  });
}
