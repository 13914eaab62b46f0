import { extractFields } from '../../model/fields.ts';
import type { RangeRequest } from '../../store/log-store.ts';
import { type Compared, rankChanges } from '../changes.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema } from '../contract.ts';
import { ExplainAnswerSchema, ExplainQuerySchema } from '../contract-patterns.ts';
import { goneSignal } from '../gone.ts';
import { resolveQuery, resolveRange } from '../log-request.ts';
import { noteRetention } from '../notes.ts';
import { apiPatterns } from '../patterns.ts';
import { shownStats } from '../query-stats.ts';
import { formatTime, parseRange, type Range } from '../times.ts';

const SOURCE_FIELDS = ['level', 'app', 'env', 'host', 'instance', 'version', 'stream'];
/** Lines looked at for the names of fields; reading more fields reads more lines. */
const SAMPLE = 500;
const MOST_FIELDS = 12;
const VALUES = 200;
const PATTERNS = 2_000;

type Context = Pick<ApiContext, 'store' | 'config' | 'clock'>;

export function registerExplainChange(app: ApiApp, context: ApiContext): void {
  const { config, store, clock } = context;
  app.get(
    '/api/v1/logs/explain',
    {
      config: { access: 'read' },
      schema: {
        summary: 'What changed: values and patterns that differ most between two periods',
        tags: ['logs'],
        querystring: ExplainQuerySchema,
        response: { 200: ExplainAnswerSchema, '4xx': ErrorSchema },
      },
    },
    async (request, reply) => {
      const { principal, query: q } = request;
      const asked = resolveQuery(q, principal);
      const range = resolveRange(q, clock, config);
      const baseline = baselineOf(q, range, context);
      const signal = goneSignal(reply);
      const common = { query: asked.tree, signal, timeoutMs: config.query.timeoutMs };
      return context.gate.run(principal.id, signal, async () => {
        const now = { ...common, ...range };
        const before = { ...common, ...baseline };
        const { count: lines, stats } = await store.count(now);
        const { count: baselineLines } = await store.count(before);
        const fields = [...new Set([...SOURCE_FIELDS, ...(await fieldsOfLines(context, now))])];
        const values = [
          ...(await compareFields(context, fields, now, before)),
          ...(await comparePatterns(context, now, before, range)),
        ];
        const periods = {
          lines,
          baselineLines,
          width: range.to - range.from,
          baselineWidth: baseline.to - baseline.from,
        };
        return {
          items: rankChanges(values, periods, q.limit ?? 50),
          lines,
          baselineLines,
          from: formatTime(range.from),
          to: formatTime(range.to),
          baselineFrom: formatTime(baseline.from),
          baselineTo: formatTime(baseline.to),
          notes: noteRetention({ from: Math.min(range.from, baseline.from), to: range.to }, config, clock),
          stats: shownStats(stats, principal),
        };
      });
    },
  );
}

/** As asked for; by default as long as the range and directly before it. */
function baselineOf(
  q: { baselineFrom?: string; baselineTo?: string },
  range: Range,
  { clock, config }: Context,
): Range {
  if (q.baselineFrom === undefined && q.baselineTo === undefined)
    return { from: Math.max(0, range.from - (range.to - range.from)), to: range.from };
  const to = q.baselineTo ?? formatTime(range.from);
  return parseRange({ from: q.baselineFrom, to }, clock.nowUs(), config.query);
}

/** The most frequent field names of the newest lines. */
async function fieldsOfLines({ store }: Context, within: RangeRequest): Promise<string[]> {
  const { records } = await store.search({ ...within, order: 'desc', limit: SAMPLE });
  const counts = new Map<string, number>();
  for (const record of records)
    for (const name of extractFields(record.message).keys()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, MOST_FIELDS)
    .map(([name]) => name);
}

async function compareFields(
  { store }: Context,
  fields: string[],
  now: RangeRequest,
  before: RangeRequest,
): Promise<Compared[]> {
  const [a, b] = [
    await store.facets({ ...now, fields, size: VALUES }),
    await store.facets({ ...before, fields, size: VALUES }),
  ];
  return fields.flatMap((field) => compareValues(field, a.facets[field] ?? [], b.facets[field] ?? []));
}

type Counted = { value: string; count: number }[];

/**
 * The values of one field in both periods. A list that was cut says of a value it does not hold only that it is no more frequent than its last
 * one: that much is taken, so that nothing looks new that was merely rare.
 */
export function compareValues(field: string, now: Counted, before: Counted, most = VALUES): Compared[] {
  const least = (list: Counted) => (list.length < most ? 0 : (list.at(-1)?.count ?? 0));
  const [unseenNow, unseenBefore] = [least(now), least(before)];
  const counts = (list: Counted) => new Map(list.map(({ value, count }) => [value, count]));
  const [a, b] = [counts(now), counts(before)];
  return [...new Set([...a.keys(), ...b.keys()])].map((value) => ({
    kind: 'field',
    field,
    value,
    count: a.get(value) ?? unseenNow,
    baseline: b.get(value) ?? unseenBefore,
  }));
}

async function comparePatterns(
  { store }: Context,
  now: RangeRequest,
  before: RangeRequest,
  range: Range,
): Promise<Compared[]> {
  const a = await store.patterns({ ...now, size: PATTERNS });
  const b = await store.patterns({ ...before, size: PATTERNS });
  const lines = a.patterns.reduce((sum, one) => sum + one.count, 0);
  return apiPatterns({ range, interval: range.to - range.from, now: a, before: b, lines, growth: 1 }).map((one) => ({
    kind: 'pattern',
    field: 'pattern',
    value: one.patterns.join(' '),
    template: one.template,
    count: one.count,
    baseline: one.before ?? 0,
  }));
}
