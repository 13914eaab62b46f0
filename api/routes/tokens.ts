import { Type } from 'typebox';
import { FleetlogError } from '../../model/errors.ts';
import { EVERYTHING, type Principal } from '../auth/principal.ts';
import type { TokenDoc } from '../auth/tokens.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import {
  type ApiToken,
  ErrorSchema,
  ListOf,
  NothingSchema,
  type Role,
  TokenCreatedSchema,
  TokenCreateSchema,
  TokenSchema,
} from '../contract.ts';
import { formatMaybe, formatTime } from '../times.ts';

const Named = Type.Object({ id: Type.String({ pattern: '^[a-z0-9]{12}$' }) });
/** They outlive the person who made them: a host must not fall silent because an operator has left. */
const MACHINE_ROLES: readonly Role[] = ['collector', 'push', 'metrics'];

export function registerTokens(app: ApiApp, context: ApiContext): void {
  const { tokens, log, changes } = context;

  app.get(
    '/api/v1/tokens',
    {
      config: { access: 'read' },
      schema: {
        summary: 'Tokens; a reader sees their own',
        tags: ['people'],
        response: { 200: ListOf(TokenSchema), '4xx': ErrorSchema },
      },
    },
    async ({ principal }) => {
      const items = (await tokens.list()).filter((token) => owns(principal, token)).map(apiToken);
      return { items, next: null, notes: [] };
    },
  );

  app.post(
    '/api/v1/tokens',
    {
      config: { access: 'read' },
      schema: {
        summary: 'Make a token; its secret is shown this once',
        tags: ['people'],
        body: TokenCreateSchema,
        response: { 201: TokenCreatedSchema, '4xx': ErrorSchema },
      },
    },
    async ({ principal, body }, reply) => {
      const role = body.role ?? 'reader';
      if (principal.role !== 'admin' && (role !== 'reader' || !principal.owner)) {
        throw new FleetlogError('forbidden', undefined, { hint: 'readers make tokens of role reader for themselves' });
      }
      if (role === 'collector' && !body.host) {
        throw new FleetlogError('bad_request', 'cannot make a collector token without host', {
          hint: 'name the one host it may write, as collector.host has it',
        });
      }
      if (role !== 'collector' && role !== 'push' && body.host !== undefined)
        throw new FleetlogError('bad_request', 'cannot use host: only tokens of role collector or push have one');
      const { token, secret } = await tokens.create({
        name: body.name,
        role,
        scopes: body.scopes ?? (principal.role === 'admin' ? [...EVERYTHING] : principal.scopes),
        host: body.host ?? null,
        createdBy: principal.name,
        owner: MACHINE_ROLES.includes(role) ? null : principal.owner,
        days: body.days,
      });
      log.info({ who: principal.id, token: token.id, role }, 'made a token');
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ token: apiToken(token), secret });
    },
  );

  app.delete(
    '/api/v1/tokens/:id',
    {
      config: { access: 'read' },
      schema: {
        summary: 'Revoke a token',
        tags: ['people'],
        params: Named,
        response: { 204: NothingSchema, '4xx': ErrorSchema },
      },
    },
    async ({ principal, params }, reply) => {
      const token = await tokens.get(params.id);
      if (!token || !owns(principal, token)) throw new FleetlogError('not_found', 'cannot find that token');
      await tokens.remove(params.id);
      changes.emit();
      log.info({ who: principal.id, token: params.id }, 'revoked a token');
      return reply.code(204).send();
    },
  );
}

function owns(principal: Principal, token: TokenDoc): boolean {
  return principal.role === 'admin' || (principal.owner !== null && token.owner === principal.owner);
}

/** Field by field: the hash stays here. */
function apiToken(token: TokenDoc): ApiToken {
  return {
    id: token.id,
    name: token.name,
    role: token.role,
    scopes: token.scopes,
    host: token.host,
    createdAt: formatTime(token.createdAt),
    createdBy: token.createdBy,
    expiresAt: formatMaybe(token.expiresAt),
    lastUsedAt: formatMaybe(token.lastUsedAt),
  };
}
