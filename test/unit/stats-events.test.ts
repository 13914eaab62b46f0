import { afterEach, describe, expect, test } from 'vitest';
import type { RunningContainer } from '../../collector/discovery.ts';
import { openStatsRig, type StatsRig } from './stats-rig.ts';

let rig: StatsRig;
afterEach(() => rig.close());
const told = (): string[] => rig.events.map(({ type }) => type);

describe('OOM kills are counted once each', () => {
  const kills = (one: RunningContainer, count: number): void =>
    rig.host.write(one.id, one.pid!, 'memory.events', `oom ${count}\noom_kill ${count}\n`);
  const inBatch = async (): Promise<(number | undefined)[]> =>
    (await rig.round()).rows.map((row) => row.values.oom_kills);

  test('of children, by the cgroup alone; the events that tell the same add nothing', async () => {
    rig = await openStatsRig('v2');
    const one = rig.start(1);
    kills(one, 0);
    expect(await inBatch()).toEqual([0]);
    kills(one, 2);
    rig.tell(one, 'oom');
    rig.tell(one, 'oom', rig.nowUs() + 5);
    expect(await inBatch()).toEqual([2]);
    expect(await inBatch()).toEqual([2]);
  });

  test('that end a container: in a last row, though its cgroup is gone', async () => {
    rig = await openStatsRig('v2');
    const one = rig.start(1);
    kills(one, 1);
    expect(await inBatch()).toEqual([1]);
    rig.tell(one, 'oom', rig.nowUs() + 4e6);
    rig.tell(one, 'die', rig.nowUs() + 4e6);
    rig.end(one);
    const last = await rig.round();
    expect(last.rows).toHaveLength(1);
    expect(last.rows[0]).toMatchObject({
      container: one.id,
      startedAt: one.startedAt,
      values: { oom_kills: 2, pids: 14 },
    });
    expect(await inBatch()).toEqual([]);
  });

  test('that end a container which starts again: in the count of that start', async () => {
    rig = await openStatsRig('v2');
    const one = rig.start(1);
    kills(one, 0);
    await rig.round();
    for (let loop = 1; loop <= 3; loop++) {
      rig.tell(one, 'oom', rig.nowUs() + 2e6);
      rig.tell(one, 'die', rig.nowUs() + 2e6);
      rig.tell(one, 'start', rig.nowUs() + 3e6);
      rig.end(one);
      Object.assign(rig.start(1), { startedAt: rig.nowUs() + 2_900_000 });
      one.startedAt = rig.running[0].startedAt;
      rig.running[0] = one;
      kills(one, 0);
      expect(await inBatch()).toEqual([1]);
    }
    kills(one, 1);
    expect(await inBatch()).toEqual([2]);
  });

  test('seen in the cgroup just before the event came are not counted again', async () => {
    rig = await openStatsRig('v2');
    const one = rig.start(1);
    kills(one, 0);
    await rig.round();
    kills(one, 1);
    expect(await inBatch()).toEqual([1]);
    rig.tell(one, 'oom', rig.nowUs() + 20_000);
    rig.tell(one, 'die', rig.nowUs() + 30_000);
    rig.end(one);
    expect(await inBatch()).toEqual([]);
  });

  test('that end a container before it was ever measured', async () => {
    rig = await openStatsRig('v2');
    const one = rig.start(1);
    rig.end(one);
    rig.tell(one, 'start');
    rig.tell(one, 'oom', rig.nowUs() + 1e6);
    rig.tell(one, 'die', rig.nowUs() + 1e6);
    expect(await inBatch()).toEqual([1]);
    expect(await inBatch()).toEqual([]);
  });
});

