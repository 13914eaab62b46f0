import type { FastifyRequest } from 'fastify';
import { FleetlogError } from '../../model/errors.ts';
import { createRedactor } from '../../model/redaction/redaction.ts';
import { createRetentionClasses } from '../../model/retention-classes.ts';
import type { Principal } from '../auth/principal.ts';
import type { ApiContext } from '../context.ts';
import { createArrivals } from './arrivals.ts';
import { createPushBodies, type PushBodies } from './body.ts';
import { createIdentityRules, type Defaults, type IdentityRules, nameOf } from './identity.ts';
import { createIntake, type Intake } from './intake.ts';
import { createRowEncoder } from './rows.ts';
import { createSessions } from './sessions.ts';
import { createPushTelemetry } from './telemetry.ts';

export type Input = 'ndjson' | 'loki' | 'elastic' | 'otlp';

/** What the push routes share. */
export interface Push {
  bodies: PushBodies;
  rules: IdentityRules;
  /** Begins taking the lines of a request. Throws `bad_request` for a key that is none. */
  begin(request: FastifyRequest, input: Input): Intake;
  /** What is said of lines that do not say it: query parameters `app`, `env`, `host`, then the token, then the peer. */
  defaults(request: FastifyRequest, input: Input, app?: string): Defaults;
  documentBytes: number;
}

/** Null when this process takes no lines. */
export function createPush(context: ApiContext): Push | null {
  const { config, clock, collect, state, log } = context;
  if (!collect) return null;
  const bodies = createPushBodies(config.http.bodyBytes);
  const sessions = createSessions();
  const telemetry = createPushTelemetry(context.registry, { heldBytes: bodies.heldBytes, idleSessions: sessions.idle });
  const rules = createIdentityRules(config.push);
  const parts = {
    config,
    clock,
    rules,
    classes: createRetentionClasses(config.retention),
    sessions,
    telemetry,
    publish: collect,
    arrivals: createArrivals({ state, log, hours: config.push.arrivalHours }),
    encoder: createRowEncoder(createRedactor(config.collector, telemetry.redacted)),
  };

  return {
    bodies,
    rules,
    documentBytes: config.push.documentBytes,
    begin: (request, input) =>
      createIntake(parts, { principal: request.principal, input, key: idempotencyKey(request) }),
    defaults(request, input, app) {
      const { principal } = request;
      return {
        input,
        app: asked(request, 'app') ??
          only(principal, 'app') ??
          named(app, 'index') ?? { name: 'unknown', rule: 'none' },
        env: asked(request, 'env') ?? only(principal, 'env') ?? { name: 'default', rule: 'none' },
        host: asked(request, 'host')?.name ?? principal.host ?? peer(request),
        streams: input === 'loki' || input === 'otlp',
      };
    },
  };
}

interface Named {
  name: string;
  rule: string;
}

function named(value: string | undefined, rule: string): Named | null {
  const name = value === undefined ? '' : nameOf(value);
  return name === '' ? null : { name, rule };
}

function asked(request: FastifyRequest, name: string): Named | null {
  const value = (request.query as Record<string, unknown>)[name];
  return typeof value === 'string' ? named(value, `parameter ${name}`) : null;
}

/** A token for one app or env alone says what its lines are of. */
function only({ scopes, within }: Principal, field: 'app' | 'env'): Named | null {
  const values = new Set([...scopes, ...(within ?? [])].map((scope) => scope[field]));
  const [value] = values;
  return values.size === 1 && !value.includes('*') ? { name: value, rule: 'token' } : null;
}

function peer(request: FastifyRequest): string {
  return request.ip.replace(/^::ffff:/, '');
}

function idempotencyKey(request: FastifyRequest): string | null {
  const given = request.headers['idempotency-key'];
  if (given === undefined) return null;
  if (typeof given === 'string' && /^[\x21-\x7e]{1,256}$/.test(given)) return given;
  throw new FleetlogError('bad_request', 'cannot use the Idempotency-Key', {
    hint: '1 to 256 visible ASCII characters, another for each request, the same when it is sent again',
  });
}

/** Throws the first refusal, saying how many lines it concerns, when a protocol cannot name them one by one. */
export function throwRefusals(intake: Intake): void {
  const first = intake.firstRefusal();
  if (!first) return;
  const all = intake.taken() + intake.refused();
  throw new FleetlogError(first.code, `${first.message} (${intake.refused()} of ${all} lines; the others are stored)`, {
    hint: first.hint,
  });
}
