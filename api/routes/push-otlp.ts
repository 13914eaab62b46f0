import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiApp } from '../context.ts';
import { type ApiErrorBody, ErrorSchema } from '../contract.ts';
import { assertDocument, bodyOf, saysJson } from '../push/body.ts';
import { takeResources } from '../push/otlp.ts';
import { readOtlpJson } from '../push/otlp-json.ts';
import { readOtlpProtobuf } from '../push/otlp-protobuf.ts';
import { bytesField, varintField } from '../push/protobuf.ts';
import { type Push, throwRefusals } from '../push/push.ts';
import { ForeignSchema, PushQuerySchema } from '../push/shapes.ts';

const PROTOBUF = 'application/x-protobuf';

/** OpenTelemetry's OTLP/HTTP for logs; answers have the type of the request. */
export function registerPushOtlp(scope: ApiApp, push: Push): void {
  scope.post(
    '/api/v1/push/otlp/v1/logs',
    {
      config: { access: 'push' },
      schema: {
        summary: 'Take logs of OpenTelemetry (OTLP/HTTP), protobuf or JSON',
        tags: ['push'],
        querystring: PushQuerySchema,
        response: { 200: ForeignSchema, '4xx': ErrorSchema },
      },
      async onSend(request, reply, payload) {
        if (reply.statusCode < 400 || saysJson(request) || typeof payload !== 'string') return payload;
        reply.type(PROTOBUF);
        return statusMessage(reply.statusCode, (JSON.parse(payload) as ApiErrorBody).error);
      },
    },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const body = bodyOf(request);
      const json = saysJson(request);
      const intake = push.begin(request, 'otlp');
      if (json) assertDocument(body, push.documentBytes);
      const resources = json ? readOtlpJson(body) : readOtlpProtobuf(body);
      await takeResources(resources, intake, push.rules, push.defaults(request, 'otlp'));
      await intake.store();
      if (intake.taken() === 0) throwRefusals(intake);
      const rejected = intake.refused();
      const why = intake.firstRefusal()?.message ?? '';
      if (json) {
        const partialSuccess = { rejectedLogRecords: String(rejected), errorMessage: why };
        return reply.send(rejected === 0 ? {} : { partialSuccess });
      }
      const partial = Buffer.concat([varintField(1, rejected), bytesField(2, why)]);
      return reply.type(PROTOBUF).send(rejected === 0 ? Buffer.alloc(0) : bytesField(1, partial));
    },
  );
}

/** google.rpc.Code by HTTP status. */
const RPC_CODES: Readonly<Record<number, number>> = { 401: 16, 403: 7, 404: 5, 413: 8, 429: 8, 500: 13, 503: 14 };
const INVALID_ARGUMENT = 3;

/** `google.rpc.Status`, which OTLP clients read errors from. */
function statusMessage(status: number, { message, hint }: ApiErrorBody['error']): Buffer {
  const text = hint ? `${message} (${hint})` : message;
  return Buffer.concat([varintField(1, RPC_CODES[status] ?? INVALID_ARGUMENT), bytesField(2, text)]);
}
