import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema, ListOf } from '../contract.ts';
import { RedactionSchema } from '../contract-keeping.ts';
import { hostRedactions, pushedRedactions } from '../redaction.ts';
import { assertSeesEverything } from '../scope.ts';
import { formatTime } from '../times.ts';

export function registerRedaction(app: ApiApp, context: ApiContext): void {
  const startedAt = formatTime(context.clock.nowUs());

  app.get(
    '/api/v1/redaction',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'What was redacted before it was stored, by rule and host',
        description: 'A rule that is on has a row on every host, also one that found nothing.',
        tags: ['fleet'],
        response: { 200: ListOf(RedactionSchema), '4xx': ErrorSchema },
      },
    },
    async ({ principal }) => {
      assertSeesEverything(principal);
      const hosts = (await context.fleet.hosts()).flatMap(hostRedactions);
      return { items: [...hosts, ...(await pushedRedactions(context.registry, startedAt))], next: null, notes: [] };
    },
  );
}
