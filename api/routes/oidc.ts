import type { AddressInfo } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { isCode } from '../../model/errors.ts';
import { tellAudit } from '../audit/hint.ts';
import { readBrowserCookie, setBrowserCookie } from '../auth/cookie.ts';
import { createOidcAttempts } from '../auth/oidc-attempts.ts';
import { groupsOf, personName, rightsOf } from '../auth/oidc-claims.ts';
import { createOidcPeople } from '../auth/oidc-people.ts';
import { createOidcProvider } from '../auth/oidc-provider.ts';
import { LoginMethodsSchema, type OidcRefusal } from '../auth/oidc-shapes.ts';
import { newSecret } from '../auth/secrets.ts';
import { signIn } from '../auth/sign-in.ts';
import { createThrottle } from '../auth/throttle.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema } from '../contract.ts';
import { publicAddress } from '../listener.ts';

const LOGIN = '/api/v1/oidc/login';
const CALLBACK = '/api/v1/oidc/callback';
const BROWSER_SECONDS = 3600;
/** An office shares one address, and there is nothing to guess here: only documents to be made. */
const STARTS_PER_LOGIN = 10;

/** Sign-in by the provider of `auth.oidc`: authorization code with PKCE, state and nonce. Refusals end at the login page. */
export function registerOidc(app: ApiApp, context: ApiContext): void {
  const { config, clock, state, log, telemetry, changes } = context;
  const isOn = config.auth.mode === 'oidc';
  const { oidc } = config.auth;

  app.get(
    '/api/v1/login/methods',
    {
      config: { access: 'open' },
      schema: {
        summary: 'How people sign in here',
        tags: ['people'],
        response: { 200: LoginMethodsSchema, '4xx': ErrorSchema },
      },
    },
    async () => {
      const label = oidc.label || (isOn ? new URL(oidc.issuer).hostname : '');
      return { password: config.auth.mode !== 'none', oidc: isOn ? { label, url: LOGIN } : null };
    },
  );
  if (!isOn) return;

  const provider = createOidcProvider({ config, clock, log });
  const attempts = createOidcAttempts({ state, clock });
  const people = createOidcPeople({ state, clock });
  const starts = createThrottle(config.auth.loginsPerMinute * STARTS_PER_LOGIN, clock);
  const sweep = setInterval(() => {
    attempts.sweep().catch((error: unknown) => log.warn({ err: error }, 'cannot remove old sign-ins'));
  }, 600_000);
  sweep.unref();
  app.addHook('onClose', async () => clearInterval(sweep));

  const home = (): string =>
    publicAddress(config, (app.server.address() as AddressInfo | null)?.port ?? config.http.port);

  function refuse(request: FastifyRequest, reply: FastifyReply, code: OidcRefusal, next = '/'): FastifyReply {
    telemetry.login(code === 'too_many' ? 'throttled' : 'wrong');
    tellAudit(request, { outcome: code === 'provider_down' ? 'failed' : 'refused', detail: { code } });
    const search = new URLSearchParams({ refused: code, ...(next !== '/' && { next }) });
    return reply.redirect(`/login?${search}`, 303);
  }

  app.get(
    LOGIN,
    {
      config: { access: 'open' },
      exposeHeadRoute: false,
      schema: {
        summary: 'Sign in by the provider; open it in a browser',
        tags: ['people'],
        querystring: Type.Object(
          {
            next: Type.Optional(Type.String({ maxLength: 8_192, description: 'Path of this site to go on to' })),
            here: Type.Optional(Type.Literal('1')),
          },
          { additionalProperties: false },
        ),
        response: { '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const next = localPath(request.query.next);
      // The provider sends back to the public address, and a cookie set under another name would not be there.
      const isElsewhere = request.host.toLowerCase() !== new URL(home()).host;
      if (isElsewhere && request.query.here === undefined)
        return reply.redirect(`${home()}${LOGIN}?${new URLSearchParams({ here: '1', next })}`, 303);
      const wait = starts.attempt(request.ip);
      if (wait !== null) {
        return refuse(request, reply.header('retry-after', wait), 'too_many', next);
      }
      try {
        const browser = readBrowserCookie(request.headers.cookie, config) ?? newSecret();
        const checks = await attempts.begin(browser, next);
        const url = await provider.authorizationUrl(home() + CALLBACK, checks);
        setBrowserCookie(reply, browser, BROWSER_SECONDS, config);
        return reply.redirect(url, 303);
      } catch (error) {
        if (!isCode(error, 'unavailable')) throw error;
        return refuse(request, reply, 'provider_down', next);
      }
    },
  );

  app.get(
    CALLBACK,
    { config: { access: 'open' }, exposeHeadRoute: false, schema: { hide: true } },
    async (request, reply) => {
      const callback = new URL(home() + CALLBACK);
      callback.search = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
      const stateGiven = callback.searchParams.getAll('state');
      const browser = readBrowserCookie(request.headers.cookie, config);
      const attempt = stateGiven.length === 1 ? await attempts.redeem(stateGiven[0], browser) : null;
      if (!attempt) return refuse(request, reply, 'expired');
      const { next } = attempt;
      if (callback.searchParams.get('error') === 'access_denied') return refuse(request, reply, 'denied', next);
      let claims: Record<string, unknown>;
      try {
        claims = await provider.claims(callback, attempt.checks);
      } catch (error) {
        log.warn({ err: error, from: request.ip }, 'a sign-in by the provider failed');
        if (isCode(error, 'unavailable')) return refuse(request, reply, 'provider_down', next);
        if (isCode(error, 'bad_credentials')) return refuse(request, reply, 'provider_refused', next);
        throw error;
      }
      const name = personName(claims, oidc.nameClaim);
      const subject = String(claims.sub);
      tellAudit(request, { detail: { subject, issuer: oidc.issuer, ...(name !== null && { name }) } });
      if (name === null) {
        log.warn({ subject, claim: oidc.nameClaim }, 'the provider does not name the person (auth.oidc.nameClaim)');
        return refuse(request, reply, 'no_name', next);
      }
      const groups = groupsOf(claims, oidc.groupsClaim);
      const user = await people.enter({ issuer: oidc.issuer, subject, name, rights: rightsOf(groups, oidc.groups) });
      // Their rights may be others than a moment ago, or none.
      changes.emit();
      if (typeof user === 'string') {
        log.warn({ subject, name, groups: groups.slice(0, 50), code: user }, 'a sign-in by the provider was refused');
        return refuse(request, reply, user, next);
      }
      telemetry.login('right');
      await signIn(context, request, reply, user);
      tellAudit(request, { detail: { role: user.role, scopes: user.scopes } });
      return reply.redirect(next, 303);
    },
  );
}

/** Only a path of this site: a link to us must not lead elsewhere. */
export function localPath(next: string | undefined): string {
  if (next === undefined || !/^\/(?![/\\])[\x21-\x7e]*$/.test(next)) return '/';
  const home = 'http://home.invalid';
  return URL.canParse(next, home) && new URL(next, home).origin === home ? next : '/';
}
