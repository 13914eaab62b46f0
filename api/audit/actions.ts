/** What a route's requests are called in the audit log. `reads` are written only with `audit.reads`. */
export interface AuditAction {
  action: string;
  reads?: true;
}

const ACTIONS: Record<string, AuditAction> = {
  'POST /api/v1/login': { action: 'login' },
  'GET /api/v1/oidc/callback': { action: 'login' },
  'POST /api/v1/setup': { action: 'setup' },
  'POST /api/v1/logout': { action: 'logout' },
  'POST /api/v1/me/password': { action: 'password.change' },
  'POST /api/v1/users': { action: 'user.create' },
  'PATCH /api/v1/users/:name': { action: 'user.change' },
  'DELETE /api/v1/users/:name': { action: 'user.remove' },
  'POST /api/v1/tokens': { action: 'token.create' },
  'DELETE /api/v1/tokens/:id': { action: 'token.revoke' },
  'POST /api/v1/views': { action: 'view.create' },
  'PUT /api/v1/views/:id': { action: 'view.change' },
  'DELETE /api/v1/views/:id': { action: 'view.remove' },
  'DELETE /api/v1/hosts/:host': { action: 'host.forget' },
  'GET /api/v1/logs': { action: 'logs.search', reads: true },
  'GET /api/v1/logs/histogram': { action: 'logs.histogram', reads: true },
  'GET /api/v1/logs/facets': { action: 'logs.facets', reads: true },
  'GET /api/v1/logs/fields': { action: 'logs.fields', reads: true },
  'GET /api/v1/logs/patterns': { action: 'logs.patterns', reads: true },
  'GET /api/v1/logs/explain': { action: 'logs.explain', reads: true },
  'GET /api/v1/logs/context': { action: 'logs.context', reads: true },
  'GET /api/v1/logs/tail': { action: 'logs.tail', reads: true },
  'GET /api/v1/logs/export': { action: 'logs.export', reads: true },
  'GET /api/v1/audit': { action: 'audit.read', reads: true },
  'GET /api/v1/audit/verify': { action: 'audit.verify', reads: true },
  'GET /api/v1/audit/chain': { action: 'audit.verify', reads: true },
};

/** Bodies of these are batches and lines: far too many to take down, and the ledger accounts for them. */
const DELIVERIES = /^\w+ \/api\/v1\/(collect$|push\/)/;

/** Null when only refusals of the route are taken down. A change by a route that is not listed is a `change` all the same. */
export function actionOf(method: string, route: string): AuditAction | null {
  const key = `${method === 'HEAD' ? 'GET' : method} ${route}`;
  if (key in ACTIONS) return ACTIONS[key];
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || DELIVERIES.test(key)) return null;
  return { action: 'change' };
}
