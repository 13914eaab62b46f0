import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ContainerEvent } from '../../collector/discovery.ts';
import { readEventState, writeEventState } from '../../collector/events/event-state.ts';
import { eventLevel, eventMessage, eventsFid } from '../../collector/events/events-batch.ts';
import { type EventPublisher, startEventPublisher } from '../../collector/events/publisher.ts';
import type { LinesBatch } from '../../model/batch.ts';
import type { Source } from '../../model/source.ts';
import { decodeBatch } from '../../transport/batch-codec.ts';
import type { Bus } from '../../transport/bus.ts';
import { createMemoryBus } from '../../transport/memory-bus.ts';

const source: Source = {
  host: 'host-1',
  container: 'c'.repeat(64),
  containerName: 'shop-1',
  image: 'shop:1.2',
  version: '1.2',
  app: 'shop',
  env: 'prod',
  instance: 'shop-1',
  path: '',
  reader: 'event',
  named: { app: 'label fleetlog.app', env: 'default' },
  labels: {},
};
const T = 1_795_276_707_372_154;
const event = (
  time: number,
  type: ContainerEvent['type'],
  attributes: Record<string, string> = {},
  container = 'c',
): ContainerEvent => ({
  time,
  type,
  source: { ...source, container: container.repeat(64) },
  attributes,
});

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetlog-events-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A store that keeps events by position as the real ones do: what is not beyond the last offset of its fid is there already. */
function createStore() {
  const batches: LinesBatch[] = [];
  const marks = new Map<string, number>();
  let refuse = false;
  return {
    batches,
    refuse(on: boolean) {
      refuse = on;
    },
    async open(): Promise<Bus> {
      const bus = createMemoryBus({ capacityBytes: 1 << 20, retryMs: { first: 1, max: 2 } });
      await bus.consume(async (deliveries) => {
        if (refuse) throw new Error('the store is away');
        for (const { batch } of deliveries) {
          const lines = decodeBatch(batch) as LinesBatch;
          if (lines.offsets[0] <= (marks.get(lines.fid) ?? -1)) continue;
          marks.set(lines.fid, lines.offsets[0]);
          batches.push(lines);
        }
      });
      return bus;
    },
    messages: () => batches.map(({ messages }) => Buffer.from(messages).toString()),
  };
}

async function open(bus: Bus): Promise<EventPublisher> {
  return startEventPublisher({ bus, stateDir: dir, host: 'host-1' });
}

