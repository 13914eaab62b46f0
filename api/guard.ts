import type { FastifyReply, FastifyRequest } from 'fastify';
import { FleetlogError } from '../model/errors.ts';
import { mayAccess } from './auth/principal.ts';
import type { ApiApp, ApiContext } from './context.ts';
import { assertOwnSite } from './origin.ts';

/**
 * Runs before every route. A route says in its config who may call it; one that says nothing is for nobody, so that a route
 * added in haste is closed and not open.
 */
export function registerGuard(app: ApiApp, context: ApiContext): void {
  app.decorateRequest('principal', null as never);
  app.addHook('onRequest', async (request: FastifyRequest, _reply: FastifyReply) => {
    if (request.is404) return;
    const { access } = request.routeOptions.config;
    if (access === 'peer') return;
    if (access === 'open') {
      if (request.method !== 'GET' && request.method !== 'HEAD') assertOwnSite(request, context.config);
      return;
    }
    const principal = await context.authenticate(request);
    if (!principal) {
      context.telemetry.refused('unauthenticated');
      throw new FleetlogError('unauthenticated', undefined, {
        hint: 'sign in, or send a token as `Authorization: Bearer flt_…`',
      });
    }
    request.principal = principal;
    try {
      if (principal.kind !== 'token') assertOwnSite(request, context.config);
      if (!access || !mayAccess(principal, access)) {
        throw new FleetlogError('forbidden', undefined, { hint: `a ${principal.role} may not use this route` });
      }
    } catch (error) {
      const code = error instanceof FleetlogError ? error.code : 'forbidden';
      context.telemetry.refused(code);
      const { method, url } = request.routeOptions;
      context.log.warn({ code, who: principal.id, method, route: url, from: request.ip }, 'refused a request');
      throw error;
    }
  });
}
