import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiApp } from '../context.ts';
import { ErrorSchema } from '../contract.ts';
import { bodyOf } from '../push/body.ts';
import { takeLines } from '../push/ndjson.ts';
import { type Push, throwRefusals } from '../push/push.ts';
import { PushedSchema, PushQuerySchema } from '../push/shapes.ts';

/** Lines as they are, or JSON objects, one a line. */
export function registerPushNdjson(scope: ApiApp, push: Push): void {
  scope.post(
    '/api/v1/push/ndjson',
    {
      config: { access: 'push' },
      schema: {
        summary: 'Take lines, each a JSON object or text',
        tags: ['push'],
        querystring: PushQuerySchema,
        response: { 200: PushedSchema, '4xx': ErrorSchema },
      },
    },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const intake = push.begin(request, 'ndjson');
      await takeLines(bodyOf(request), intake, push.defaults(request, 'ndjson'));
      await intake.store();
      throwRefusals(intake);
      return reply.send({ stored: intake.taken() });
    },
  );
}