describe('event publisher', () => {
  test('an event is one record of its container, with stream event, level and logfmt message', async () => {
    const store = createStore();
    const publisher = await open(await store.open());
    publisher.publish(event(T, 'die', { exitCode: '137' }));
    await publisher.close();
    const [batch] = store.batches;
    expect(batch).toMatchObject({
      kind: 'events',
      source,
      fid: eventsFid('host-1', source.container),
      gen: 0,
      count: 1,
      start: T,
      end: T + 1,
    });
    expect([batch.times[0], batch.offsets[0], batch.flags[0], batch.levels[0]]).toEqual([T, T, 3, 5]);
    expect(store.messages()).toEqual(['event=die exitCode=137 image=shop:1.2 name=shop-1']);
    expect(batch.fid).toMatch(/^[0-9a-f]{32}$/);
  });

  test.each([
    ['die', { exitCode: '0' }, 'info'],
    ['die', { exitCode: '143' }, 'info'],
    ['die', { exitCode: '130' }, 'info'],
    ['die', { exitCode: '1' }, 'error'],
    ['die', { exitCode: '137' }, 'error'],
    ['die', {}, 'info'],
    ['oom', {}, 'error'],
    ['health', { health: 'unhealthy' }, 'warn'],
    ['health', { health: 'healthy' }, 'info'],
    ['start', {}, 'info'],
    ['deploy', { image: 'shop:2' }, 'info'],
  ] as const)('level of %s %j is %s', (type, attributes, level) => {
    expect(eventLevel(event(T, type, attributes))).toBe(level);
  });

  test('values that are not plain words are quoted', () => {
    expect(eventMessage(event(T, 'deploy', { image: 'shop:2', previousImage: 'a b"c\n' }))).toBe(
      'event=deploy image=shop:2 previousImage="a b\\"c\\n" name=shop-1',
    );
  });

  test('times that are equal or go back give increasing places, the time itself is kept', async () => {
    const store = createStore();
    const publisher = await open(await store.open());
    for (const [time, type] of [
      [T, 'die'],
      [T, 'oom'],
      [T - 5_000_000, 'start'],
      [T + 1, 'die'],
    ] as const)
      publisher.publish(event(time, type));
    await publisher.close();
    expect(store.batches.map(({ offsets }) => offsets[0] - T)).toEqual([0, 1, 2, 3]);
    expect(store.batches.map(({ times }) => times[0] - T)).toEqual([0, 0, -5_000_000, 1]);
  });

  test('the same event told again is passed over, in one run and in the next', async () => {
    const store = createStore();
    const bus = await store.open();
    const first = await open(bus);
    for (const again of [1, 2]) {
      first.publish(event(T, 'create'));
      first.publish(event(T + 10, 'start'));
      expect(first.counters().repeated).toBe((again - 1) * 2);
    }
    await first.close();
    const second = await open(bus);
    expect(second.lastEventUs()).toBe(T + 10);
    second.publish(event(T + 10, 'start'));
    second.publish(event(T + 10, 'deploy', { image: 'shop:2' }));
    second.publish(event(T + 20, 'die'));
    await second.close();
    expect(store.messages().map((message) => message.split(' ')[0])).toEqual([
      'event=create',
      'event=start',
      'event=deploy',
      'event=die',
    ]);
    expect(second.counters()).toMatchObject({ published: 2, repeated: 1 });
  });

  test('killed at any moment: told again from the last safe event, each is stored once', async () => {
    const kinds = ['create', 'start', 'die', 'oom', 'destroy'] as const;
    const events = fc
      .array(
        fc.record({
          gap: fc.integer({ min: 0, max: 3 }),
          type: fc.constantFrom(...kinds),
          container: fc.constantFrom('a', 'b'),
        }),
        { minLength: 1, maxLength: 20 },
      )
      .map((list) => {
        let time = T;
        const all = list.map(({ gap, type, container }) => event((time += gap), type, {}, container));
        return [...new Map(all.map((one) => [`${one.source.container}${one.type}${one.time}`, one])).values()];
      });
    await fc.assert(
      fc.asyncProperty(events, fc.array(fc.nat(20), { maxLength: 3 }), async (all, kills) => {
        rmSync(dir, { recursive: true, force: true });
        const store = createStore();
        const bus = await store.open();
        // Before anything happened the publisher had run, so its memory begins before the first event.
        await writeEventState(dir, { lastEventUs: T - 1, offsets: [], recent: [] });
        for (const [run, kill] of [...kills, all.length].entries()) {
          const publisher = await open(bus);
          const told = all
            .filter(({ time }) => time >= publisher.lastEventUs())
            .slice(0, run === kills.length ? all.length : kill);
          for (const one of told) publisher.publish(one);
          // A kill: nothing is awaited but what the bus had taken; the memory stays as it was before, or as it is now.
          if (run === kills.length) await publisher.close();
          else {
            const before = readFileSync(join(dir, 'events'));
            await publisher.close();
            if (kill % 2 === 0) writeFileSync(join(dir, 'events'), before);
          }
        }
        const key = (one: LinesBatch) =>
          `${one.source.container[0]} ${Buffer.from(one.messages).toString().split(' ')[0]} ${one.times[0]}`;
        expect(store.batches.map(key).sort()).toEqual(
          all.map((one) => `${one.source.container[0]} event=${one.type} ${one.time}`).sort(),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('while the store is away events wait in order, and closing gives up without losing the memory', async () => {
    const store = createStore();
    const bus = await store.open();
    const publisher = await open(bus);
    const began = publisher.lastEventUs();
    store.refuse(true);
    for (let i = 0; i < 100; i++) publisher.publish(event(T + i, 'die', { exitCode: String(i) }));
    expect(publisher.counters()).toMatchObject({ published: 0, waiting: 100 });
    expect(publisher.lastEventUs()).toBe(began);
    store.refuse(false);
    await publisher.close();
    expect(store.messages().map((message) => message.split(' ')[1])).toEqual(
      Array.from({ length: 100 }, (_, i) => `exitCode=${i}`),
    );
  });

  test('the memory survives being cut at every byte; a newer one is refused', async () => {
    await writeEventState(dir, { lastEventUs: T, offsets: [['f'.repeat(32), T]], recent: ['k'] });
    const whole = readFileSync(join(dir, 'events'));
    expect(await readEventState(dir, () => {})).toEqual({
      lastEventUs: T,
      offsets: [['f'.repeat(32), T]],
      recent: ['k'],
    });
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(join(dir, 'events'), whole.subarray(0, length));
      let damage = '';
      expect(await readEventState(dir, (why) => (damage = why))).toBeNull();
      expect(damage).not.toBe('');
    }
    whole.writeUInt16LE(2, 4);
    writeFileSync(join(dir, 'events'), whole);
    await expect(readEventState(dir, () => {})).rejects.toMatchObject({ code: 'format_newer' });
  });

  test('the first start remembers when it was, so that the first down-time is asked for', async () => {
    const bus = await createStore().open();
    const first = await open(bus);
    const began = first.lastEventUs();
    // It may be killed before it sees a single event.
    await vi.waitUntil(() => existsSync(join(dir, 'events')), { timeout: 10_000, interval: 2 });
    const second = await open(bus);
    expect(second.lastEventUs()).toBe(began);
    await second.close();
    await first.close();
  });
});
