import type { FastifyRequest } from 'fastify';
import { Gauge } from 'prom-client';
import type { Principal } from '../auth/principal.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { seesEverything } from '../scope.ts';
import { formatTime, parseRange } from '../times.ts';
import { type AuditAction, actionOf } from './actions.ts';
import type { AuditLog } from './audit-log.ts';
import type { AuditFact } from './entry.ts';
import { tellAudit } from './hint.ts';
import { createRepeats } from './repeats.ts';

/**
 * Takes down every request that signs in or out, reads log lines, changes something, or is refused, by one hook over all routes: a
 * route added later is covered. Changes are answered when their entry is durable; reads do not wait.
 */
export function registerAudit(app: ApiApp, context: ApiContext, audit: AuditLog): void {
  const { config, clock } = context;
  const repeats = createRepeats((fact) => audit.note(fact), clock);
  app.decorateRequest('audit', null);
  new Gauge({
    name: 'fleetlog_api_audit_waiting',
    help: 'Entries of the audit log that are not durable yet; more than a few for long: the state store does not take them.',
    registers: [context.registry],
    collect() {
      this.set(audit.waiting());
    },
  });

  const wanted = (request: FastifyRequest): AuditAction | null => {
    const action = actionOf(request.method, request.routeOptions.url ?? '');
    return action?.reads && !config.audit.reads ? null : action;
  };

  app.addHook('preHandler', async (request) => {
    const action = request.is404 ? null : wanted(request);
    if (!action) return;
    audit.assertRoom();
    if (action.reads) tellAudit(request, { detail: rangeOf(request, context) });
  });

  app.addHook('onSend', async (request, reply, payload) => {
    if (request.is404) return;
    const status = reply.statusCode;
    const answer =
      typeof payload === 'string' && (status >= 400 || request.method !== 'GET') ? readJson(payload) : null;
    const code = (answer?.error as { code?: string } | undefined)?.code ?? null;
    const action = wanted(request);
    const isRefused = request.audit?.outcome === 'refused' || code === 'too_many_logins';
    if (status === 401 || status === 403 || isRefused) {
      repeats.add(refusal(request, action, code));
      return;
    }
    // A read that was malformed has shown nothing, and one that went through a redirect is told by its hint.
    if (!action || (action.reads && status >= 400 && status < 500 && status !== 404)) return;
    const fact = factOf(
      request,
      action,
      status >= 400 ? { outcome: 'failed', code } : { outcome: 'ok', code: null },
      answer,
    );
    if (action.reads) audit.note(fact);
    else await audit.write(fact);
  });

  // After the last answers, before the log is closed.
  app.addHook('onClose', async () => {
    repeats.close();
    await audit.close();
  });
}

function refusal(request: FastifyRequest, action: AuditAction | null, code: string | null): AuditFact {
  const route = `${request.method} ${request.routeOptions.url}`;
  const fact = factOf(request, action ?? { action: 'request' }, { outcome: 'refused', code }, null);
  return action ? fact : { ...fact, target: route, detail: { code } };
}

function factOf(
  request: FastifyRequest,
  { action, reads }: AuditAction,
  result: { outcome: AuditFact['outcome']; code: string | null },
  answer: Record<string, unknown> | null,
): AuditFact {
  const principal = request.principal as Principal | null;
  const hint = request.audit ?? {};
  const detail: Record<string, unknown> = {
    ...(reads ? readDetail(request, principal) : changeDetail(request)),
    ...(action === 'change' && { route: `${request.method} ${request.routeOptions.url}` }),
    ...hint.detail,
    ...(result.code !== null && { code: result.code }),
  };
  return {
    actor: hint.actor ?? principal?.id ?? 'unknown',
    kind: hint.kind ?? principal?.kind ?? 'unknown',
    ip: request.ip,
    action,
    target: hint.target ?? targetOf(request, answer),
    detail,
    outcome: hint.outcome ?? result.outcome,
  };
}

/** An entry of an answer that has no end yet, or has come to it: tails and exports. */
export function noteStream(
  context: ApiContext,
  request: FastifyRequest,
  action: string,
  detail: Record<string, unknown> = {},
): void {
  if (!context.config.audit.reads) return;
  const fact = factOf(request, { action, reads: true }, { outcome: 'ok', code: null }, null);
  context.audit.note({ ...fact, detail: { ...fact.detail, ...detail } });
}

/** The question as it was put, and under which scope it was answered. A cursor only says that it was a further page. */
function readDetail(request: FastifyRequest, principal: Principal | null): Record<string, unknown> {
  const { cursor, ...asked } = (request.query ?? {}) as Record<string, unknown>;
  const isBound = principal !== null && !seesEverything(principal);
  return {
    ...asked,
    ...(cursor !== undefined && { furtherPage: true }),
    ...(isBound && { scopes: principal.scopes, ...(principal.within && { within: principal.within }) }),
  };
}

/** The range as it is resolved now: `now-15m` says nothing a year later. */
function rangeOf(request: FastifyRequest, { clock, config }: ApiContext): Record<string, unknown> {
  const asked = (request.query ?? {}) as { from?: string; to?: string; cursor?: string };
  const isRanged = /\/logs(\/(histogram|facets|fields|patterns|export))?$/.test(request.routeOptions.url ?? '');
  if (!isRanged || (asked.cursor !== undefined && asked.from === undefined)) return {};
  try {
    const { from, to } = parseRange(asked, clock.nowUs(), config.query);
    return { from: formatTime(from), to: formatTime(to) };
  } catch {
    // The route refuses it, with the reason.
    return {};
  }
}

/** Fields of a change that are worth keeping and are no secret: an allow-list, so that a new field is left out until somebody looked. */
const KEPT = ['role', 'scopes', 'disabled', 'host', 'days', 'shared', 'query'] as const;

function changeDetail(request: FastifyRequest): Record<string, unknown> {
  const body = request.body;
  if (typeof body !== 'object' || body === null || Buffer.isBuffer(body)) return {};
  const given = body as Record<string, unknown>;
  const detail: Record<string, unknown> = {};
  for (const name of KEPT) if (given[name] !== undefined) detail[name] = given[name];
  if (given.password !== undefined && request.method === 'PATCH') detail.password = 'changed';
  return detail;
}

/** What was changed: the name in the path, else the id in the answer, else the name in the body. */
function targetOf(request: FastifyRequest, answer: Record<string, unknown> | null): string | null {
  const params = (request.params ?? {}) as Record<string, string>;
  const named = params.name ?? params.id ?? params.host;
  if (named !== undefined) return named;
  const made = (answer?.token as { id?: string } | undefined)?.id ?? answer?.id;
  if (typeof made === 'string') return made;
  // Not at sign-in: people type their password where the name belongs.
  const isSignIn = /\/(login|setup|password)$/.test(request.routeOptions.url ?? '');
  const name = isSignIn ? undefined : (request.body as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name : null;
}

function readJson(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}
