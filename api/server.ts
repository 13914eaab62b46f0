import type { AddressInfo } from 'node:net';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { systemClock } from '../model/clock.ts';
import { FleetlogError } from '../model/errors.ts';
import { createAuditLog } from './audit/audit-log.ts';
import { registerAudit } from './audit/requests.ts';
import { createAuthenticator } from './auth/authenticator.ts';
import { createAuthChanges } from './auth/changes.ts';
import { createPasswords } from './auth/passwords.ts';
import { createSessions } from './auth/sessions.ts';
import { createSetup } from './auth/setup.ts';
import { createTokens } from './auth/tokens.ts';
import { createUsers } from './auth/users.ts';
import type { ApiApp, ApiContext, ApiDeps } from './context.ts';
import { errorBody, registerErrorAnswers } from './error-answers.ts';
import { createFleetView } from './fleet-view.ts';
import { registerGuard } from './guard.ts';
import { createLineRates } from './line-rates.ts';
import { checkListener, publicAddress, readTls } from './listener.ts';
import { measureProcess } from './process-telemetry.ts';
import { registerPushCredentials } from './push/credentials.ts';
import { createReadGate } from './read-gate.ts';
import { registerRoutes } from './routes/routes.ts';
import { registerSecurityHeaders } from './security-headers.ts';
import { createApiTelemetry } from './telemetry.ts';
import { createWatermark } from './watermark.ts';

export type { ApiDeps } from './context.ts';

export interface Api {
  /** Rejects with `bad_config` when the address is taken or not this machine's. */
  listen(): Promise<{ url: string }>;
  /** The link that makes the first user, with a fresh token; null when there is a user. Call after `listen`. */
  setupUrl(): Promise<string | null>;
  /** Ends tails, answers what is under way, then closes. Store, state and bus stay open. */
  close(): Promise<void>;
  app: FastifyInstance;
}

/** Bodies of JSON routes; `/collect` has its own limit. */
const JSON_BYTES = 1 << 20;
/** A query of 16,384 Chinese characters, percent-encoded, in the request line. */
const HEADER_BYTES = 256 << 10;
const SWEEP_MS = 3600e3;

/** Throws (rejects with) `bad_config` for a listener that is not safe; see `checkListener`. */
export async function createApi(deps: ApiDeps): Promise<Api> {
  const { config, state, log } = deps;
  checkListener(config);
  const tls = readTls(config);
  const clock = deps.clock ?? systemClock;
  const passwords = deps.passwords ?? createPasswords();
  const { oidc, mode, passwordLength } = config.auth;
  const provider = mode === 'oidc' ? { issuer: oidc.issuer, tokenDays: oidc.tokenDays } : null;
  const users = createUsers({ state, clock, passwords, passwordLength, provider });
  const { sessionIdleHours: idleHours, sessionHours: hours } = config.auth;
  const sessions = createSessions({ state, clock, users, idleHours, hours });
  const tokens = createTokens({ state, clock });
  const setup = createSetup({ state, clock, users });
  const fleet = createFleetView(state, clock);
  const gate = createReadGate(config.query);
  const live = { tails: () => 0, exports: () => 0 };
  const context: ApiContext = {
    ...deps,
    clock,
    registry: deps.telemetry,
    telemetry: createApiTelemetry(deps.telemetry, {
      running: gate.running,
      waiting: gate.waiting,
      tails: () => live.tails(),
      exports: () => live.exports(),
    }),
    fleet,
    lineRates: createLineRates({ store: deps.store, gate, clock, log }),
    audit: createAuditLog({ state, clock, log, days: config.audit.days, flushMs: config.audit.flushMs }),
    watermark: createWatermark({ fleet, clock, silentMs: config.ingest.silentMs }),
    gate,
    authenticate: createAuthenticator({ config, users, sessions, tokens }),
    changes: createAuthChanges(),
    users,
    sessions,
    tokens,
    setup,
  };

  const app = fastify(serverOptions(deps, tls)).withTypeProvider<TypeBoxTypeProvider>() as unknown as ApiApp;
  // Answers are typed against the contract and made field by field; V8's own serialiser is the fastest there is.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  registerSecurityHeaders(app, { tls: tls !== null });
  registerErrorAnswers(app, context);
  registerPushCredentials(app, context);
  registerGuard(app, context);
  registerAudit(app, context, context.audit);
  registerRequestTelemetry(app, context);
  const routes = await registerRoutes(app, context);
  live.tails = routes.tails;
  live.exports = routes.exports;
  const stopMeasuring = measureProcess(deps.telemetry);
  const sweep = setInterval(() => {
    sessions.sweep().catch((error: unknown) => log.warn({ err: error }, 'cannot remove old sessions'));
  }, SWEEP_MS);
  sweep.unref();
  app.addHook('preClose', routes.close);

  return {
    app: app as unknown as FastifyInstance,
    async listen() {
      const { host, port } = config.http;
      try {
        await app.listen({ host, port });
      } catch (cause) {
        const code = (cause as NodeJS.ErrnoException).code;
        throw new FleetlogError('bad_config', `cannot listen on ${host}:${port}: ${code ?? String(cause)}`, {
          hint:
            code === 'EADDRINUSE' ? 'set http.port (FLEETLOG_HTTP_PORT) to a free one; 0 picks one' : 'check http.host',
          cause,
        });
      }
      if (config.http.insecure) log.warn({ host }, 'http.insecure: passwords and logs travel unencrypted');
      return { url: publicAddress(config, (app.server.address() as AddressInfo).port) };
    },
    async setupUrl() {
      if (config.auth.mode === 'none') return null;
      const token = await setup.issue();
      const port = (app.server.address() as AddressInfo | null)?.port ?? config.http.port;
      return token && `${publicAddress(config, port)}/setup#${token}`;
    },
    async close() {
      clearInterval(sweep);
      stopMeasuring();
      await app.close();
    },
  };
}

function serverOptions(deps: ApiDeps, tls: ReturnType<typeof readTls>): FastifyServerOptions {
  return {
    ...(tls ? { https: { ...tls, maxHeaderSize: HEADER_BYTES } } : { http: { maxHeaderSize: HEADER_BYTES } }),
    logger: false,
    // One hop: the proxy before us. Anything further back in X-Forwarded-For the caller may have made up.
    trustProxy: deps.config.http.trustProxy ? 1 : false,
    bodyLimit: JSON_BYTES,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    requestTimeout: 120_000,
    routerOptions: { maxParamLength: 512 },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: 'array', useDefaults: false, allErrors: false } },
    frameworkErrors(error, _request, reply) {
      const known = new FleetlogError('bad_request', undefined, { hint: error.message });
      reply.raw.writeHead(known.status, { 'content-type': 'application/json; charset=utf-8' });
      reply.raw.end(JSON.stringify(errorBody(known)));
    },
  } as FastifyServerOptions;
}

function registerRequestTelemetry(app: ApiApp, { telemetry, log }: ApiContext): void {
  app.addHook('onResponse', async (request, reply) => {
    // Never the URL: it holds the query, and a caller could have put a secret there.
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
    telemetry.answered(route, request.method, reply.statusCode, reply.elapsedTime / 1000);
    const { statusCode: status, elapsedTime } = reply;
    log.debug({ request: request.id, method: request.method, route, status, ms: Math.round(elapsedTime) }, 'answered');
  });
}
