import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HistogramAnswer } from '../../api/contract.ts';
import { ApiError, createRequester, searchText } from '../../dashboard/client/request.ts';
import { durationUs } from '../../dashboard/format/moment.ts';
import { isoTime } from '../../dashboard/format/time.ts';
import { explain, mendAll } from '../../dashboard/logs/explanations.ts';
import { axisTicks, gapSpans, pickInterval, readHistogram, snap } from '../../dashboard/logs/histogram-model.ts';
import { readQueryText } from '../../dashboard/logs/query-text.ts';
import { type LogsUrl, readLogsUrl, writeLogsUrl } from '../../dashboard/logs/url-state.ts';
import { en } from '../../dashboard/words/en.ts';
import { clauseText } from '../../model/query/parse.ts';

describe('the address', () => {
  test('holds the whole state and gives it back', () => {
    const text = fc.string({ unit: 'grapheme' });
    const id = fc.option(fc.stringMatching(/^[\w-]{1,30}$/));
    const range = fc.record({ from: text, to: text });
    const names = fc.uniqueArray(fc.string({ minLength: 1, unit: 'grapheme' }), { maxLength: 5 });
    const state: fc.Arbitrary<LogsUrl> = fc.record({
      query: text,
      range,
      brush: fc.option(range),
      zone: fc.constantFrom('utc', 'local', null),
      order: fc.constantFrom('asc', 'desc'),
      wrap: fc.boolean(),
      live: fc.boolean(),
      open: id,
      context: id,
      scope: fc.constantFrom('source', 'app', 'host'),
      find: text,
      tab: fc.constantFrom('lines', 'patterns', 'explain'),
      by: fc.constantFrom('level', 'app', 'env', 'host'),
      compare: fc.boolean(),
      columns: names,
      facets: names,
      pretty: fc.boolean(),
      repeats: fc.boolean(),
      baseline: fc.option(range),
    });
    fc.assert(
      fc.property(state, (one) => {
        const read = readLogsUrl(new URL(writeLogsUrl(one), 'http://x').search);
        // A scope without a drawer is nothing.
        const drawer = one.context === null ? { scope: 'source', find: '' } : {};
        expect(read).toEqual({ ...one, ...drawer });
      }),
    );
  });

  test('of the plain page is plain', () => expect(writeLogsUrl(readLogsUrl(''))).toBe('/logs'));
});

describe('the histogram', () => {
  const answer: HistogramAnswer = {
    interval: '30s',
    buckets: [0, 1, 2, 3].map((n) => ({
      time: isoTime(1_795_256_640e6 + n * 30e6),
      counts: (n === 1 ? { error: 3, info: 10, none: 1 } : {}) as Record<string, number>,
    })),
    gaps: [],
    completeTo: null,
    notes: [],
    stats: { tookMs: 1, blocksRead: 0, blocksTotal: 0, bytesRead: 0 },
  };

  test('counts every line once and has a round top', () => {
    const model = readHistogram(answer);
    expect(model.total).toBe(14);
    expect(model.series.map(({ key, total }) => [key, total])).toEqual([
      ['error', 3],
      ['info', 10],
      ['none', 1],
    ]);
    expect(model.top).toBe(20);
    expect(model.axis.to - model.axis.from).toBe(120e6);
  });

  test('never has more bars than asked for, whatever the range', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4e13 }), fc.constantFrom(60, 120), (width, bars) => {
        const interval = durationUs(pickInterval({ from: 0, to: width }, bars))!;
        expect(width / interval).toBeLessThanOrEqual(bars);
      }),
    );
  });

  test('a drag selects whole bars, at least one', () => {
    const model = readHistogram(answer);
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (a, b) => {
          const range = snap(model, a, b);
          expect((range.from - model.axis.from) % 30e6).toBe(0);
          expect(range.to - range.from).toBeGreaterThanOrEqual(30e6);
          expect(range.from >= model.axis.from && range.to <= model.axis.to).toBe(true);
        },
      ),
    );
  });

  test('overlapping gaps are one span, an open one reaches the end', () => {
    const axis = { from: 0, to: 100e6 };
    const gap = (from: number, to: number | null) => ({
      host: 'h',
      app: null,
      env: null,
      from: isoTime(from),
      to: to === null ? null : isoTime(to),
      cause: 'lost',
      bytes: null,
    });
    const spans = gapSpans([gap(50e6, null), gap(10e6, 20e6), gap(15e6, 30e6), gap(200e6, 300e6)], axis);
    expect(spans.map(({ from, to, open }) => [from, to, open])).toEqual([
      [10e6, 30e6, false],
      [50e6, 100e6, true],
    ]);
  });

  test('ticks stand on round moments of the zone', () => {
    const hour = 3600e6;
    expect(axisTicks({ from: 1.25 * hour, to: 9 * hour }, 4, 0).map((us) => us / hour)).toEqual([2, 4, 6, 8]);
    expect(axisTicks({ from: 1.25 * hour, to: 9 * hour }, 4, hour).map((us) => us / hour)).toEqual([3, 5, 7]);
  });
});

