import type { FastifyRequest } from 'fastify';
import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema, NothingSchema } from '../contract.ts';
import { assertDocument, bodyOf, saysJson } from '../push/body.ts';
import { readLokiJson, takeStreams } from '../push/loki.ts';
import { readLokiProtobuf } from '../push/loki-protobuf.ts';
import { type Push, throwRefusals } from '../push/push.ts';
import { PushQuerySchema } from '../push/shapes.ts';
import { inflateSnappy } from '../push/snappy.ts';

/** Loki's push API: JSON, or protobuf in a snappy block. Clients take the address with or without Loki's own path. */
export function registerPushLoki(scope: ApiApp, push: Push, { config }: ApiContext): void {
  const limit = config.http.bodyBytes;

  async function take(request: FastifyRequest): Promise<void> {
    const body = bodyOf(request);
    const json = saysJson(request);
    const intake = push.begin(request, 'loki');
    if (json) assertDocument(body, push.documentBytes);
    const streams = json
      ? readLokiJson(body)
      : readLokiProtobuf(inflateSnappy(body, limit, (bytes) => push.bodies.hold(request, bytes)));
    await takeStreams(streams, intake, push.defaults(request, 'loki'));
    await intake.store();
    throwRefusals(intake);
  }

  for (const url of ['/api/v1/push/loki', '/api/v1/push/loki/loki/api/v1/push']) {
    scope.post(
      url,
      {
        config: { access: 'push' },
        schema: {
          summary: "Take streams of Loki's push API, JSON or snappy protobuf",
          tags: ['push'],
          querystring: PushQuerySchema,
          response: { 204: NothingSchema, '4xx': ErrorSchema },
        },
      },
      async (request, reply) => {
        await take(request as FastifyRequest);
        return reply.code(204).send();
      },
    );
  }
}
