import type { FastifyRequest } from 'fastify';
import type { Config } from '../../model/config.ts';
import type { Role } from '../contract.ts';
import { readSessionCookie } from './cookie.ts';
import { ANONYMOUS, type Principal } from './principal.ts';
import type { Sessions } from './sessions.ts';
import type { TokenDoc, Tokens } from './tokens.ts';
import { foldName, type UserDoc, type Users } from './users.ts';

/** Who makes this request, or null. A bearer token counts before a cookie, and a wrong one is not made up for by a right cookie. */
export type Authenticate = (request: Pick<FastifyRequest, 'headers'>) => Promise<Principal | null>;

export function createAuthenticator(options: {
  config: Config;
  users: Users;
  sessions: Sessions;
  tokens: Tokens;
}): Authenticate {
  const { config, users, sessions, tokens } = options;
  return async (request) => {
    const { authorization, cookie } = request.headers;
    if (authorization !== undefined) {
      const bearer = /^bearer +(\S+) *$/i.exec(authorization);
      const token = bearer && (await tokens.resolve(bearer[1]));
      return token ? tokenPrincipal(token, users) : null;
    }
    if (config.auth.mode === 'none') return ANONYMOUS;
    const value = readSessionCookie(cookie, config);
    const session = value && (await sessions.resolve(value));
    return session ? userPrincipal(session.user, session.id) : null;
  };
}

export function userPrincipal(user: UserDoc, session: string | null): Principal {
  return {
    id: `user:${foldName(user.name)}`,
    name: user.name,
    kind: 'user',
    role: user.role,
    scopes: user.scopes,
    within: null,
    host: null,
    owner: foldName(user.name),
    session,
  };
}

/** A person's token ends with the person and never has more than they have now. */
async function tokenPrincipal(token: TokenDoc, users: Users): Promise<Principal | null> {
  const owner = token.owner === null ? null : await users.get(token.owner);
  if (token.owner !== null && (!owner || !users.isVouchedFor(owner))) return null;
  // Somebody else may have the name by now.
  if (owner && token.createdAt < owner.createdAt) return null;
  const role: Role = token.role === 'admin' && owner && owner.role !== 'admin' ? 'reader' : token.role;
  return {
    id: `token:${token.id}`,
    name: token.name,
    kind: 'token',
    role,
    scopes: token.scopes,
    within: owner?.scopes ?? null,
    host: token.host,
    owner: token.owner,
    session: null,
  };
}
