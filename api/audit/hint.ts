import type { FastifyRequest } from 'fastify';
import type { AuditFact } from './entry.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What a route adds to the entry of its request. */
    audit: AuditHint | null;
  }
}

export interface AuditHint {
  /** Who it turned out to be, where nobody was known before (sign-in). */
  actor?: string;
  kind?: AuditFact['kind'];
  target?: string;
  outcome?: AuditFact['outcome'];
  detail?: Record<string, unknown>;
}

/** Adds to what the audit log will say of this request; called as often as there is something to say. */
export function tellAudit(request: FastifyRequest, hint: AuditHint): void {
  request.audit = { ...request.audit, ...hint, detail: { ...request.audit?.detail, ...hint.detail } };
}