test('an empty answer is explained: slips first, each with a change that mends it', () => {
  const found = explain(
    [
      { code: 'hit_outside_range', side: 'before', time: '2026-11-20T23:58:41.000000Z' },
      { code: 'unknown_field', field: 'levle', nearest: 'level' },
      { code: 'other_case_exists', field: 'app', value: 'Shop', found: 'shop' },
      { code: 'search_as_text', field: 'cost', query: '"cost:1300ms"' },
      { code: 'lines_in_range', count: 7 },
    ],
    [
      {
        host: 'h7',
        app: null,
        env: null,
        from: '2026-11-21T10:03:12.000000Z',
        to: null,
        cause: 'collector_silent',
        bytes: null,
      },
    ],
    {
      query: 'levle:error app:Shop',
      zone: 'utc',
      nowUs: 1_795_256_640e6,
      range: { from: 1_795_253_040e6, to: 1_795_256_640e6 },
      words: en,
      write: clauseText,
    },
  );
  expect(found.map((one) => one.look)).toEqual(['slip', 'slip', 'slip', 'time', 'host']);
  expect(found.map((one) => one.action?.change)).toEqual([
    { query: 'level:error app:Shop' },
    { query: 'levle:error app:shop' },
    { query: '"cost:1300ms"' },
    { range: { from: '2026-11-20T23:04:41.000000Z', to: '2026-11-21T00:04:41.000000Z' }, brush: null },
    '/ledger',
  ]);
});

test('slips are put right one by one or all together', () => {
  const context = {
    query: 'levle:error app:Shop cost:1300ms',
    zone: 'utc' as const,
    nowUs: 0,
    range: { from: 0, to: 1 },
    words: en,
    write: clauseText,
  };
  const list = explain(
    [
      { code: 'search_as_text', field: 'levle', query: 'x' },
      { code: 'unknown_field', field: 'levle', nearest: 'level' },
      { code: 'other_case_exists', field: 'app', value: 'Shop', found: 'shop' },
      { code: 'search_as_text', field: 'cost', query: 'levle:error app:Shop "cost:1300ms"' },
    ],
    [],
    context,
  );
  expect(list.filter((one) => one.mend).map((one) => one.title)).toEqual([
    'levle is not a field',
    'app:Shop differs in case',
    'cost: was read as a field',
  ]);
  const mended = mendAll(list, context.query)!;
  expect(
    readQueryText(mended)
      .clauses.map((clause) => mended.slice(clause.start, clause.end))
      .sort(),
  ).toEqual(['"cost:1300ms"', 'app:shop', 'level:error']);
  expect(mendAll(list.slice(0, 1), context.query)).toBeNull();
});

describe('requests', () => {
  const answering = (status: number, body: string, headers: Record<string, string> = {}) =>
    createRequester('/api/v1', async () => new Response(body, { status, headers }));

  test('an error of the API carries code, hint, place and mend', async () => {
    const body = JSON.stringify({
      error: {
        code: 'bad_query',
        message: 'm',
        hint: 'h',
        position: { start: 1, end: 2 },
        action: { label: 'l', query: 'q' },
      },
    });
    await expect(answering(400, body).send('GET', '/logs')).rejects.toMatchObject({
      status: 400,
      code: 'bad_query',
      hint: 'h',
      position: { start: 1, end: 2 },
      action: { query: 'q' },
    });
  });

  test('a proxy that answers in HTML, and no answer at all, are errors with words', async () => {
    await expect(answering(502, '<html>').send('GET', '/logs')).rejects.toMatchObject({
      code: 'http_502',
      message: 'HTTP 502',
    });
    const dead = createRequester('/api/v1', async () => {
      throw new TypeError('fetch failed');
    });
    await expect(dead.send('GET', '/logs')).rejects.toBeInstanceOf(ApiError);
    await expect(dead.send('GET', '/logs')).rejects.toMatchObject({ code: 'network' });
  });

  test('the clock of the server counts when the browser is minutes off', async () => {
    const ahead = answering(200, '{}', { date: new Date(Date.now() + 600_000).toUTCString() });
    expect(Math.abs(ahead.serverNow() - Date.now())).toBeLessThan(1000);
    await ahead.send('GET', '/me');
    expect(Math.abs(ahead.serverNow() - Date.now() - 600_000)).toBeLessThan(5000);
  });

  test('parameters are encoded, repeated and left out', () => {
    expect(searchText({ query: 'a&b 中', app: ['x', 'y'], limit: 5, cursor: undefined, env: '' })).toBe(
      '?query=a%26b+%E4%B8%AD&app=x&app=y&limit=5',
    );
  });
});

describe('tokens', () => {
  const css = readFileSync(new URL('../../dashboard/styles/tokens.css', import.meta.url), 'utf8');
  const pairs = new Map(
    Array.from(css.matchAll(/--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)/g), (m) => [
      m[1],
      [m[2], m[3]],
    ]),
  );
  const luminance = (hex: string) => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const surfaces = ['bg', 'bg-sunken', 'bg-hover', 'bg-selected'];

  test.each([
    'text',
    'text-2',
    'text-3',
    'accent',
    'trace',
    'debug',
    'info',
    'warn',
    'error',
    'fatal',
    'ok',
    'deploy',
    'syn-field',
    'syn-string',
    'syn-number',
    'syn-bool',
  ])('text in %s has 4.5:1 on every surface, in both themes', (name) => {
    for (const surface of surfaces)
      for (const theme of [0, 1])
        expect(contrast(pairs.get(name)![theme], pairs.get(surface)![theme])).toBeGreaterThanOrEqual(4.5);
  });

  test.each(['line-control', 'warn-fill', 'error-fill', 'fatal-fill'])('%s has at least 2.5:1 as a mark', (name) => {
    for (const theme of [0, 1])
      expect(contrast(pairs.get(name)![theme], pairs.get('bg')![theme])).toBeGreaterThanOrEqual(2.5);
  });
});
