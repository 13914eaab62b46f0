import type { GlanceResult, MetricFilter, MetricName, MetricStore } from '../store/metric-store.ts';
import type { Principal } from './auth/principal.ts';
import type { ApiContext } from './context.ts';
import type { ApiCapacity, CapacityOf } from './metrics/shapes.ts';
import type { Range } from './times.ts';

/** What a limit is compared with: below the first it is mostly unused, above the second there is hardly room for a peak. */
const LOOSE = 0.4;
const TIGHT = 0.9;
/** Room above the p95 that a limit is proposed with. */
const HEADROOM = 1.3;
/** Limits are those of the containers there are, not of any in the range. */
const NOW = 600e6;
/** A container does with no less: a proposal below is none. */
const LEAST_CORES = 0.05;
const LEAST_BYTES = 16 << 20;

const USED: MetricName[] = ['cpu_cores', 'cpu_ratio', 'cpu_throttled_ratio', 'memory_bytes', 'memory_ratio'];
const LIMITS: MetricName[] = ['cpu_limit_cores', 'memory_limit_bytes', 'oom_kills'];

/** Limits beside what nineteen of twenty moments needed, by app and env, what needs a hand first. Rejects as `MetricStore.glance` does. */
export async function readCapacity(
  { clock, config }: Pick<ApiContext, 'clock' | 'config'>,
  metrics: MetricStore,
  principal: Principal,
  asked: { filter: MetricFilter; range: Range; signal: AbortSignal },
): Promise<ApiCapacity[]> {
  const now = clock.nowUs();
  const scopes = principal.within === null ? [principal.scopes] : [principal.scopes, principal.within];
  const { timeoutMs } = config.query;
  const common = { by: ['app', 'env'] as const, filter: asked.filter, scopes, signal: asked.signal, timeoutMs };
  const [used, limits] = await Promise.all([
    metrics.glance({ ...common, metrics: USED, take: 'p95', ...asked.range }),
    metrics.glance({ ...common, metrics: LIMITS, take: 'newest', from: now - NOW, to: now }),
  ]);
  const limitOf = new Map(limits.items.map((item) => [keyOf(item), item.values]));
  const items = used.items.map((item): ApiCapacity => {
    const { values } = item;
    const limit = limitOf.get(keyOf(item)) ?? {};
    const { app = '', env = '' } = item.labels;
    const killed = (limit.oom_kills ?? 0) > 0;
    return {
      app,
      env,
      cpu: judge(values.cpu_cores, limit.cpu_limit_cores, values.cpu_ratio, false, LEAST_CORES),
      memory: judge(values.memory_bytes, limit.memory_limit_bytes, values.memory_ratio, killed, LEAST_BYTES),
      cpuThrottledRatio: values.cpu_throttled_ratio ?? null,
      oomKills: limit.oom_kills ?? null,
    };
  });
  const urgency = (one: ApiCapacity): number => Math.max(weight(one.cpu), weight(one.memory));
  return items.sort((a, b) => urgency(b) - urgency(a) || (keyText(a) < keyText(b) ? -1 : 1));
}

/** `ratio` is that of the containers with a limit; the sum of limits alone would be compared with what others use too. */
function judge(
  p95: number | undefined,
  limit: number | undefined,
  ratio: number | undefined,
  killed: boolean,
  least: number,
): CapacityOf {
  const known = { p95: p95 ?? null, limit: limit ?? null, ratio: ratio ?? null };
  if (p95 === undefined) return { ...known, hint: 'unknown', proposed: null };
  if (limit === undefined) return { ...known, hint: 'no_limit', proposed: Math.max(least, p95 * HEADROOM) };
  if (ratio === undefined) return { ...known, hint: 'unknown', proposed: null };
  if (killed || ratio > TIGHT)
    return { ...known, hint: 'raise', proposed: limit * Math.max(ratio, killed ? 1 : 0) * HEADROOM };
  const lower = Math.max(least, limit * ratio * HEADROOM);
  if (ratio < LOOSE && lower < limit) return { ...known, hint: 'lower', proposed: lower };
  return { ...known, hint: 'fits', proposed: null };
}

const WEIGHTS = { raise: 3, no_limit: 2, lower: 1, fits: 0, unknown: 0 } as const;
const weight = ({ hint }: CapacityOf): number => WEIGHTS[hint];
const keyText = (one: { app: string; env: string }): string => `${one.app}\0${one.env}`;
const keyOf = ({ labels }: GlanceResult['items'][number]): string =>
  keyText({ app: labels.app ?? '', env: labels.env ?? '' });
