import type { FastifyReply, FastifyRequest } from 'fastify';
import { FleetlogError } from '../../model/errors.ts';
import { tellAudit } from '../audit/hint.ts';
import { userPrincipal } from '../auth/authenticator.ts';
import { clearSessionCookie } from '../auth/cookie.ts';
import type { Principal } from '../auth/principal.ts';
import { signIn } from '../auth/sign-in.ts';
import { createThrottle } from '../auth/throttle.ts';
import { foldName, type UserDoc } from '../auth/users.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import {
  ErrorSchema,
  LoginSchema,
  type Me,
  MeSchema,
  NothingSchema,
  PasswordChangeSchema,
  SetupSchema,
} from '../contract.ts';

/** Coming in, going out, and who one is. */
export function registerPeople(app: ApiApp, context: ApiContext): void {
  const { config, users, sessions, log, telemetry, changes } = context;
  const addresses = createThrottle(config.auth.loginsPerMinute, context.clock);
  const names = createThrottle(config.auth.loginsPerMinute, context.clock);

  const me = (principal: Principal): Me => ({
    name: principal.name,
    kind: principal.kind,
    role: principal.role,
    scopes: principal.scopes,
    version: context.version,
    insecure: config.http.insecure,
  });

  /** Counts an attempt against address and name; throws `too_many_logins`. */
  function throttle(request: FastifyRequest, name: string): void {
    const wait = Math.max(addresses.attempt(request.ip) ?? 0, names.attempt(foldName(name)) ?? 0);
    if (wait === 0) return;
    telemetry.login('throttled');
    log.warn({ from: request.ip }, 'too many logins');
    const error = new FleetlogError('too_many_logins', undefined, { hint: `try again in ${wait} s` });
    throw Object.assign(error, { retryAfter: wait });
  }

  async function enter(request: FastifyRequest, reply: FastifyReply, user: UserDoc): Promise<Me> {
    await signIn(context, request, reply, user);
    return me(userPrincipal(user, null));
  }

  app.post(
    '/api/v1/login',
    {
      config: { access: 'open' },
      schema: {
        summary: 'Sign in',
        tags: ['people'],
        body: LoginSchema,
        response: { 200: MeSchema, '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { name, password } = request.body;
      throttle(request, name);
      const user = await users.verify(name, password);
      if (!user) {
        telemetry.login('wrong');
        log.warn({ from: request.ip }, 'a login failed');
        // Only a name that exists: people type their password where the name belongs.
        if (await users.get(name)) tellAudit(request, { actor: `user:${foldName(name)}`, kind: 'user' });
        throw new FleetlogError('bad_credentials');
      }
      telemetry.login('right');
      names.clear(foldName(name));
      return enter(request, reply, user);
    },
  );

  app.post(
    '/api/v1/setup',
    {
      config: { access: 'open' },
      schema: {
        summary: 'Make the first user, with the token of the link that the first start prints',
        tags: ['people'],
        body: SetupSchema,
        response: { 200: MeSchema, '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { token, name, password } = request.body;
      throttle(request, name);
      const user = await context.setup.redeem(token, name, password);
      log.info({ who: `user:${foldName(user.name)}`, from: request.ip }, 'set up the first user');
      return enter(request, reply, user);
    },
  );

  app.post(
    '/api/v1/logout',
    {
      config: { access: 'any' },
      schema: { summary: 'Sign out', tags: ['people'], response: { 204: NothingSchema, '4xx': ErrorSchema } },
    },
    async ({ principal, ip }, reply) => {
      if (principal.session) await sessions.end(principal.session);
      clearSessionCookie(reply, config);
      changes.emit();
      log.info({ who: principal.id, from: ip }, 'signed out');
      return reply.code(204).send();
    },
  );

  app.get(
    '/api/v1/me',
    {
      config: { access: 'any' },
      schema: { summary: 'Who I am', tags: ['people'], response: { 200: MeSchema, '4xx': ErrorSchema } },
    },
    async ({ principal }) => me(principal),
  );

  app.post(
    '/api/v1/me/password',
    {
      config: { access: 'any' },
      schema: {
        summary: 'Change my password; every other session of mine ends',
        tags: ['people'],
        body: PasswordChangeSchema,
        response: { 200: MeSchema, '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { principal } = request;
      if (principal.kind !== 'user')
        throw new FleetlogError('forbidden', undefined, { hint: 'only people have passwords' });
      throttle(request, principal.name);
      if (!(await users.verify(principal.name, request.body.old))) throw new FleetlogError('bad_credentials');
      const user = await users.change(principal.name, { password: request.body.password });
      changes.emit();
      return enter(request, reply, user);
    },
  );
}
