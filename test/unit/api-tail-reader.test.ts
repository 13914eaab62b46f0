import { expect, test } from 'vitest';
import { createArrivals } from '../../api/tail/arrivals.ts';
import { decodePosition, encodePosition } from '../../api/tail/position.ts';
import { createTailPump } from '../../api/tail/pump.ts';
import { createTailReader } from '../../api/tail/reader.ts';
import { parseQuery } from '../../model/query/parse.ts';
import { encodeBatch } from '../../transport/batch-codec.ts';
import { createMemoryBus } from '../../transport/memory-bus.ts';
import { linesBatch, source } from '../suites/batches.ts';

async function open(keptBytes: number) {
  const bus = createMemoryBus({ capacityBytes: 1 << 24 });
  await bus.consume(async () => undefined);
  let now = 0;
  const arrivals = createArrivals({ bus, nowMs: () => now, keptBytes });
  let start = 0;
  const publish = async (count: number, app = 'shop'): Promise<void> => {
    const messages = Array.from({ length: count }, (_, i) => `line ${start + i}`);
    await bus.publish(encodeBatch(linesBatch({ source: source({ app }), start: start * 100, messages })));
    start += count;
  };
  return { bus, arrivals, publish, forward: (ms: number) => (now += ms) };
}

test('a reader that has no time is told exactly how many it did not see', async () => {
  const { arrivals, publish, bus } = await open(20_000);
  let seen = 0;
  let missed = 0;
  const order: string[] = [];
  const reader = createTailReader(arrivals, { seq: arrivals.head(), index: 0 }, parseQuery('app:shop').query, {
    match: () => seen++,
    missed: (_seq, count, from, to) => {
      missed += count;
      order.push('missed');
      expect(from).toBeLessThanOrEqual(to);
    },
  });
  const leave = arrivals.read({ arrived: () => undefined, evicted: (seq, arrival) => reader.evicted(seq, arrival) });
  let mine = 0;
  for (let round = 0; round < 60; round++) {
    await publish(37);
    await publish(5, 'pay');
    mine += 37;
    // Every so often a little time: sometimes it stops in the middle of a batch.
    if (round % 7 === 3) reader.step(performance.now() + 0.01);
  }
  while (reader.step(performance.now() + 5));
  expect(missed).toBeGreaterThan(0);
  expect(seen).toBeGreaterThan(0);
  expect(seen + missed).toBe(mine);
  leave();
  await bus.close();
});

test('nothing is kept while nobody reads, and it lingers for who comes back', async () => {
  const { arrivals, publish, bus, forward } = await open(1 << 20);
  await publish(3);
  expect(arrivals.oldest()).toBe(arrivals.head());
  const leave = arrivals.read({ arrived: () => undefined, evicted: () => undefined });
  await publish(3);
  expect(arrivals.head() - arrivals.oldest()).toBe(1);
  leave();
  forward(119_000);
  await publish(3);
  expect(arrivals.head() - arrivals.oldest()).toBe(2);
  forward(2_000);
  await publish(3);
  expect(arrivals.oldest()).toBe(arrivals.head());
  await bus.close();
});

test('many readers share short turns', async () => {
  const { arrivals, publish, bus } = await open(1 << 22);
  const pump = createTailPump(arrivals);
  const counts = Array.from({ length: 30 }, () => 0);
  const leaves = counts.map((_, i) =>
    pump.add(
      createTailReader(arrivals, { seq: arrivals.head(), index: 0 }, parseQuery(`/line \\d*${i % 10}$/`).query, {
        match: () => counts[i]++,
        missed: () => expect.unreachable(),
      }),
    ),
  );
  for (let i = 0; i < 20; i++) await publish(500);
  for (let turns = 0; counts.some((count) => count < 1_000); turns++) {
    await new Promise((resolve) => setImmediate(resolve));
    expect(turns).toBeLessThan(100_000);
  }
  expect(counts).toEqual(counts.map(() => 1_000));
  for (const leave of leaves) leave();
  await bus.close();
});

test('positions are read as written, and nothing else is', () => {
  const position = { epoch: '0123456789ab', seq: 7, index: 3, floor: 1_795_219_200_000_000 };
  expect(decodePosition(encodePosition(position))).toEqual(position);
  for (const text of ['', 'x', '0123456789ab-1-2', '0123456789ab-1-2--3', '0123456789AB-1-2-3', '0123456789ab-1-2-3-4'])
    expect(decodePosition(text)).toBeNull();
});
