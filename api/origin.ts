import type { FastifyRequest } from 'fastify';
import type { Config } from '../model/config.ts';
import { FleetlogError } from '../model/errors.ts';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

export function isLoopbackHost(host: string): boolean {
  return /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|::1|\[::1\]|::ffff:127(\.\d{1,3}){3})$/i.test(host);
}

/** The name of a `Host` header without its port. */
export function hostName(host: string): string {
  return host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : host.split(':')[0];
}

function isOwnOrigin(origin: string, request: FastifyRequest, config: Config): boolean {
  let host: string;
  try {
    host = new URL(origin).host;
    if (config.http.publicUrl && new URL(config.http.publicUrl).origin === origin) return true;
  } catch {
    return false;
  }
  return host !== '' && host.toLowerCase() === withoutDefaultPort(request.host, request.protocol).toLowerCase();
}

function withoutDefaultPort(host: string, protocol: string): string {
  return host.replace(protocol === 'https' ? /:443$/ : /:80$/, '');
}

/**
 * Whether a browser may have been made to send this by another site. Called for callers known by cookie, by `auth.mode none`, or
 * not at all (login); a bearer token is proof enough. Throws `foreign_origin`.
 */
export function assertOwnSite(request: FastifyRequest, config: Config): void {
  const refuse = (hint: string): never => {
    throw new FleetlogError('foreign_origin', undefined, { hint });
  };
  const { origin } = request.headers;
  if (origin !== undefined && !isOwnOrigin(origin, request, config))
    refuse('open Fleetlog under one address; behind a proxy set http.publicUrl to it');
  // A page whose name was made to point at 127.0.0.1 (DNS rebinding) would be everyone's admin here.
  if (config.auth.mode === 'none' && !isLoopbackHost(hostName(request.host)))
    refuse('with auth.mode none use http://localhost or http://127.0.0.1');
  if (SAFE.has(request.method)) return;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') refuse('the browser says another site sent it');
  const json = /^application\/json\b/i.test(request.headers['content-type'] ?? '');
  // A form sends only POST, and neither of these; every other method and type asks first by a preflight, which is never allowed.
  if (request.method === 'POST' && !json && request.headers['x-fleetlog'] === undefined)
    refuse('send the header x-fleetlog: 1, or a JSON body, or use a bearer token');
}
