import type { FastifyReply } from 'fastify';
import type { Config } from '../../model/config.ts';

/**
 * `__Host-` and `Secure` wherever browsers reach us by TLS. On plain HTTP they would refuse such a cookie (Safari and Firefox
 * even on loopback), so there the plain name is used: on loopback nobody listens, elsewhere `http.insecure` was asked for.
 */
export function isSecure(config: Config): boolean {
  return config.http.tlsCert !== '' || (config.http.trustProxy && !config.http.insecure);
}

const nameOf = (config: Config): string => (isSecure(config) ? '__Host-fleetlog' : 'fleetlog');

const attributes = (config: Config): string => `Path=/; HttpOnly; SameSite=Lax${isSecure(config) ? '; Secure' : ''}`;

/** The session's value in a `Cookie` header, or null. Two of our name are none: one of them was planted. */
export function readSessionCookie(header: string | undefined, config: Config): string | null {
  return readCookie(header, nameOf(config));
}

/** Binds a sign-in at the provider to the browser that began it. Lax: the way back is a navigation from another site. */
export function readBrowserCookie(header: string | undefined, config: Config): string | null {
  return readCookie(header, `${nameOf(config)}-oidc`);
}

export function setBrowserCookie(reply: FastifyReply, value: string, seconds: number, config: Config): void {
  reply.header('set-cookie', `${nameOf(config)}-oidc=${value}; Max-Age=${seconds}; ${attributes(config)}`);
}

function readCookie(header: string | undefined, name: string): string | null {
  const prefix = `${name}=`;
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
