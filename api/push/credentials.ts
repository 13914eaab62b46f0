import type { FastifyRequest } from 'fastify';
import type { Config } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import { readSessionCookie } from '../auth/cookie.ts';
import type { ApiApp, ApiContext } from '../context.ts';

/**
 * Shippers send their token as their protocol has it: `Bearer`, the password of `Basic` (Filebeat, rsyslog, promtail), or
 * Elasticsearch's `ApiKey`. The last two become the first, on push routes alone. Registered before the guard, which judges the token.
 */
export function registerPushCredentials(
  app: ApiApp,
  { config, telemetry }: Pick<ApiContext, 'config' | 'telemetry'>,
): void {
  app.addHook('onRequest', async (request: FastifyRequest) => {
    if (request.is404 || request.routeOptions.config.access !== 'push') return;
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      request.headers.authorization = asBearer(authorization);
      return;
    }
    if (isAnonymousWelcome(request, config)) return;
    telemetry.refused('unauthenticated');
    throw new FleetlogError('unauthenticated', 'cannot take lines without a token', {
      hint: 'make one with `fleetlog token create NAME --role push --scope APP/ENV` and send it as `Authorization: Bearer flt_…`, or as the password of basic authentication, or as an Elasticsearch API key',
    });
  });
}

/** Without a header there may be a session, or nobody needs one; the guard says. */
function isAnonymousWelcome(request: FastifyRequest, config: Config): boolean {
  return config.auth.mode === 'none' || Boolean(readSessionCookie(request.headers.cookie, config));
}

/** The header as a bearer token when a token stands in it, else as it was. */
export function asBearer(authorization: string): string {
  const [, scheme, value] = /^(basic|apikey) +([\w+/=-]+) *$/i.exec(authorization) ?? [];
  if (scheme === undefined) return authorization;
  // `name:token` in both; what Elasticsearch calls an API key may also be sent as it is.
  const pair = Buffer.from(value, 'base64').toString('utf8');
  const token = /^[^:]*:(flt_[\w-]+)$/.exec(pair)?.[1] ?? (value.startsWith('flt_') ? value : undefined);
  return token === undefined ? authorization : `Bearer ${token}`;
}
