import type { MetricFilter, MetricName, MetricRequest } from '../../store/metric-store.ts';
import type { Principal } from '../auth/principal.ts';
import { values } from '../filters.ts';
import type { Range } from '../times.ts';

const FILTERS = ['app', 'env', 'host', 'container'] as const;

type Filtering = Partial<Record<(typeof FILTERS)[number], string | string[]>>;

/** The caller's filters; one that is not given narrows nothing. */
export function metricFilter(query: Filtering): MetricFilter {
  return Object.fromEntries(
    FILTERS.map((name) => [name, values(query[name])] as const).filter(([, given]) => given.length > 0),
  );
}

/**
 * What a metric store is asked: the caller's filters, and the caller's scopes beside them. The store judges the metric's name, so that
 * the refusal can say which ones it has.
 */
export function metricRequest(
  query: { metric: string } & Filtering,
  principal: Pick<Principal, 'scopes' | 'within'>,
  range: Range,
): Pick<MetricRequest, 'metric' | 'filter' | 'scopes' | 'from' | 'to'> {
  const scopes = principal.within === null ? [principal.scopes] : [principal.scopes, principal.within];
  return { metric: query.metric as MetricName, filter: metricFilter(query), scopes, ...range };
}
