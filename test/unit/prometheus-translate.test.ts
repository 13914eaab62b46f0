import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesGlob } from '../../model/glob.ts';
import { partOfStep, peakStep } from '../../store/metric-steps.ts';
import type { GlanceRequest, MetricScope, SeriesRequest, TopRequest } from '../../store/metric-store.ts';
import { matcher, quote } from '../../store/prometheus/promql.ts';
import { scopeBranches } from '../../store/prometheus/scope-branches.ts';
import { translateGlance, translateSeries, translateTop } from '../../store/prometheus/translate.ts';
import { ROOT } from '../source-files.ts';

const T0 = 1_795_219_200_000_000;
const NOW = T0 + 86_400e6;
const SCRAPE = 15e6;
const EVERYTHING = [[{ app: '*', env: '*' }]];

const series = (rest: Partial<SeriesRequest> = {}): SeriesRequest => ({
  metric: 'log_lines_per_second',
  by: 'level',
  filter: {},
  scopes: EVERYTHING,
  from: T0,
  to: T0 + 3600e6,
  step: 60e6,
  limit: 100,
  ...rest,
});
const top = (rest: Partial<TopRequest> = {}): TopRequest => {
  const { step: _, ...request } = series();
  return { ...request, by: 'app', ...rest };
};

/** `GOLDEN=write vitest …` writes what is asked now; read the difference before keeping it. */
function golden(name: string, asked: unknown): void {
  const file = join(ROOT, 'test/fixtures/prometheus', `${name}.json`);
  const text = `${JSON.stringify(asked, null, 2)}\n`;
  if (process.env.GOLDEN === 'write') writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

describe('what Prometheus is asked', () => {
  const hostile = { app: ['a"b\\c}', 'x|y.*'], host: ['h1', 'web-*'] };
  const cases: [string, SeriesRequest][] = [
    ['series-by-level', series()],
    ['series-all-added-up', series({ by: null, metric: 'log_bytes_per_second' })],
    ['series-peaks-of-an-hour', series({ step: 3600e6, to: T0 + 40_000e6, by: 'host' })],
    ['series-short-steps', series({ step: 5e6, to: T0 + 600e6 })],
    ['series-filters-hostile-names', series({ filter: hostile })],
    [
      'series-scope-of-a-team',
      series({
        scopes: [
          [
            { app: 'shop-*', env: 'prod' },
            { app: 'pay', env: 'prod' },
            { app: 'shop-*', env: '*' },
          ],
        ],
      }),
    ],
    [
      'series-token-within-its-owner',
      series({
        scopes: [
          [
            { app: 'shop-*', env: '*' },
            { app: 'admin', env: 'prod' },
          ],
          [{ app: '*-api', env: 'prod' }],
        ],
      }),
    ],
    ['containers-cpu-by-app', series({ metric: 'cpu_cores', by: 'app' })],
    [
      'containers-memory-of-an-hour',
      series({ metric: 'memory_bytes', by: 'container', step: 3600e6, to: T0 + 40_000e6 }),
    ],
    [
      'containers-memory-of-two-weeks',
      series({ metric: 'memory_bytes', by: 'app', step: 7200e6, from: T0 - 10 * 86_400e6 }),
    ],
    ['containers-ratio-of-limits', series({ metric: 'memory_ratio', by: null, filter: hostile })],
    [
      'containers-scope-of-a-team',
      series({
        metric: 'net_rx_bytes_per_second',
        by: 'host',
        scopes: [
          [
            { app: 'shop-*', env: 'prod' },
            { app: 'pay', env: '*' },
          ],
        ],
      }),
    ],
    ['host-of-its-own', series({ metric: 'host_memory_bytes', by: 'host', filter: { host: ['web-*'] } })],
  ];
  test.each(cases)('%s', (name, request) => golden(name, translateSeries(request, NOW, SCRAPE)));

  test('top asks for an average and a peak', () => {
    golden('top-by-app', translateTop(top({ filter: { env: ['prod'] } }), NOW, SCRAPE));
    golden('top-by-host-of-a-week', translateTop(top({ by: 'host', from: NOW - 7 * 86_400e6, to: NOW }), NOW, SCRAPE));
  });

  test('top of containers asks for averages and peaks of sums, not for sums of peaks', () => {
    golden('containers-top-by-host', translateTop(top({ metric: 'cpu_cores', by: 'host' }), NOW, SCRAPE));
  });

  test('a glance is one question, however many metrics', () => {
    const { metric: _, by: __, limit: ___, ...request } = top({ filter: { env: ['prod'] } });
    const asked: GlanceRequest = {
      ...request,
      metrics: ['cpu_cores', 'memory_ratio', 'pids'],
      by: ['app', 'env'],
      take: 'newest',
    };
    golden('containers-glance', translateGlance(asked, NOW, SCRAPE));
    golden('containers-glance-p95', translateGlance({ ...asked, metrics: ['cpu_cores'], take: 'p95' }, NOW, SCRAPE));
    expect(translateGlance({ ...asked, scopes: [[]] }, NOW, SCRAPE)).toBeNull();
  });

  test('totals of a host are not asked for who may see some apps only', () => {
    const some = [[{ app: 'shop', env: '*' }]];
    expect(translateSeries(series({ metric: 'host_load', by: 'host', scopes: some }), NOW, SCRAPE)).toBeNull();
    expect(translateTop(top({ metric: 'host_load', by: 'host', scopes: some }), NOW, SCRAPE)).toBeNull();
    const both = [[{ app: '*', env: '*' }], ...some];
    expect(translateSeries(series({ metric: 'host_load', by: 'host', scopes: both }), NOW, SCRAPE)).toBeNull();
  });

  test('nothing is asked for who may see nothing, nor before a step is finished', () => {
    expect(translateSeries(series({ scopes: [[]] }), NOW, SCRAPE)).toBeNull();
    expect(
      translateSeries(series({ scopes: [[{ app: 'a', env: '*' }], [{ app: 'b', env: '*' }]] }), NOW, SCRAPE),
    ).toBeNull();
    expect(translateTop(top({ scopes: [[]] }), NOW, SCRAPE)).toBeNull();
    expect(translateSeries(series({ from: T0, to: T0 + 60e6 }), T0 + 60e6, SCRAPE)).toBeNull();
    expect(translateSeries(series({ from: T0, to: T0 + 60e6 }), T0 + 75e6, SCRAPE)).not.toBeNull();
  });

  test('scopes that multiply to too many are refused, not sent', () => {
    const many = Array.from({ length: 30 }, (_, i) => ({ app: `*${i}-x`, env: `e${i}*` }));
    const others = Array.from({ length: 30 }, (_, i) => ({ app: `y-${i}*`, env: `*${i}f` }));
    expect(() => scopeBranches([many, others])).toThrow(/combinations of scopes/);
    expect(scopeBranches([many]).length).toBe(30);
  });
});

describe('values in PromQL', () => {
  test('a quoted value reads back as itself, and a pattern matches what the scope says', () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 });
    fc.assert(
      fc.property(text, (value) => {
        const quoted = quote(value);
        expect(quoted).not.toMatch(/\n/);
        expect(JSON.parse(quoted)).toBe(value.toWellFormed());
      }),
    );
    const piece = fc.stringMatching(/^[ab.*|()\\"$^\n-]{0,6}$/);
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 3 }), piece, (patterns, value) => {
        const [, sign, literal] = /^app(=~?)(".*")$/s.exec(matcher({ label: 'app', patterns })) ?? [];
        const body = JSON.parse(literal) as string;
        const found =
          sign === '=' ? body === value : new RegExp(`^(?:${body.replaceAll('(?s:.*)', '[^]*')})$`).test(value);
        expect(found).toBe(patterns.some((pattern) => matchesGlob(pattern, value)));
      }),
      { numRuns: 2_000 },
    );
  });

  test('branches allow what the scopes allow, for every app and env', () => {
    const pattern = fc.stringMatching(/^[ab*]{1,3}$/);
    const scopes: fc.Arbitrary<MetricScope[]> = fc.array(fc.record({ app: pattern, env: pattern }), { maxLength: 4 });
    const name = fc.stringMatching(/^[ab]{1,3}$/);
    fc.assert(
      fc.property(fc.array(scopes, { minLength: 1, maxLength: 2 }), name, name, (lists, app, env) => {
        const value: Record<string, string> = { app, env };
        const branches = scopeBranches(lists);
        const allowed = branches.some((branch) =>
          branch.every(({ label, patterns }) => patterns.some((one) => matchesGlob(one, value[label]))),
        );
        const wanted = lists.every((list) =>
          list.some((scope) => matchesGlob(scope.app, app) && matchesGlob(scope.env, env)),
        );
        expect(allowed).toBe(wanted);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('steps', () => {
  test('a step is divided evenly, into whole seconds no shorter than a peak', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500_000 }), fc.integer({ min: 1, max: 400 * 86_400 }), (seconds, range) => {
        const step = seconds * 1e6;
        const part = partOfStep(step, range * 1e6);
        expect(step % part).toBe(0);
        expect(part % 1e6).toBe(0);
        if (part < step) expect(part).toBeGreaterThanOrEqual(peakStep(range * 1e6));
      }),
    );
  });
});
