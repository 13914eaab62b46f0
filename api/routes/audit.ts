import { createHash } from 'node:crypto';
import { FleetlogError } from '../../model/errors.ts';
import { createChainCheck } from '../audit/check-chain.ts';
import { readAudit, readChain } from '../audit/read.ts';
import {
  AuditChainQuerySchema,
  AuditChainSchema,
  AuditEntrySchema,
  AuditQuerySchema,
  AuditVerdictSchema,
} from '../audit/shapes.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema, ListOf } from '../contract.ts';
import { values } from '../filters.ts';
import { resolveLimit } from '../list-page.ts';
import { formatTime, parseTime } from '../times.ts';

export function registerAuditRoutes(app: ApiApp, context: ApiContext): void {
  const { config, clock, audit } = context;

  app.get(
    '/api/v1/audit',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Who did what, newest first',
        description: '`actor` and `action` take `*` for any run of characters.',
        tags: ['people'],
        querystring: AuditQuerySchema,
        response: { 200: ListOf(AuditEntrySchema), '4xx': ErrorSchema },
      },
    },
    async ({ query: q }) => {
      const limit = resolveLimit(q.limit, config.query.maxRows);
      const now = clock.nowUs();
      const time = (text: string | undefined, name: string): string | null =>
        text === undefined ? null : formatTime(parseTime(text, now, name));
      const actors = values(q.actor);
      const actions = values(q.action);
      const outcome = q.outcome ?? null;
      const hash = createHash('sha256')
        .update(JSON.stringify([actors, actions, ...(outcome === null ? [] : [outcome])]))
        .digest('base64url')
        .slice(0, 12);
      const from = time(q.from, 'from');
      const to = time(q.to, 'to');
      // What happened before this request is in the answer.
      await audit.flush();
      const page = await readAudit(audit.segments, {
        from,
        to,
        actors,
        actions,
        outcome,
        before: q.cursor === undefined ? null : readCursor(q.cursor, hash),
        limit,
      });
      const notes = page.broken.map((segment) => ({ code: 'audit_broken', segment }));
      return {
        items: page.entries,
        next: page.next === null ? null : `${hash}.${page.next}`,
        notes: [
          ...notes,
          ...(page.next !== null && !page.isPartial ? [{ code: 'limit_reached', limit }] : []),
          ...(page.isPartial ? [{ code: 'audit_partial' }] : []),
        ],
      };
    },
  );

  const check = createChainCheck(audit.segments);
  app.get(
    '/api/v1/audit/verify',
    {
      config: { access: 'admin' },
      schema: {
        summary:
          'Checks the whole chain on the server; `fleetlog audit verify` checks it elsewhere, without trust in the server',
        tags: ['people'],
        response: { 200: AuditVerdictSchema, '4xx': ErrorSchema },
      },
    },
    async () => {
      // Without what still waits to be written: a chain that can be written no more must be told as such.
      const verdict = await check();
      const { ok, entries } = verdict;
      if (verdict.ok) return { ok, entries, from: verdict.from, head: verdict.head, brokenAt: null, why: null };
      return { ok, entries, from: null, head: null, brokenAt: verdict.seq, why: verdict.why };
    },
  );

  app.get(
    '/api/v1/audit/chain',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'The chain in its own order, to verify it; a page is as long as it is kept',
        tags: ['people'],
        querystring: AuditChainQuerySchema,
        response: { 200: AuditChainSchema, '4xx': ErrorSchema },
      },
    },
    async ({ query: q }) => {
      if (q.cursor === undefined) await audit.flush();
      const [base, tip] = [await audit.segments.base(), await audit.segments.tip()];
      const { entries, next } = await readChain(audit.segments, q.cursor ?? null);
      return { items: entries, next, base: base.head, tip };
    },
  );
}

function readCursor(text: string, hash: string): number {
  const match = /^([\w-]{12})\.(\d{1,15})$/.exec(text);
  if (!match) throw new FleetlogError('bad_cursor', undefined, { hint: 'send `next` of the page before, unchanged' });
  if (match[1] !== hash)
    throw new FleetlogError('cursor_mismatch', undefined, {
      hint: 'actor, action and outcome must stay the same from page to page',
    });
  return Number(match[2]);
}
