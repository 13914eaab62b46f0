import { FleetlogError } from '../model/errors.ts';
import { METRICS, type MetricFilter, type MetricLabel, type MetricName, type MetricRequest } from './metric-store.ts';

/** Refuses with `bad_request` what a store cannot give, or cannot split or narrow by; the same words for every store. */
export function checkMetricRequest(
  known: readonly MetricName[],
  request: Pick<MetricRequest, 'metric' | 'filter'> & { by: MetricLabel | null },
): void {
  const { metric, by, filter } = request;
  if (!known.includes(metric)) {
    throw new FleetlogError('bad_request', `cannot give the metric ${JSON.stringify(String(metric).slice(0, 60))}`, {
      hint: `this server has ${known.join(', ')}`,
    });
  }
  const labels: readonly MetricLabel[] = METRICS[metric].labels;
  const refuse = (verb: string, label: string): never => {
    throw new FleetlogError('bad_request', `cannot ${verb} ${metric} by ${label}`, { hint: `by ${labels.join(', ')}` });
  };
  if (by !== null && !labels.includes(by)) refuse('split', by);
  for (const label of Object.keys(filter) as (keyof MetricFilter)[])
    if (filter[label] !== undefined && !labels.includes(label)) refuse('narrow', label);
}
