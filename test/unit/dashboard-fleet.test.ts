import { describe, expect, test } from 'vitest';
import type { ApiContainer, ApiEvent, LedgerItem } from '../../api/contract.ts';
import { FiguresSchema } from '../../api/contract-figures.ts';
import { endOf, successorsOf, wasAsked } from '../../dashboard/containers/end.ts';
import { endSentences, shortEnd } from '../../dashboard/containers/end-words.ts';
import { logsLink } from '../../dashboard/containers/logs-link.ts';
import { COLUMNS, countPicks, isPicked, rowsOf, tieOf } from '../../dashboard/containers/rows.ts';
import { exactTerm, readFilter } from '../../dashboard/fleet/filter.ts';
import { readListUrl, writeListUrl } from '../../dashboard/fleet/list-url.ts';
import { holdOrder, sortRows } from '../../dashboard/fleet/order.ts';
import * as ledger from '../../dashboard/ledger/rows.ts';
import { ageText } from '../../dashboard/shell/age.tsx';
import { enFleet } from '../../dashboard/words/en-fleet.ts';
import { zhFleet } from '../../dashboard/words/zh-fleet.ts';
import { DROP_REASONS } from '../../model/batch.ts';
import { BEHIND_CAUSES } from '../../model/behind-cause.ts';

const at = (time: string) => `2026-11-21T${time}.000000Z`;
const NOW = Date.parse('2026-11-21T12:00:00Z') * 1000;
const UNKNOWN_FIGURES = Object.fromEntries(
  Object.keys(FiguresSchema.properties).map((name) => [name, null]),
) as ApiContainer['figures'];
const box = (overrides: Partial<ApiContainer> = {}): ApiContainer => ({
  container: 'c'.repeat(64),
  containerName: 'shop-1',
  app: 'shop',
  env: 'prod',
  host: 'h1',
  instance: 'shop-1',
  image: 'shop:1.4',
  version: '1.4',
  named: { app: 'label', env: 'label' },
  state: 'running',
  health: null,
  createdAt: at('08:00:00'),
  startedAt: at('08:00:01'),
  finishedAt: null,
  exitCode: null,
  oomKilled: false,
  restarts: 0,
  reader: 'json-file',
  lastLineAt: at('11:59:59'),
  lagMs: 0,
  warnings: [],
  linesPerSecond: 1,
  files: 1,
  read: 100,
  searchable: 90,
  dropped: { blank: 10 },
  inFlight: 0,
  figures: UNKNOWN_FIGURES,
  ...overrides,
});
const dead = (exitCode: number | null, overrides: Partial<ApiContainer> = {}) =>
  box({ state: 'exited', exitCode, finishedAt: at('10:00:00'), lagMs: null, ...overrides });

describe('what is typed above a list', () => {
  const fields = ['app', 'host', 'state'];
  const row = { app: 'Shop-Order', host: 'bj-h02', state: 'running' };
  test.each([
    ['', true],
    ['order', true],
    ['ORDER bj', true],
    ['order nj', false],
    ['shop-*', true],
    ['*-order', true],
    ['rder*', false],
    ['host:bj*', true],
    ['host:order', false],
    ['app:order', true],
    ['app:"order"', false],
    ['app:"shop-order"', true],
    ['-state:removed', true],
    ['-state:run*', false],
    ['-order', false],
    ['host：bj＊', true],
    ['image:shop', false],
    ['"bj-h02"', true],
    ['"', false],
    [exactTerm('app', 'shop-order'), true],
    [exactTerm('app', 'shop'), false],
  ])('%s', (text, found) => {
    expect(readFilter(text, fields)(row)).toBe(found);
  });

  test('a colon after no field belongs to the word', () => {
    expect(readFilter('shop:1.4', ['image'])({ image: 'registry/shop:1.4' })).toBe(true);
  });

  test('a value with a quote in it is found by its own term', () => {
    const name = 'a "b" c';
    expect(readFilter(exactTerm('app', name), fields)({ ...row, app: name })).toBe(true);
  });
});

