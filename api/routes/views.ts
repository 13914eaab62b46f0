import { Type } from 'typebox';
import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema, ListOf, NothingSchema, ViewSchema, ViewWriteSchema } from '../contract.ts';
import { createViews } from '../views.ts';

const Named = Type.Object({ id: Type.String({ pattern: '^[A-Za-z0-9_-]{12}$' }) });

export function registerViews(app: ApiApp, context: ApiContext): void {
  const views = createViews(context);
  const config = { access: 'read' as const };
  const schema = <T extends object>(summary: string, rest: T) => ({ summary, tags: ['views'], ...rest });

  app.get(
    '/api/v1/views',
    {
      config,
      schema: schema('Saved searches: mine, and those shared', {
        response: { 200: ListOf(ViewSchema), '4xx': ErrorSchema },
      }),
    },
    async ({ principal }) => ({ items: await views.list(principal), next: null, notes: [] }),
  );
  app.get(
    '/api/v1/views/:id',
    {
      config,
      schema: schema('One saved search', { params: Named, response: { 200: ViewSchema, '4xx': ErrorSchema } }),
    },
    async ({ principal, params }) => views.get(principal, params.id),
  );
  app.post(
    '/api/v1/views',
    {
      config,
      schema: schema('Save a search', { body: ViewWriteSchema, response: { 201: ViewSchema, '4xx': ErrorSchema } }),
    },
    async ({ principal, body }, reply) => reply.code(201).send(await views.create(principal, body)),
  );
  app.put(
    '/api/v1/views/:id',
    {
      config,
      schema: schema('Replace a saved search', {
        params: Named,
        body: ViewWriteSchema,
        response: { 200: ViewSchema, '4xx': ErrorSchema },
      }),
    },
    async ({ principal, params, body }) => views.replace(principal, params.id, body),
  );
  app.delete(
    '/api/v1/views/:id',
    {
      config,
      schema: schema('Remove a saved search', { params: Named, response: { 204: NothingSchema, '4xx': ErrorSchema } }),
    },
    async ({ principal, params }, reply) => {
      await views.remove(principal, params.id);
      return reply.code(204).send();
    },
  );
}
