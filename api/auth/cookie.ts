import type { FastifyReply } from 'fastify';
import type { Config } from '../../model/config.ts';

/**
 * `__Host-` and `Secure` wherever browsers reach us by TLS. On plain HTTP they would refuse such a cookie (Safari and Firefox
 * even on loopback), so there the plain name is used: on loopback nobody listens, elsewhere `http.insecure` was asked for.
 */
function secure(config: Config): boolean {
  return config.http.tlsCert !== '' || (config.http.trustProxy && !config.http.insecure);
}

const nameOf = (config: Config): string => (secure(config) ? '__Host-fleetlog' : 'fleetlog');

const attributes = (config: Config): string => `Path=/; HttpOnly; SameSite=Lax${secure(config) ? '; Secure' : ''}`;

/** The session's value in a `Cookie` header, or null. Two of our name are none: one of them was planted. */
export function readSessionCookie(header: string | undefined, config: Config): string | null {
  const prefix = `${nameOf(config)}=`;
  const values = (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(prefix));
  const value = values.length === 1 ? values[0].slice(prefix.length) : '';
  return /^[A-Za-z0-9_-]{43}$/.test(value) ? value : null;
}

export function setSessionCookie(reply: FastifyReply, value: string, config: Config): void {
  const age = config.auth.sessionHours * 3600;
  reply.header('set-cookie', `${nameOf(config)}=${value}; Max-Age=${age}; ${attributes(config)}`);
}

export function clearSessionCookie(reply: FastifyReply, config: Config): void {
  reply.header('set-cookie', `${nameOf(config)}=; Max-Age=0; ${attributes(config)}`);
}