describe('the order of rows', () => {
  test('figures by size, names by their numbers, the unknown last either way', () => {
    const rows = [
      { n: 'a10', v: 2 },
      { n: 'a9', v: null },
      { n: 'a1', v: 10 },
    ];
    const by = (value: (row: (typeof rows)[number]) => string | number | null, desc: boolean) =>
      sortRows(rows, value, desc, (row) => row.n).map((row) => row.n);
    expect(by((row) => row.v, false)).toEqual(['a10', 'a1', 'a9']);
    expect(by((row) => row.v, true)).toEqual(['a1', 'a10', 'a9']);
    expect(by((row) => row.n, false)).toEqual(['a1', 'a9', 'a10']);
    // Equal rows stand by name, whichever way the column goes.
    expect(by(() => 0, true)).toEqual(['a1', 'a9', 'a10']);
  });

  test('held: nobody moves, who left stays, who came follows', () => {
    expect(holdOrder(['b', 'a', 'c'], ['a', 'd', 'b'])).toEqual(['b', 'a', 'c', 'd']);
  });

  test('removed containers come last by themselves', () => {
    const rows = rowsOf([
      box({ container: '1', app: 'a', state: 'removed', finishedAt: at('10:00:00') }),
      box({ container: '2', app: 'b' }),
      box({ container: '3', app: 'a' }),
    ]);
    expect(sortRows(rows, COLUMNS[0].value, false, tieOf).map((row) => row.key)).toEqual(['3', '2', '1']);
  });
});

test('a link holds filter, chips, order and the open row, and no defaults', () => {
  const offers = {
    picks: ['running', 'removed'],
    sorts: [
      { id: 'app', desc: false },
      { id: 'rate', desc: true },
    ],
    groups: ['file', 'host'],
  };
  const usual = readListUrl('?show=nonsense&sort=nonsense&by=nonsense', offers);
  expect(usual).toEqual({ filter: '', picks: [], sort: 'app', desc: false, open: null, by: 'file' });
  expect(writeListUrl(usual, offers)).toBe('');
  const full = { filter: 'app:"订单 1"', picks: ['removed'], sort: 'rate', desc: false, open: 'x y', by: 'host' };
  expect(readListUrl(writeListUrl(full, offers), offers)).toEqual(full);
  expect(writeListUrl({ ...full, desc: true }, offers)).not.toContain('dir');
});

