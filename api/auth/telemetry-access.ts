import type { FastifyRequest } from 'fastify';
import type { ApiContext } from '../context.ts';
import { isLoopbackHost } from '../origin.ts';

/**
 * `/metrics` is free for programs on this machine, else for a principal of role metrics or admin. A request that a proxy on this
 * machine passed on, or that a page in a browser was made to send under another name, does not count as local.
 */
export async function mayReadTelemetry(
  request: FastifyRequest,
  context: Pick<ApiContext, 'authenticate' | 'config'>,
): Promise<boolean> {
  const { headers } = request;
  const forwarded = Object.keys(headers).some(
    (name) => name === 'forwarded' || name === 'via' || name.startsWith('x-forwarded-'),
  );
  const local = isLoopbackHost(request.socket.remoteAddress ?? '') && isLoopbackHost(request.hostname);
  if (local && !forwarded && headers.authorization === undefined) return true;
  const principal = await context.authenticate(request);
  return principal !== null && (principal.role === 'metrics' || principal.role === 'admin');
}
