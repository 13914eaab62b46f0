import { Type } from 'typebox';
import type { UserDoc } from '../auth/users.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import {
  type ApiUser,
  ErrorSchema,
  ListOf,
  NothingSchema,
  UserChangeSchema,
  UserCreateSchema,
  UserSchema,
} from '../contract.ts';
import { formatMaybe, formatTime } from '../times.ts';

const Named = Type.Object({ name: Type.String({ minLength: 1, maxLength: 128 }) });

export function registerUsers(app: ApiApp, context: ApiContext): void {
  const { users, log, changes } = context;

  app.get(
    '/api/v1/users',
    {
      config: { access: 'admin' },
      schema: { summary: 'People', tags: ['people'], response: { 200: ListOf(UserSchema), '4xx': ErrorSchema } },
    },
    async () => ({ items: (await users.list()).map(apiUser), next: null, notes: [] }),
  );

  app.post(
    '/api/v1/users',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Add a person; a reader of everything unless role or scopes say otherwise',
        tags: ['people'],
        body: UserCreateSchema,
        response: { 201: UserSchema, '4xx': ErrorSchema },
      },
    },
    async ({ principal, body }, reply) => {
      const user = await users.create(body);
      log.info({ who: principal.id, user: user.name, role: user.role }, 'added a user');
      return reply.code(201).send(apiUser(user));
    },
  );

  app.patch(
    '/api/v1/users/:name',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Change role, scopes or password, disable or enable',
        tags: ['people'],
        params: Named,
        body: UserChangeSchema,
        response: { 200: UserSchema, '4xx': ErrorSchema },
      },
    },
    async ({ principal, params, body }) => {
      const user = await users.change(params.name, body);
      changes.emit();
      log.info({ who: principal.id, user: user.name, changed: Object.keys(body) }, 'changed a user');
      return apiUser(user);
    },
  );

  app.delete(
    '/api/v1/users/:name',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Remove a person, their sessions and their tokens',
        tags: ['people'],
        params: Named,
        response: { 204: NothingSchema, '4xx': ErrorSchema },
      },
    },
    async ({ principal, params }, reply) => {
      await users.remove(params.name);
      changes.emit();
      log.info({ who: principal.id, user: params.name }, 'removed a user');
      return reply.code(204).send();
    },
  );
}

/** Field by field: nothing of the password leaves. */
function apiUser(user: UserDoc): ApiUser {
  return {
    name: user.name,
    role: user.role,
    scopes: user.scopes,
    createdAt: formatTime(user.createdAt),
    lastLoginAt: formatMaybe(user.lastLoginAt),
    disabled: user.disabled,
    ...(user.provider && { provider: user.provider.issuer }),
  };
}
