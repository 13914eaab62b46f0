import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Config } from '../../model/config.ts';
import type { ApiContext } from '../context.ts';
import { hostName, isLoopbackHost } from '../origin.ts';

/**
 * `/metrics` is free for programs on this machine, else for `http.metricsToken` and for a principal of role metrics or admin.
 */
export async function mayReadTelemetry(
  request: FastifyRequest,
  context: Pick<ApiContext, 'authenticate' | 'config'>,
): Promise<boolean> {
  const { authorization } = request.headers;
  if (isUnforwardedLoopback(request.raw) && authorization === undefined) return true;
  if (isMetricsToken(authorization, context.config)) return true;
  const principal = await context.authenticate(request);
  return principal !== null && (principal.role === 'metrics' || principal.role === 'admin');
}

/**
 * A program on this machine: a request that a proxy here passed on, or that a page in a browser was made to send under another
 * name, does not count.
 */
export function isUnforwardedLoopback(request: IncomingMessage): boolean {
  const forwarded = Object.keys(request.headers).some(
    (name) => name === 'forwarded' || name === 'via' || name.startsWith('x-forwarded-'),
  );
  const named = isLoopbackHost(hostName(request.headers.host ?? ''));
  return isLoopbackHost(request.socket.remoteAddress ?? '') && named && !forwarded;
}

/** Whether the header carries `http.metricsToken`; never when none is set. */
export function isMetricsToken(authorization: string | undefined, config: Pick<Config, 'http'>): boolean {
  const { metricsToken } = config.http;
  const [, given] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? [];
  if (metricsToken === '' || given === undefined) return false;
  // Hashed, so that neither length nor a common beginning shows in the time it takes.
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(metricsToken));
}
