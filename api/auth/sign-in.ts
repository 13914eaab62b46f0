import type { FastifyReply, FastifyRequest } from 'fastify';
import { tellAudit } from '../audit/hint.ts';
import type { ApiContext } from '../context.ts';
import { readSessionCookie, setSessionCookie } from './cookie.ts';
import { foldName, type UserDoc } from './users.ts';

/** Gives somebody who has proved who they are a new session; the one the browser had ends, so that none can be planted. */
export async function signIn(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  user: UserDoc,
): Promise<void> {
  const { config, sessions, users, log } = context;
  const former = readSessionCookie(request.headers.cookie, config);
  const session = former && (await sessions.resolve(former));
  if (session) await sessions.end(session.id);
  setSessionCookie(reply, await sessions.create(user), config);
  await users.sawLogin(user.name);
  const who = `user:${foldName(user.name)}`;
  tellAudit(request, { actor: who, kind: 'user' });
  log.info({ who, from: request.ip }, 'signed in');
}
