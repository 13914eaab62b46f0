import { expect, test } from 'vitest';
import type { Principal } from '../../api/auth/principal.ts';
import { ANONYMOUS } from '../../api/auth/principal.ts';
import type { FleetSource, FleetView } from '../../api/fleet-view.ts';
import { createWatermark } from '../../api/watermark.ts';
import type { HostDoc } from '../../model/fleet.ts';
import { parseQuery } from '../../model/query/parse.ts';
import { T0 } from '../suites/api-harness.ts';
import { source } from '../suites/batches.ts';

const NOW = T0 + 600e6;
const SECOND = 1e6;
const range = { from: T0, to: NOW };
const iso = (us: number): string => new Date(us / 1000).toISOString().replace('Z', '000Z');

function host(name: string, rest: Partial<HostDoc> = {}): HostDoc {
  return {
    host: name,
    time: NOW - 2 * SECOND,
    receivedAt: NOW - SECOND,
    epoch: 'e',
    version: '0',
    docker: { reachable: true },
    behind: [],
    gaps: [],
    counters: {},
    ...rest,
  };
}

function fleetOf(hosts: HostDoc[], sources: [string, string, string][] = []): Pick<FleetView, 'hosts' | 'details'> {
  const all = sources.map(
    ([fid, on, app]) => ({ fid, host: on, source: source({ host: on, app }) }) as unknown as FleetSource,
  );
  return {
    hosts: async () => hosts,
    details: async () => ({ containers: [], sources: all, byFid: new Map(all.map((one) => [one.fid, one])) }),
  };
}

async function ask(fleet: Pick<FleetView, 'hosts' | 'details'>, query = '', principal: Principal = ANONYMOUS) {
  const clock = { nowUs: () => NOW, monotonicMs: () => 0 };
  const watermark = createWatermark({ fleet, clock, silentMs: 30_000 });
  return watermark.completeness(parseQuery(query).query, principal, range);
}

test('no host at all: nothing is known', async () => {
  expect(await ask(fleetOf([]))).toEqual({ completeTo: null, gaps: [] });
});

test('the least over the hosts that report', async () => {
  const fleet = fleetOf([host('h1'), host('h2', { time: NOW - 9 * SECOND })]);
  expect((await ask(fleet)).completeTo).toBe(NOW - 9 * SECOND);
  expect((await ask(fleet, 'host:h1')).completeTo).toBe(NOW - 2 * SECOND);
  expect((await ask(fleet, '-host:h2')).completeTo).toBe(NOW - 2 * SECOND);
});

test('a source that is behind holds the queries that reach it, and no others', async () => {
  const behind = [{ fid: 'f1', completeTo: T0 + SECOND, cause: 'unread' }];
  const fleet = fleetOf(
    [host('h1', { behind })],
    [
      ['f1', 'h1', 'pay'],
      ['f2', 'h1', 'shop'],
    ],
  );
  expect((await ask(fleet)).completeTo).toBe(T0 + SECOND);
  expect((await ask(fleet, 'app:pay error')).completeTo).toBe(T0 + SECOND);
  expect((await ask(fleet, 'app:shop')).completeTo).toBe(NOW - 2 * SECOND);
  expect((await ask(fleet, 'app:shop OR error')).completeTo).toBe(T0 + SECOND);
  const unknown = fleetOf([host('h1', { behind: [{ fid: 'new', completeTo: T0, cause: 'unread' }] })]);
  expect((await ask(unknown, 'app:shop')).completeTo).toBe(T0);
});

test('a silent host leaves the least and becomes a gap, from when it was last heard of', async () => {
  const quiet = host('h2', { time: T0 + 60e6, receivedAt: NOW - 31 * SECOND });
  const answer = await ask(fleetOf([host('h1'), quiet]));
  expect(answer.completeTo).toBe(NOW - 2 * SECOND);
  expect(answer.gaps).toEqual([
    { host: 'h2', app: null, env: null, from: iso(T0 + 60e6), to: null, cause: 'collector_silent', bytes: null },
  ]);
  expect((await ask(fleetOf([host('h1'), quiet]), 'host:h1')).gaps).toEqual([]);
  expect((await ask(fleetOf([host('h1'), host('h2', { receivedAt: NOW - 29 * SECOND })]))).gaps).toEqual([]);
  expect(await ask(fleetOf([quiet]))).toMatchObject({ completeTo: null, gaps: [{ host: 'h2' }] });
});

test('a host whose clock runs ahead, or a wall clock that steps back, is not silent', async () => {
  expect((await ask(fleetOf([host('h1', { receivedAt: NOW + 3600e6 })]))).gaps).toEqual([]);
});

test('recorded losses that overlap the range and that the query reaches', async () => {
  const gap = {
    fid: 'f1',
    from: T0 - SECOND,
    to: T0 + SECOND,
    bytes: 7,
    cause: 'rotated_away',
    app: 'pay',
    env: 'prod',
  };
  const old = { ...gap, from: T0 - 9 * SECOND, to: T0 };
  const fleet = fleetOf([host('h1', { gaps: [old, gap] })]);
  const expected = [
    {
      host: 'h1',
      app: 'pay',
      env: 'prod',
      from: iso(T0 - SECOND),
      to: iso(T0 + SECOND),
      cause: 'rotated_away',
      bytes: 7,
    },
  ];
  expect((await ask(fleet)).gaps).toEqual(expected);
  expect((await ask(fleet, 'app:pay')).gaps).toEqual(expected);
  expect((await ask(fleet, 'app:shop')).gaps).toEqual([]);
});

test('who sees a part is told of the hosts of that part', async () => {
  const fleet = fleetOf(
    [host('h1'), host('h2', { time: T0, receivedAt: T0 })],
    [
      ['f1', 'h1', 'shop'],
      ['f2', 'h2', 'pay'],
    ],
  );
  const tenant: Principal = { ...ANONYMOUS, scopes: [{ app: 'shop', env: '*' }] };
  expect(await ask(fleet, '', tenant)).toEqual({ completeTo: NOW - 2 * SECOND, gaps: [] });
});

test('the floor counts silent hosts and what is behind', async () => {
  const clock = { nowUs: () => NOW, monotonicMs: () => 0 };
  const behind = [{ fid: 'f1', completeTo: T0 + 5, cause: 'unread' }];
  const at = (hosts: HostDoc[]) => createWatermark({ fleet: fleetOf(hosts), clock, silentMs: 30_000 }).floor();
  expect(await at([])).toBeNull();
  expect(await at([host('h1', { behind }), host('h2', { time: T0 + 9, receivedAt: 0 })])).toBe(T0 + 5);
});
