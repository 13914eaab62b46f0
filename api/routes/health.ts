import { Type } from 'typebox';
import { FleetlogError } from '../../model/errors.ts';
import { mayReadTelemetry } from '../auth/telemetry-access.ts';
import type { ApiApp, ApiContext } from '../context.ts';

const Health = Type.Object({ status: Type.String() });
const Readiness = Type.Object({ ready: Type.Boolean(), parts: Type.Record(Type.String(), Type.String()) });

export function registerHealth(app: ApiApp, context: ApiContext): void {
  app.get(
    '/healthz',
    {
      config: { access: 'open' },
      schema: { summary: 'The process answers', tags: ['health'], response: { 200: Health } },
    },
    async () => ({ status: 'ok' }),
  );

  app.get(
    '/readyz',
    {
      config: { access: 'open' },
      schema: {
        summary: 'Everything needed is open; 503 when not',
        tags: ['health'],
        response: { 200: Readiness, 503: Readiness },
      },
    },
    async (_request, reply) => {
      const state = context.readiness();
      return reply.code(state.ready ? 200 : 503).send(state);
    },
  );

  app.get(
    '/metrics',
    { config: { access: 'peer' }, schema: { summary: 'Our own figures, Prometheus text format', tags: ['health'] } },
    async (request, reply) => {
      if (!(await mayReadTelemetry(request, context))) {
        throw new FleetlogError('unauthenticated', undefined, {
          hint: 'off loopback send a token of role metrics: `fleetlog token create --role metrics`',
        });
      }
      const text = await context.registry.metrics();
      const { telemetry } = await context.store.stats();
      return reply
        .type(context.registry.contentType)
        .serializer((body: unknown) => body as string)
        .send(text + storeText(telemetry));
    },
  );
}

/** The store names its own figures; those that end in `_total` only grow. */
export function storeText(figures: Record<string, number>): string {
  return Object.entries(figures)
    .map(([name, value]) => {
      const type = name.endsWith('_total') ? 'counter' : 'gauge';
      return `# HELP ${name} The log store's own figure, see docs/telemetry.md.\n# TYPE ${name} ${type}\n${name} ${value}\n`;
    })
    .join('');
}
