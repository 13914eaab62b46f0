import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { ApiApp } from '../context.ts';

/** The document at `/api/v1/openapi.json` and a page to browse it at `/api/docs`; call before any other route. */
export async function registerDocs(app: ApiApp, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Fleetlog',
        version,
        description: 'Logs of every container on every host. Times in answers are UTC ISO strings with six decimals.',
      },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: '`flt_…`, see `fleetlog token create`' },
          session: { type: 'apiKey', in: 'cookie', name: 'fleetlog', description: '`__Host-fleetlog` over TLS' },
        },
      },
      security: [{ token: [] }, { session: [] }],
    },
    transform: ({ schema, url, route }) => {
      const open = route.config?.access === 'open';
      const operationId = `${[route.method].flat()[0].toLowerCase()}${url.replace(/[^A-Za-z0-9]+(.)?/g, (_, c?: string) => (c ?? '').toUpperCase())}`;
      return { schema: { ...schema, ...(schema && { operationId }), ...(open && { security: [] }) }, url };
    },
  });
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/api/docs')) route.config = { ...route.config, access: 'any' };
    if (route.url.startsWith('/api/docs')) route.schema = { ...route.schema, hide: true };
  });
  await app.register(swaggerUi, { routePrefix: '/api/docs', staticCSP: false });
  app.get('/api/v1/openapi.json', { config: { access: 'any' }, schema: { hide: true } }, async () => app.swagger());
}