describe('throttling', () => {
  const cpu = (one: RunningContainer, periods: number, throttled: number): void =>
    rig.host.write(
      one.id,
      one.pid!,
      'cpu.stat',
      `usage_usec 1\nnr_periods ${periods}\nnr_throttled ${throttled}\nthrottled_usec 1\n`,
    );

  test('is told once, after so many rounds, and again only after it let go', async () => {
    rig = await openStatsRig('v2', { throttledPercent: 50, throttledRounds: 3 });
    const one = rig.start(1);
    let [periods, throttled] = [0, 0];
    const go = async (share: number, rounds: number): Promise<void> => {
      for (let i = 0; i < rounds; i++) {
        periods += 100;
        throttled += share;
        cpu(one, periods, throttled);
        await rig.round();
      }
    };
    await go(90, 3);
    expect(told()).toEqual([]);
    await go(90, 4);
    expect(told()).toEqual(['throttled']);
    expect(rig.events[0]).toMatchObject({
      source: { app: 'shop' },
      attributes: { throttledPercent: '90', cpuLimitCores: '0.5' },
    });
    // At the edge: no new onset.
    await go(47, 1);
    await go(90, 3);
    expect(told()).toEqual(['throttled']);
    await go(10, 1);
    await go(60, 2);
    expect(told()).toEqual(['throttled']);
    await go(60, 1);
    expect(told()).toEqual(['throttled', 'throttled']);
  });

  test('of one start is not added to that of the next', async () => {
    rig = await openStatsRig('v2', { throttledRounds: 1 });
    const one = rig.start(1);
    cpu(one, 1_000, 10);
    await rig.round();
    one.startedAt += 5e6;
    cpu(one, 2_000, 1_000);
    await rig.round();
    expect(told()).toEqual([]);
  });
});

describe('memory pressure', () => {
  const memory = (one: RunningContainer, bytes: number): void => {
    rig.host.write(one.id, one.pid!, 'memory.current', `${bytes}\n`);
    rig.host.write(one.id, one.pid!, 'memory.stat', 'inactive_file 0\n');
  };

  test('is told when the limit is near, once, with the figures', async () => {
    rig = await openStatsRig('v2');
    const one = rig.start(1);
    for (const share of [0.94, 0.96, 0.99, 0.96, 0.9, 0.97]) {
      memory(one, Math.round(268_435_456 * share));
      await rig.round();
    }
    expect(told()).toEqual(['memory_pressure']);
    expect(rig.events[0].attributes).toMatchObject({ memoryLimitBytes: '268435456', memoryPercent: '96' });
    memory(one, 1e6);
    await rig.round();
    memory(one, 268_000_000);
    await rig.round();
    expect(told()).toEqual(['memory_pressure', 'memory_pressure']);
  });

  test('is told when all processes wait for memory, though the limit is far', async () => {
    rig = await openStatsRig('v2');
    const one = rig.start(1);
    await rig.round();
    rig.host.write(
      one.id,
      one.pid!,
      'memory.pressure',
      'some avg10=60.00 avg60=1 total=1\nfull avg10=41.50 avg60=1 avg300=1 total=1\n',
    );
    await rig.round();
    expect(rig.events).toMatchObject([{ type: 'memory_pressure', attributes: { memoryStallPercent: '42' } }]);
  });
});

describe('a restart loop', () => {
  test('is so many starts of one instance in the window, whatever container it is in; told once', async () => {
    rig = await openStatsRig('v2', { loopStarts: 4, loopMinutes: 10 });
    const one = rig.start(1);
    const begin = rig.nowUs();
    const at = (minutes: number): number => begin + minutes * 60e6;
    for (const minutes of [0, 4, 8]) rig.tell(one, 'start', at(minutes));
    // The engine tells its newest events again when it is reached again.
    for (const minutes of [4, 8]) rig.tell(one, 'start', at(minutes));
    rig.tell(rig.start(2), 'start', at(8));
    expect(told()).toEqual([]);
    rig.tell({ ...one, source: { ...one.source, container: 'f'.repeat(64) } }, 'start', at(9));
    expect(rig.events).toMatchObject([
      { type: 'restart_loop', time: at(9), attributes: { starts: '4', minutes: '10' } },
    ]);
    for (const minutes of [11, 12, 13]) rig.tell(one, 'start', at(minutes));
    expect(told()).toEqual(['restart_loop']);
    for (const minutes of [60, 61, 62, 63]) rig.tell(one, 'start', at(minutes));
    expect(told()).toEqual(['restart_loop', 'restart_loop']);
  });
});
