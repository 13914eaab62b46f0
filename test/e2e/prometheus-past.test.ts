import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../model/clock.ts';
import type { PrometheusConfig } from '../../model/config.ts';
import type { MetricStore, SeriesRequest } from '../../store/metric-store.ts';
import { createPrometheusMetricStore } from '../../store/prometheus/metric-store.ts';
import { startPrometheus, type TestPrometheus } from '../servers/prometheus.ts';
import { defaultConfig } from '../suites/api-harness.ts';

const HOURS = 6;
const SCRAPE = 15;
/** Seconds; the whole hour that lies so far back. */
const START = Math.floor(Date.now() / 3600e3) * 3600 - (HOURS + 2) * 3600;
const END = START + HOURS * 3600;
/** A minute of the fourth hour. */
const BURST = START + 3 * 3600 + 30 * 60;

/** Lines a second of each source at a second; two ingest processes count them, the second one began anew after two hours. */
const RATES: Record<string, (second: number) => number> = {
  'app="shop",env="prod",host="h1",level="info",instance="a"': () => 2,
  'app="shop",env="prod",host="h1",level="info",instance="b"': () => 1,
  'app="shop",env="prod",host="h2",level="error",instance="a"': (s) => (s >= BURST && s < BURST + 60 ? 100 : 0),
  'app="pay",env="test",host="h2",level="info",instance="b"': (s) => (s < START + 2 * 3600 ? 4 : 0),
};

function past(): string {
  const lines = ['# TYPE fleetlog_log_lines counter'];
  for (const [labels, rate] of Object.entries(RATES)) {
    let sum = 0;
    for (let second = START; second <= END; second += SCRAPE) {
      // A process that is started again begins at zero; nothing of what was counted before comes twice.
      if (labels.includes('instance="b"') && second === START + 2 * 3600) sum = 0;
      lines.push(`fleetlog_log_lines_total{${labels}} ${sum} ${second}`);
      for (let i = 0; i < SCRAPE; i++) sum += rate(second + i);
    }
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

/** Of the name "test", for the name "lin": the example of Prometheus' own documentation. */
const HASH = '$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay';

const dir = mkdtempSync(join(tmpdir(), 'fleetlog-prometheus-tls-'));
const tls = { certFile: join(dir, 'cert.pem'), keyFile: join(dir, 'key.pem') };
const made = spawnSync('openssl', [
  ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=prometheus'],
  ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', tls.keyFile, '-out', tls.certFile],
]);
const prometheus = await startPrometheus({
  targets: [],
  scrapeMs: 1_000,
  past: past(),
  webUsers: { lin: HASH },
  ...(made.status === 0 && { tls }),
});

describe.skipIf(!prometheus)('a real Prometheus with six hours of the past, behind TLS and a password', () => {
  const server = prometheus as TestPrometheus;
  let store: MetricStore;
  const open = (change: (config: PrometheusConfig) => void = () => {}): MetricStore => {
    const { prometheus: config } = defaultConfig();
    config.url = server.url;
    config.username = 'lin';
    config.password = 'test';
    if (made.status === 0) config.caFile = tls.certFile;
    change(config);
    return createPrometheusMetricStore({ prometheus: config, clock: systemClock, log: { warn() {} } });
  };
  beforeAll(() => {
    store = open();
  });
  afterAll(async () => {
    await store?.close();
    await server?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const ask = (rest: Partial<SeriesRequest>, from: MetricStore = store) =>
    from.series({
      metric: 'log_lines_per_second',
      by: 'level',
      filter: {},
      scopes: [[{ app: '*', env: '*' }]],
      from: START * 1e6,
      to: END * 1e6,
      step: 3600e6,
      limit: 10,
      ...rest,
    });

  test('an hour shows its highest minute, in the hour it was', async () => {
    const { series } = await ask({});
    const [error, info] = series;
    expect(series.map((one) => one.labels.level)).toEqual(['error', 'info']);
    expect(error.points.map(([ms]) => ms / 1000)).toEqual(Array.from({ length: HOURS }, (_, i) => START + i * 3600));
    const rounded = error.points.map(([, value]) => Math.round(value));
    // The burst is a minute of 100 a second; a minute that begins within it has a part of it.
    expect(rounded).toEqual([0, 0, 0, 100, 0, 0]);
    expect(info.points.map(([, value]) => Math.round(value))).toEqual([7, 7, 3, 3, 3, 3]);
  });

  test('a shorter step has the same burst in its own minutes', async () => {
    const { series } = await ask({
      filter: { host: ['h2'], app: ['shop'] },
      by: 'host',
      step: 60e6,
      from: (BURST - 120) * 1e6,
      to: (BURST + 240) * 1e6,
    });
    expect(series).toHaveLength(1);
    const points = new Map(series[0].points);
    expect(points.get(BURST * 1000)).toBeCloseTo(100, 0);
    expect(points.get((BURST - 120) * 1000)).toBe(0);
    expect(points.get((BURST + 180) * 1000)).toBe(0);
  });

  test('top tells an average over the whole range from a peak, and a restart counts nothing twice', async () => {
    const { items } = await store.top({
      metric: 'log_lines_per_second',
      by: 'app',
      filter: {},
      scopes: [[{ app: '*', env: '*' }]],
      from: START * 1e6,
      to: END * 1e6,
      limit: 10,
    });
    const seconds = HOURS * 3600;
    expect(items.map((one) => one.key)).toEqual(['shop', 'pay']);
    expect(items[0].average).toBeCloseTo((3 * seconds + 100 * 60) / seconds, 1);
    expect(items[0].peak).toBeCloseTo(103, 0);
    expect(items[1].average).toBeCloseTo((4 * 2 * 3600) / seconds, 1);
    expect(items[1].peak).toBeCloseTo(4, 0);
  });

  test('a scope that overlaps itself counts a source once', async () => {
    const once = await ask({ by: null, scopes: [[{ app: 'shop', env: 'prod' }]] });
    const thrice = await ask({
      by: null,
      scopes: [
        [
          { app: 's*', env: '*' },
          { app: 'shop', env: 'prod' },
          { app: '*op', env: 'p*' },
        ],
      ],
    });
    expect(thrice.series).toEqual(once.series);
    expect(once.series[0].points).toHaveLength(HOURS);
  });

  test('a wrong password, and a certificate nobody vouches for, are said as such', async () => {
    const wrong = open((config) => void (config.password = 'wrong'));
    await expect(ask({}, wrong)).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining('prometheus.password'),
    });
    await wrong.close();
    if (made.status !== 0) return;
    const strange = open((config) => void (config.caFile = ''));
    await expect(ask({}, strange)).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining('prometheus.caFile'),
    });
    await strange.close();
  });
});