describe('the end of a container', () => {
  const words = (one: ApiContainer, asked: boolean | null = null, next?: ApiContainer) =>
    endSentences(endOf(one, next)!, asked, one.state === 'restarting', enFleet).join(' ');

  test('is told by exit code, signal and memory', () => {
    expect(endOf(box(), undefined)).toBeNull();
    expect(words(dead(0))).toBe('It ended by itself, without an error (exit code 0).');
    expect(words(dead(1))).toBe('It ended by itself with an error (exit code 1).');
    expect(words(dead(127))).toContain('could not be started (exit code 127)');
    expect(words(dead(139))).toContain('ended by SIGSEGV (exit code 139). It crashed');
    expect(words(dead(137))).toContain('ended by SIGKILL (exit code 137)');
    expect(words(dead(137, { oomKilled: true }))).toBe(
      'It ran out of memory and the kernel killed it (exit code 137).',
    );
    expect(words(dead(192))).toContain('signal 64');
    expect(words(dead(255))).toContain('with an error (exit code 255)');
    expect(words(dead(null))).toBe('Nobody told how it ended.');
    expect(words(dead(3, { state: 'restarting' }))).toContain('starts it again');
  });

  test('says who asked, by the events near it', () => {
    const event = (type: string, time: string) => ({ type, time: at(time) }) as ApiEvent;
    const end = endOf(dead(143), undefined)!;
    expect(wasAsked(end, [event('die', '10:00:00'), event('stop', '10:00:01')])).toBe(true);
    expect(wasAsked(end, [event('die', '10:00:00'), event('stop', '09:00:00')])).toBe(false);
    expect(wasAsked(end, [event('start', '08:00:00')])).toBeNull();
    expect(words(dead(143), true)).toBe(
      'It was ended by SIGTERM (exit code 143). Somebody asked for it: docker stop, Compose or an orchestrator.',
    );
    expect(words(dead(137), false)).toContain('Nobody asked Docker to stop it.');
  });

  test('names what took its place: a deploy', () => {
    const old = dead(143, { container: 'old', state: 'removed' });
    const next = box({ container: 'new', containerName: 'shop-1b', version: '1.5', createdAt: at('09:59:59') });
    const later = box({ container: 'later', version: '1.6', createdAt: at('11:00:00') });
    const found = successorsOf([later, next, old]);
    expect(found.get(old)).toBe(next);
    expect(found.has(next)).toBe(false);
    expect(words(old, null, next)).toContain('It was removed by a deploy: shop-1b (version 1.5) took its place.');
    expect(words(old)).toContain('removed by docker rm');
    expect(shortEnd(endOf(old, next), enFleet)).toBe('replaced by 1.5');
    expect(shortEnd(endOf(dead(137, { oomKilled: true }), next), enFleet)).toBe('out of memory, replaced by 1.5');
    // Another instance, or one that was gone before, is no successor.
    for (const other of [
      { ...next, instance: 'shop-2' },
      { ...next, host: 'h2' },
      { ...next, createdAt: at('08:30:00'), finishedAt: at('09:00:00') },
    ])
      expect(successorsOf([old, other]).has(old)).toBe(false);
  });

  test('has its place among the logs: around it, or since the last line', () => {
    const link = (one: ApiContainer) =>
      Object.fromEntries(
        new URL(
          logsLink(one, (field, value) => `${field}:${value}`, NOW),
          'http://x',
        ).searchParams,
      );
    expect(link(box())).toEqual({ query: 'app:shop env:prod instance:shop-1 container:cccccccccccc' });
    expect(link(dead(1, { lastLineAt: at('09:59:00') }))).toMatchObject({
      from: at('09:44:00'),
      to: at('10:01:00'),
    });
    expect(link(box({ lastLineAt: at('05:00:00') }))).toMatchObject({ from: at('04:45:00'), to: at('05:01:00') });
    expect(link(box({ container: '' })).query).toBe('app:shop env:prod instance:shop-1 host:h1');
  });
});

test('what needs attention, and the chips', () => {
  const rows = rowsOf([
    box({ container: '1' }),
    box({ container: '2', health: 'unhealthy' }),
    box({ container: '3', lagMs: 40_000 }),
    box({ container: '4', lagMs: null }),
    dead(0, { container: '5', instance: '5' }),
    dead(143, { container: '6', instance: '6' }),
    dead(1, { container: '7', instance: '7' }),
    dead(137, { container: '8', instance: '8', oomKilled: true }),
    dead(1, { container: '9', instance: '9', state: 'removed' }),
    box({ container: 'a', state: 'restarting', exitCode: 1 }),
    box({ container: 'b', searchable: 80 }),
  ]);
  expect(Object.fromEntries(rows.map((row) => [row.key, row.troubles]))).toEqual({
    1: [],
    2: ['unhealthy'],
    3: ['behind'],
    4: ['silent'],
    5: [],
    6: [],
    7: ['failed'],
    8: ['oom'],
    9: [],
    a: ['restarting'],
    b: ['unaccounted'],
  });
  const counts = countPicks(rows);
  expect(['attention', 'running', 'exited', 'removed', 'paused'].map((pick) => counts.get(pick))).toEqual([
    7, 5, 4, 1, 0,
  ]);
  const keys = (...picks: string[]) => rows.filter((row) => isPicked(row, picks)).map((row) => row.key);
  expect(keys()).toHaveLength(11);
  expect(keys('removed')).toEqual(['9']);
  expect(keys('removed', 'restarting')).toEqual(['9', 'a']);
});

