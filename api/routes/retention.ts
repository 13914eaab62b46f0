import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema } from '../contract.ts';
import { RetentionAnswerSchema } from '../contract-keeping.ts';
import { retentionItems } from '../retention.ts';
import { assertSeesEverything } from '../scope.ts';

export function registerRetention(app: ApiApp, context: ApiContext): void {
  app.get(
    '/api/v1/retention',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Retention classes: how long each keeps lines, and what it holds now',
        tags: ['fleet'],
        response: { 200: RetentionAnswerSchema, '4xx': ErrorSchema },
      },
    },
    async ({ principal }) => {
      assertSeesEverything(principal);
      const { retention } = context.config;
      const { sources } = await context.fleet.details();
      const { classes, records, diskBytes, telemetry } = await context.store.stats();
      return {
        items: retentionItems(retention, classes, sources),
        next: null,
        notes: [],
        total: {
          bytes: retention.bytes || null,
          diskBytes,
          records,
          tooOldRecords: telemetry.fleetlog_store_records_too_old_total ?? 0,
        },
      };
    },
  );
}
