import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { ERRORS, type ErrorCode, FleetlogError } from '../model/errors.ts';
import { nearest } from '../model/nearest.ts';
import type { ApiApp, ApiContext } from './context.ts';
import type { ApiErrorBody } from './contract.ts';

/** Every refusal of every route is `{error:{code,message,hint?,position?,action?}}`, also those fastify makes. */
export function registerErrorAnswers(app: ApiApp, context: ApiContext): void {
  app.setErrorHandler((error: FastifyError | FleetlogError | Error, request, reply) => {
    const known = toFleetlogError(error, request);
    // Refusals for want of room are counted and go by themselves; of a part that is away an operator must read why.
    if (known.code === 'unavailable')
      context.log.warn(
        { err: error, request: request.id, route: request.routeOptions.url },
        'cannot serve a request now',
      );
    else if (known.status >= 500 && known.status !== 503) {
      context.log.error(
        { err: error, code: known.code, request: request.id, route: request.routeOptions.url },
        'cannot answer a request',
      );
    }
    return send(reply, known);
  });
}

export function notFound(request: Pick<FastifyRequest, 'method'>): FleetlogError {
  return new FleetlogError('not_found', undefined, {
    hint:
      request.method === 'GET'
        ? 'routes are listed at /api/docs'
        : 'the route or its method does not exist; see /api/docs',
  });
}

export function errorBody(error: FleetlogError): ApiErrorBody {
  const { code, hint, position } = error;
  // What broke inside is for the log; the caller gets the table's sentence.
  const message = error.status >= 500 ? ERRORS[code].message : error.message;
  const action = (error as { action?: { label: string; query: string } }).action;
  return {
    error: { code, message, ...(hint && { hint }), ...(position && { position }), ...(action && { action }) },
  };
}

export function retryAfter(error: FleetlogError): number | null {
  const own = (error as { retryAfter?: number }).retryAfter;
  return error.status === 429 || error.status === 503 ? (own ?? 1) : null;
}

function send(reply: FastifyReply, error: FleetlogError): FastifyReply {
  const seconds = retryAfter(error);
  if (seconds !== null) reply.header('retry-after', String(seconds));
  if (error.status === 401) reply.header('www-authenticate', 'Bearer realm="fleetlog"');
  return reply
    .code(error.status)
    .header('cache-control', 'no-store')
    .header('content-disposition', 'inline')
    .type('application/json; charset=utf-8')
    .send(errorBody(error));
}

const FASTIFY_CODES: Record<string, ErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_TYPE: 'unsupported_media_type',
};

function toFleetlogError(error: FastifyError | FleetlogError | Error, request: FastifyRequest): FleetlogError {
  if (error instanceof FleetlogError) return error;
  const { validation, validationContext, statusCode, code } = error as FastifyError;
  if (validation) return invalid(error as FastifyError, validationContext, request);
  if (code in FASTIFY_CODES) return new FleetlogError(FASTIFY_CODES[code], undefined, { hint: error.message });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const ours = statusCode === 404 ? 'not_found' : 'bad_request';
    return new FleetlogError(ours, undefined, { hint: error.message, cause: error });
  }
  return new FleetlogError('internal', undefined, { cause: error });
}

function invalid(error: FastifyError, where: string | undefined, request: FastifyRequest): FleetlogError {
  const [first] = error.validation ?? [];
  const path = (first?.instancePath ?? '').replace(/^\//, '').replaceAll('/', '.');
  const params = (first?.params ?? {}) as { additionalProperty?: string; allowedValues?: unknown[] };
  const place = where === 'querystring' ? 'query parameter' : where === 'params' ? 'path' : 'body';
  if (params.additionalProperty !== undefined) {
    const name = params.additionalProperty;
    const schema = (
      where === 'querystring' ? request.routeOptions.schema?.querystring : request.routeOptions.schema?.body
    ) as { properties?: Record<string, unknown> } | undefined;
    const names = path === '' ? Object.keys(schema?.properties ?? {}) : [];
    const near = nearest(name, names);
    return new FleetlogError(
      'bad_request',
      `cannot use the ${place} ${JSON.stringify(name.slice(0, 60))}: it is unknown`,
      {
        hint: near ? `did you mean ${near}?` : names.length > 0 ? `known: ${names.join(', ')}` : undefined,
      },
    );
  }
  const hint = params.allowedValues ? `one of: ${params.allowedValues.join(', ')}` : undefined;
  return new FleetlogError(
    'bad_request',
    `cannot read the ${place}${path ? ` ${path}` : ''}: ${first?.message ?? error.message}`,
    {
      hint,
    },
  );
}