describe('the ledger', () => {
  const item = (n: number, overrides: Partial<LedgerItem> = {}): LedgerItem => ({
    source: {
      host: n % 2 === 0 ? 'h2' : 'h1',
      app: 'shop',
      env: 'prod',
      container: 'c',
      containerName: 'n',
      instance: `i${n}`,
      path: `/x/${n}.log`,
      reader: 'file',
      named: { app: 'label', env: 'label' },
      fid: String(n),
    },
    state: 'reading',
    reason: null,
    size: 100,
    read: 100,
    searchable: 90,
    dropped: { blank: 6, hole: 0, too_old: 4 },
    inFlight: 0,
    lines: 5,
    lastLineAt: at('11:00:00'),
    behind: null,
    gaps: [],
    ...overrides,
  });
  const behind = (cause: string, completeTo: string | null) => ({ behind: { cause, completeTo } });
  const files = ledger.filesOf(
    [
      item(1),
      item(2, { ...behind('not_acknowledged', at('11:59:59')), searchable: 80, inFlight: 10 }),
      item(3, behind('not_acknowledged', at('11:58:00'))),
      item(4, { ...behind('denied', null), state: 'denied' }),
      item(5, { searchable: 95 }),
      item(6, { searchable: 85, gaps: [{ cause: 'damaged', from: at('10:00:00'), to: at('10:00:01'), bytes: 5 }] }),
    ],
    NOW,
  );

  test('a moment behind is how things are, longer is trouble', () => {
    expect(files.map((file) => file.stuck)).toEqual([false, false, true, true, false, false]);
    expect(files[2].lateUs).toBe(120e6);
    expect(ledger.stuckByCause(files).map(([cause, of]) => [cause, of.length])).toEqual([
      ['not_acknowledged', 1],
      ['denied', 1],
    ]);
    expect(Object.fromEntries(ledger.countPicks(files))).toEqual({
      trouble: 4,
      moving: 1,
      dropped: 6,
      lost: 1,
      gone: 0,
    });
  });

  test('sums by host and app; faults do not cancel out', () => {
    const [h1, h2] = ledger.rowsOf(files, 'host');
    expect([h1.key, h2.key]).toEqual(['h1', 'h2']);
    expect(h2).toMatchObject({ read: 300, searchable: 255, dropped: 30, inFlight: 10, lines: 15, lost: 1 });
    expect(h1.reasons).toEqual([
      ['blank', 18],
      ['too_old', 12],
    ]);
    const [app, ...rest] = ledger.rowsOf(files, 'app');
    expect(rest).toEqual([]);
    // −5 of one and +5 of another are two faults.
    expect(app.unaccounted).toBe(10);
    expect(ledger.rowsOf(files, 'file')).toHaveLength(6);
  });

  test('every cause and reason of the product has its words', () => {
    for (const { fleet, ledger: words } of [enFleet, zhFleet]) {
      expect(Object.keys(fleet.cause).sort()).toEqual(Object.keys(BEHIND_CAUSES).sort());
      expect(Object.keys(words.stuck).sort()).toEqual(Object.keys(BEHIND_CAUSES).sort());
      expect(Object.keys(words.mend).sort()).toEqual(Object.keys(BEHIND_CAUSES).sort());
      expect(Object.keys(fleet.dropped).sort()).toEqual([...DROP_REASONS].sort());
      expect(Object.keys(words.dropReason).sort()).toEqual([...DROP_REASONS].sort());
    }
  });
});

test('ages say no more than they know', () => {
  expect([400, 9_400, 59_900, 61_000, 150_000, 541_000, 7_500_000, 90_000_000, 900_000_000].map(ageText)).toEqual([
    '0 s',
    '9 s',
    '59 s',
    '1 m 1 s',
    '2 m 30 s',
    '9 m',
    '2 h 5 m',
    '1 d 1 h',
    '10 d',
  ]);
});
