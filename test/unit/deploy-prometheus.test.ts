import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { promtool } from '../servers/prometheus.ts';
import { ROOT, readRepositoryFile } from '../source-files.ts';

interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

const FILES = ['recording', 'alerts', 'containers'].map((name) => `deploy/prometheus/rules/${name}.yml`);
const rules = FILES.flatMap((file) =>
  (parse(readRepositoryFile(file)) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules),
);
const alerts = rules.filter((rule) => rule.alert);

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetlog-rules-'));
  cpSync(join(ROOT, 'deploy/prometheus'), join(dir, 'prometheus'), { recursive: true });
  mkdirSync(join(dir, 'tests'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('deploy/prometheus', () => {
  test('the configuration and its rules are read by promtool', (context) => {
    writeFileSync(join(dir, 'token'), 'x');
    const file = join(dir, 'prometheus/prometheus.yml');
    const text = readRepositoryFile('deploy/prometheus/prometheus.yml');
    expect(text).toContain('credentials_file: /run/fleetlog/metrics-token');
    writeFileSync(file, text.replace('/run/fleetlog/metrics-token', join(dir, 'token')));
    const checked = promtool(['check', 'config', file]);
    if (!checked) return context.skip('no promtool');
    const counted = [...checked.output.matchAll(/(\d+) rules found/g)].reduce(
      (sum, match) => sum + Number(match[1]),
      0,
    );
    expect(counted).toBe(rules.length);
    expect(checked.status, checked.output).toBe(0);
  });

  test('scrapes at the interval that the API is told', () => {
    const { global } = parse(readRepositoryFile('deploy/prometheus/prometheus.yml')) as {
      global: Record<string, string>;
    };
    expect(global.scrape_interval).toBe('15s');
    expect(readRepositoryFile('docker-compose.yml')).toContain('FLEETLOG_PROMETHEUS_SCRAPE_MS: "15000"');
  });

  test('rules speak of series that are described, and each alert says what it means and how bad it is', () => {
    const described = new Set(
      [...readRepositoryFile('docs/telemetry.md').matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]),
    );
    const recorded = new Set(rules.flatMap((rule) => (rule.record ? [rule.record] : [])));
    for (const { expr, alert, labels, annotations } of rules) {
      for (const [name] of expr.matchAll(/\bfleetlog[_:][\w:]+/g))
        expect(described.has(name) || recorded.has(name), `${name} in ${expr}`).toBe(true);
      if (!alert) continue;
      expect(alert).toMatch(/^Fleetlog[A-Z]/);
      expect(['critical', 'warning']).toContain(labels?.severity);
      expect(annotations?.summary && annotations.description, alert).toBeTruthy();
    }
    expect(new Set(alerts.map((rule) => rule.alert)).size).toBe(alerts.length);
    expect(alerts.length).toBeGreaterThan(10);
  });

  const SHOP = 'app="shop",env="prod",host="h1",container="shop-1"';
  /** For each alert: series under which it fires, and such under which it must not. 30 s apart, for twenty minutes. */
  const steady = (value: number) => `${value}x40`;
  const growing = (by: number, from = 0) => `${from}+${by}x40`;
  const cases: Record<string, { fires: Record<string, string>; quiet: Record<string, string> }> = {
    FleetlogDown: {
      fires: { 'up{job="fleetlog",role="ingest",instance="a"}': steady(0) },
      quiet: { 'up{job="fleetlog",role="ingest",instance="a"}': steady(1), 'up{job="node",instance="b"}': steady(0) },
    },
    FleetlogIngestMissing: {
      fires: { 'up{job="fleetlog",role="api",instance="a"}': steady(1) },
      quiet: { 'fleetlog_ingest_up{instance="a"}': steady(1) },
    },
    FleetlogStoreFull: {
      fires: { 'fleetlog_store_full{instance="a"}': steady(1) },
      quiet: { 'fleetlog_store_full{instance="a"}': steady(0) },
    },
    FleetlogIngestStuck: {
      fires: {
        'fleetlog_ingest_retries_total{instance="a"}': growing(3),
        'fleetlog_ingest_lines_total{instance="a"}': steady(7),
      },
      quiet: {
        'fleetlog_ingest_retries_total{instance="a"}': growing(3),
        'fleetlog_ingest_lines_total{instance="a"}': growing(9),
      },
    },
    FleetlogIngestLate: {
      fires: { 'fleetlog_ingest_lag_ms{instance="a"}': steady(61_000) },
      quiet: { 'fleetlog_ingest_lag_ms{instance="a"}': steady(900) },
    },
    FleetlogDeadLetters: {
      fires: { 'fleetlog_ingest_dead_letters_total{instance="a"}': growing(1) },
      quiet: { 'fleetlog_ingest_dead_letters_total{instance="a"}': steady(4) },
    },
    FleetlogCollectorStalled: {
      fires: {
        'fleetlog_collector_in_flight_bytes{instance="a"}': steady(5e6),
        'fleetlog_collector_batches_acknowledged_total{instance="a"}': steady(10),
      },
      quiet: {
        'fleetlog_collector_in_flight_bytes{instance="a"}': steady(5e6),
        'fleetlog_collector_batches_acknowledged_total{instance="a"}': growing(10),
        'fleetlog_collector_in_flight_bytes{instance="b"}': steady(0),
        'fleetlog_collector_batches_acknowledged_total{instance="b"}': steady(10),
      },
    },
    FleetlogLinesLost: {
      fires: { 'fleetlog_collector_gaps_total{instance="a"}': growing(1) },
      quiet: { 'fleetlog_collector_gaps_total{instance="a"}': steady(1) },
    },
    FleetlogCheckpointBroken: {
      fires: { 'fleetlog_collector_checkpoint_broken{instance="a"}': steady(1) },
      quiet: { 'fleetlog_collector_checkpoint_broken{instance="a"}': steady(0) },
    },
    FleetlogStoreDamaged: {
      fires: { 'fleetlog_store_segments_damaged_total{instance="a"}': growing(1) },
      quiet: {
        'fleetlog_store_segments_damaged_total{instance="a"}': steady(1),
        'fleetlog_store_segments_quarantined_total{instance="a"}': steady(0),
      },
    },
    FleetlogEventsDropped: {
      fires: { 'fleetlog_collector_events_dropped_total{instance="a"}': growing(1) },
      quiet: { 'fleetlog_collector_events_dropped_total{instance="a"}': steady(0) },
    },
    FleetlogVolumeOverflow: {
      fires: { 'fleetlog_ingest_volume_overflow_lines_total{instance="a"}': growing(1) },
      quiet: { 'fleetlog_ingest_volume_overflow_lines_total{instance="a"}': steady(0) },
    },
    FleetlogApiErrors: {
      fires: {
        'fleetlog_api_requests_total{status="500",instance="a"}': growing(1),
        'fleetlog_api_requests_total{status="200",instance="a"}': growing(9),
      },
      quiet: {
        'fleetlog_api_requests_total{status="500",instance="a"}': steady(3),
        'fleetlog_api_requests_total{status="200",instance="a"}': steady(5),
      },
    },
    FleetlogContainerOomKilled: {
      fires: { [`fleetlog_container_oom_kills_total{${SHOP}}`]: growing(1) },
      quiet: { [`fleetlog_container_oom_kills_total{${SHOP}}`]: steady(3) },
    },
    FleetlogContainerNearMemoryLimit: {
      fires: {
        [`fleetlog_container_memory_working_set_bytes{${SHOP},instance="a"}`]: steady(98),
        [`fleetlog_container_memory_working_set_bytes{${SHOP},instance="b"}`]: steady(98),
        [`fleetlog_container_memory_limit_bytes{${SHOP},instance="a"}`]: steady(100),
      },
      // Two processes that show one container are not twice its memory.
      quiet: {
        [`fleetlog_container_memory_working_set_bytes{${SHOP},instance="a"}`]: steady(60),
        [`fleetlog_container_memory_working_set_bytes{${SHOP},instance="b"}`]: steady(60),
        [`fleetlog_container_memory_limit_bytes{${SHOP},instance="a"}`]: steady(100),
      },
    },
    FleetlogContainerThrottled: {
      fires: {
        [`fleetlog_container_cpu_periods_total{${SHOP}}`]: growing(300),
        [`fleetlog_container_cpu_throttled_periods_total{${SHOP}}`]: growing(200),
      },
      quiet: {
        [`fleetlog_container_cpu_periods_total{${SHOP}}`]: growing(300),
        [`fleetlog_container_cpu_throttled_periods_total{${SHOP}}`]: growing(20),
      },
    },
    FleetlogContainerRestarting: {
      fires: { [`fleetlog_container_restarts{${SHOP}}`]: growing(1) },
      quiet: { [`fleetlog_container_restarts{${SHOP}}`]: steady(12) },
    },
    FleetlogHostDiskFull: {
      fires: {
        'fleetlog_host_disk_used_bytes{host="h1"}': steady(95),
        'fleetlog_host_disk_size_bytes{host="h1"}': steady(100),
      },
      quiet: {
        'fleetlog_host_disk_used_bytes{host="h1"}': steady(80),
        'fleetlog_host_disk_size_bytes{host="h1"}': steady(100),
      },
    },
    FleetlogHostMemoryFull: {
      fires: {
        'fleetlog_host_memory_used_bytes{host="h1"}': steady(97),
        'fleetlog_host_memory_size_bytes{host="h1"}': steady(100),
      },
      quiet: {
        'fleetlog_host_memory_used_bytes{host="h1"}': steady(80),
        'fleetlog_host_memory_size_bytes{host="h1"}': steady(100),
      },
    },
    FleetlogFiguresLost: {
      fires: { 'fleetlog_ingest_sample_failures_total{instance="a"}': growing(1) },
      quiet: { 'fleetlog_ingest_sample_failures_total{instance="a"}': steady(2) },
    },
    FleetlogBusy: {
      fires: { 'fleetlog_process_event_loop_delay_seconds{quantile="0.99",instance="a"}': steady(2) },
      quiet: {
        'fleetlog_process_event_loop_delay_seconds{quantile="0.99",instance="a"}': steady(0.02),
        'fleetlog_process_event_loop_delay_seconds{quantile="0.999",instance="a"}': steady(2),
      },
    },
  };

  test('every alert is tried', () => {
    expect(Object.keys(cases).sort()).toEqual(alerts.map((rule) => rule.alert).sort());
  });

  test('alerts fire when they should, and only then', (context) => {
    const tests = Object.entries(cases).flatMap(([alert, { fires, quiet }]) =>
      ([true, false] as const).map((expected) => ({
        interval: '30s',
        name: `${alert} ${expected ? 'fires' : 'is quiet'}`,
        input_series: Object.entries(expected ? fires : quiet).map(([series, values]) => ({ series, values })),
        // What fires is counted: labels and texts are the rules' own affair.
        promql_expr_test: [
          {
            expr: `count(ALERTS{alertname="${alert}",alertstate="firing"})`,
            eval_time: '18m',
            exp_samples: expected ? [{ labels: '{}', value: 1 }] : [],
          },
        ],
      })),
    );
    const file = join(dir, 'tests/alerts.yml');
    writeFileSync(file, stringify({ rule_files: ['../prometheus/rules/*.yml'], evaluation_interval: '30s', tests }));
    const tried = promtool(['test', 'rules', file]);
    if (!tried) return context.skip('no promtool');
    expect(tried.status, tried.output).toBe(0);
  });
});
