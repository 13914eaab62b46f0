import { FleetlogError } from '../../model/errors.ts';
import type { Note } from '../log-store.ts';
import type { PrometheusAnswer } from './http.ts';

/** A series as Prometheus answers: of `query_range` with `values`, of `query` with `value`. Numbers are texts, seconds are not. */
export interface AnsweredSeries {
  metric: Record<string, string>;
  values: [number, number][];
}

interface Body {
  status?: unknown;
  data?: { resultType?: unknown; result?: unknown };
  errorType?: unknown;
  error?: unknown;
  warnings?: unknown;
}

/**
 * Series of an answer, with figures that are finite; warnings (an unreachable part of a Thanos, say) as notes. Throws `unavailable` for
 * what refuses us, is ill or is no Prometheus, `query_timeout`, `too_many_requests`, `bad_request` for what is too much for it,
 * and `internal` when it cannot read what we made.
 */
export function readAnswer({ status, text }: PrometheusAnswer): { series: AnsweredSeries[]; notes: Note[] } {
  const body = parse(text);
  if (status !== 200 || body?.status !== 'success') throw refusal(status, body);
  const result = body.data?.result;
  if (!Array.isArray(result)) throw strange(status);
  const series = result.map((one: { metric?: Record<string, string>; value?: unknown; values?: unknown }) => ({
    metric: one.metric ?? {},
    values: pairs(one.values ?? [one.value]),
  }));
  const warnings = Array.isArray(body.warnings) ? body.warnings.map(String) : [];
  return { series, notes: warnings.map((reason) => ({ code: 'store_warning', reason })) };
}

function pairs(values: unknown): [number, number][] {
  if (!Array.isArray(values)) throw strange(200);
  return values
    .map((pair): [number, number] => [Number((pair as unknown[])?.[0]), Number((pair as unknown[])?.[1])])
    .filter(([time, value]) => Number.isFinite(time) && Number.isFinite(value));
}

function parse(text: string): Body | null {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : null;
  } catch {
    return null;
  }
}

function refusal(status: number, body: Body | null): FleetlogError {
  const said = typeof body?.error === 'string' ? body.error : '';
  const kind = typeof body?.errorType === 'string' ? body.errorType : '';
  if (status === 401 || status === 403) {
    return new FleetlogError('unavailable', `cannot ask Prometheus: it answered ${status}`, {
      hint: 'check prometheus.token, or prometheus.username and prometheus.password',
    });
  }
  if (kind === 'timeout' || status === 504) {
    return new FleetlogError('query_timeout', 'cannot get figures from Prometheus in time', {
      hint: 'ask for a shorter range, or give Prometheus more time (its --query.timeout)',
    });
  }
  if (status === 429) return new FleetlogError('too_many_requests', 'cannot ask Prometheus now: it answered 429');
  if (kind === 'execution' || status === 422) {
    return new FleetlogError('bad_request', `cannot compute that in Prometheus: ${said}`, {
      hint: 'ask for a shorter range, or name an app, an env or a host',
    });
  }
  if (kind === 'bad_data' || status === 400)
    return new FleetlogError('internal', `cannot ask Prometheus: it does not read the query: ${said}`);
  if (status >= 500 || kind !== '') {
    return new FleetlogError('unavailable', `cannot ask Prometheus: it answered ${status} ${said}`.trimEnd(), {
      hint: 'see its own log',
    });
  }
  return strange(status);
}

function strange(status: number): FleetlogError {
  return new FleetlogError('unavailable', `cannot ask Prometheus: what answers (${status}) is no PromQL endpoint`, {
    hint: 'prometheus.url is the address below which /api/v1/query is, such as http://prometheus:9090',
  });
}
