import { isCode } from '../model/errors.ts';
import { extractFields } from '../model/fields.ts';
import { nearest } from '../model/nearest.ts';
import { and, fieldExists } from '../model/query/build.ts';
import { withoutEvents } from '../model/query/defaults.ts';
import { type Query, RECORD_FIELDS } from '../model/query/tree.ts';
import type { LogStore, RangeRequest } from '../store/log-store.ts';
import type { Principal } from './auth/principal.ts';
import type { ApiContext } from './context.ts';
import type { ApiNote } from './contract.ts';
import type { LogRequest } from './log-request.ts';
import { retentionStart } from './notes.ts';
import { scopeQuery } from './scope.ts';
import { formatTime, type Range } from './times.ts';

/** All looks together; an explanation that comes later than this is none. */
const BUDGET_MS = 2_000;
/** Lines looked at for the names of fields there are. */
const SAMPLE = 300;
/** Most field tests of a query that are looked into. */
const MOST_TESTS = 6;
const VALUES = 1_000;

interface FieldTestFound {
  field: string;
  /** null when the test does not name one value. */
  value: string | null;
}

/**
 * Why a first page is empty, for a person and for one-click fixes (docs/notes.md). Everything is asked under the caller's
 * scope: a name or count of others must not show in a "did you mean".
 */
export async function explainEmpty(
  context: Pick<ApiContext, 'store' | 'config' | 'clock'>,
  asked: LogRequest,
  principal: Principal,
  range: Range,
  caller: AbortSignal,
): Promise<ApiNote[]> {
  const signal = AbortSignal.any([caller, AbortSignal.timeout(BUDGET_MS)]);
  const scope = withoutEvents(scopeQuery(principal));
  const within: RangeRequest = { query: scope, from: range.from, to: range.to, signal, timeoutMs: BUDGET_MS };
  const notes: ApiNote[] = asked.hints.map((hint) => ({ code: hint.code, field: hint.field, query: hint.query }));
  try {
    const { count } = await context.store.count(within);
    notes.push({ code: 'lines_in_range', count });
    const tests = positiveTests(asked.asked).slice(0, MOST_TESTS);
    if (count > 0) for (const test of tests) notes.push(...(await lookInto(context.store, test, within)));
    notes.push(...(await silentSince(context, tests, scope, range, signal)));
    if (asked.tree.type !== 'all') notes.push(...(await outsideRange(context, asked.tree, range, signal)));
  } catch (error) {
    const late = isCode(error, 'cancelled') || isCode(error, 'query_timeout') || signal.aborted;
    if (!late || caller.aborted) throw error;
    notes.push({ code: 'explanation_cut', budgetMs: BUDGET_MS });
  }
  return notes;
}

/** Tests every answer must pass: those under a `not` or beside alternatives cannot be the reason alone. */
function positiveTests(query: Query): FieldTestFound[] {
  if (query.type === 'and') return query.items.flatMap(positiveTests);
  if (query.type !== 'field') return [];
  return [{ field: query.field, value: query.test.op === 'equals' ? query.test.value : null }];
}

const isRecordField = (field: string): boolean => (RECORD_FIELDS as readonly string[]).includes(field);

async function lookInto(store: LogStore, { field, value }: FieldTestFound, within: RangeRequest): Promise<ApiNote[]> {
  if (!isRecordField(field)) {
    const having = await store.search({
      ...within,
      query: and(within.query, fieldExists(field)),
      order: 'desc',
      limit: 1,
    });
    if (having.records.length === 0) {
      const near = nearest(field, await fieldNames(store, within));
      return [{ code: 'unknown_field', field, ...(near && { nearest: near }) }];
    }
  }
  if (value === null || field === 'level' || field === 'stream') return [];
  const { facets } = await store.facets({ ...within, fields: [field], size: VALUES });
  const present = (facets[field] ?? []).map((entry) => entry.value);
  if (present.includes(value) || (field === 'container' && present.some((one) => one.startsWith(value)))) return [];
  const other = present.find((one) => one.toLowerCase() === value.toLowerCase());
  if (other !== undefined) return [{ code: 'other_case_exists', field, value, found: other }];
  const near = nearest(value, present);
  return [{ code: 'unknown_value', field, value, ...(near && { nearest: near }) }];
}

/** Names seen in the newest lines, record fields included. */
async function fieldNames(store: LogStore, within: RangeRequest): Promise<Set<string>> {
  const names = new Set<string>(RECORD_FIELDS);
  const { records } = await store.search({ ...within, order: 'desc', limit: SAMPLE });
  for (const record of records) for (const name of extractFields(record.message).keys()) names.add(name);
  return names;
}

/** An app, env or host that was asked for, has written before, and not in the range. */
async function silentSince(
  { store, config, clock }: Pick<ApiContext, 'store' | 'config' | 'clock'>,
  tests: FieldTestFound[],
  scope: Query,
  range: Range,
  signal: AbortSignal,
): Promise<ApiNote[]> {
  const named = tests.filter((t) => t.value !== null && (t.field === 'app' || t.field === 'env' || t.field === 'host'));
  if (named.length === 0) return [];
  const query: Query = and(
    scope,
    ...named.map((t): Query => ({ type: 'field', field: t.field, test: { op: 'equals', value: t.value! } })),
  );
  const from = Math.max(0, retentionStart(config, clock));
  if (from >= range.to) return [];
  const before = await store.search({
    query,
    from,
    to: range.to,
    order: 'desc',
    limit: 1,
    signal,
    timeoutMs: BUDGET_MS,
  });
  const last = before.records[0];
  if (!last || last.time >= range.from) return [];
  const what = Object.fromEntries(named.map((t) => [t.field, t.value]));
  return [{ code: 'source_silent_since', ...what, since: formatTime(last.time) }];
}

/** The nearest hit before the range, else the nearest after it. */
async function outsideRange(
  { store, config, clock }: Pick<ApiContext, 'store' | 'config' | 'clock'>,
  query: Query,
  range: Range,
  signal: AbortSignal,
): Promise<ApiNote[]> {
  const start = Math.max(0, retentionStart(config, clock));
  const far = clock.nowUs() + 86_400e6;
  const sides = [
    { from: start, to: range.from, order: 'desc' as const, side: 'before' },
    { from: range.to, to: far, order: 'asc' as const, side: 'after' },
  ];
  for (const { side, ...one } of sides) {
    if (one.from >= one.to) continue;
    const found = await store.search({ query, ...one, limit: 1, signal, timeoutMs: BUDGET_MS });
    if (found.records.length > 0) return [{ code: 'hit_outside_range', side, time: formatTime(found.records[0].time) }];
  }
  return [];
}
