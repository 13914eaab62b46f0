import type { ApiApp, ApiContext } from '../context.ts';
import { registerAuditRoutes } from './audit.ts';
import { registerCapacity } from './capacity.ts';
import { registerCollect } from './collect.ts';
import { registerContext } from './context.ts';
import { registerDashboard } from './dashboard.ts';
import { registerDocs } from './docs.ts';
import { registerEvents } from './events.ts';
import { registerExplainChange } from './explain-change.ts';
import { registerExport } from './export.ts';
import { registerFacets } from './facets.ts';
import { registerFields } from './fields.ts';
import { registerFleet } from './fleet.ts';
import { registerHealth } from './health.ts';
import { registerHistogram } from './histogram.ts';
import { registerLedger } from './ledger.ts';
import { registerLogs } from './logs.ts';
import { registerMetricsNow } from './metrics-now.ts';
import { registerMetricsSeries } from './metrics-series.ts';
import { registerMetricsTop } from './metrics-top.ts';
import { registerMove } from './move.ts';
import { registerOidc } from './oidc.ts';
import { registerPatterns } from './patterns.ts';
import { registerPeople } from './people.ts';
import { registerPush } from './push-routes.ts';
import { registerRedaction } from './redaction.ts';
import { registerRetention } from './retention.ts';
import { registerTail } from './tail.ts';
import { registerTokens } from './tokens.ts';
import { registerUsers } from './users.ts';
import { registerViews } from './views.ts';

/** Every route there is. */
export async function registerRoutes(
  app: ApiApp,
  context: ApiContext,
): Promise<{ tails: () => number; exports: () => number; close: () => Promise<void> }> {
  await registerDocs(app, context.version);
  registerLogs(app, context);
  registerHistogram(app, context);
  registerFacets(app, context);
  registerFields(app, context);
  registerPatterns(app, context);
  registerExplainChange(app, context);
  registerContext(app, context);
  const exports = registerExport(app, context);
  const tail = registerTail(app, context);
  registerFleet(app, context);
  registerEvents(app, context);
  if (context.metrics) {
    registerMetricsSeries(app, context, context.metrics);
    registerMetricsTop(app, context, context.metrics);
    registerMetricsNow(app, context);
    registerCapacity(app, context, context.metrics);
  }
  registerLedger(app, context);
  registerRetention(app, context);
  registerRedaction(app, context);
  registerPeople(app, context);
  registerOidc(app, context);
  registerUsers(app, context);
  registerTokens(app, context);
  registerViews(app, context);
  registerAuditRoutes(app, context);
  registerCollect(app, context);
  registerPush(app, context);
  registerMove(app, context);
  registerHealth(app, context);
  await registerDashboard(app, context.dashboardDir);
  return { tails: tail.open, exports, close: tail.close };
}
