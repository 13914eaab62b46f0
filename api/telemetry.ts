import { Counter, Histogram, type Registry } from 'prom-client';
import { liveGauges } from './live-gauge.ts';

/** Our own figures of this stage; names as in style.md rule 8. */
export interface ApiTelemetry {
  answered(route: string, method: string, status: number, seconds: number): void;
  refused(reason: string): void;
  login(result: 'right' | 'wrong' | 'throttled'): void;
  collected(batches: number, bytes: number): void;
  exported(rows: number): void;
  tailed(records: number): void;
  tailSkipped(reason: string, records: number): void;
}

export function createApiTelemetry(
  registry: Registry,
  live: { running: () => number; waiting: () => number; tails: () => number; exports: () => number },
): ApiTelemetry {
  const registers = [registry];
  const requests = new Counter({
    name: 'fleetlog_api_requests_total',
    help: 'Requests answered, by route, method and status.',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'fleetlog_api_request_duration_seconds',
    help: 'Time from a request to the end of its answer, by route; tails and exports are left out.',
    labelNames: ['route'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15],
    registers,
  });
  const counter = (name: string, help: string, label?: string) =>
    new Counter({ name, help, labelNames: label ? [label] : [], registers });
  const refusals = counter(
    'fleetlog_api_refused_total',
    'Requests refused by authentication or permission, by reason.',
    'reason',
  );
  const logins = counter('fleetlog_api_logins_total', 'Login attempts, by result.', 'result');
  const batches = counter('fleetlog_api_collected_batches_total', 'Batches taken from collectors on other hosts.');
  const bytes = counter('fleetlog_api_collected_bytes_total', 'Bytes of those batches, inflated.');
  const rows = counter('fleetlog_api_exported_records_total', 'Records written to exports.');
  const tailed = counter('fleetlog_api_tail_records_total', 'Records sent to live tails.');
  const skipped = counter(
    'fleetlog_api_tail_skipped_total',
    'Records a live tail was told it missed, by reason.',
    'reason',
  );
  const gauge = liveGauges(registry);
  gauge('fleetlog_api_queries_running', 'Queries that run now.', live.running);
  gauge('fleetlog_api_queries_waiting', 'Queries that wait for their turn.', live.waiting);
  gauge('fleetlog_api_tails', 'Live tails open now.', live.tails);
  gauge('fleetlog_api_exports', 'Exports that run now.', live.exports);

  return {
    answered(route, method, status, seconds) {
      requests.inc({ route, method, status });
      durations.observe({ route }, seconds);
    },
    refused: (reason) => refusals.inc({ reason }),
    login: (result) => logins.inc({ result }),
    collected(count, size) {
      batches.inc(count);
      bytes.inc(size);
    },
    exported: (count) => rows.inc(count),
    tailed: (count) => tailed.inc(count),
    tailSkipped: (reason, count) => skipped.inc({ reason }, count),
  };
}
