import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../transport/bus.ts';
import { createGather } from '../../transport/kafka/gather.ts';
import { createAssembler, cutBatch, type PartRecord } from '../../transport/kafka/parts.ts';
import { createSendQueue } from '../../transport/kafka/send-queue.ts';

/** Records of one partition as a broker numbers them. */
function log(records: { key: string; batch: Buffer; limit: number; sent?: number }[]): PartRecord[] {
  let offset = 0;
  return records.flatMap(({ key, batch, limit, sent }) =>
    cutBatch(batch, limit)
      .slice(0, sent)
      .map((piece) => ({
        offset: String(offset++),
        key: Buffer.from(key),
        value: piece.value,
        headers: piece.headers,
      })),
  );
}

describe('parts of a batch', () => {
  test('come together whole, also in several reads, with other keys between', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ key: fc.constantFrom('a', 'b'), length: fc.nat(50), limit: fc.integer({ min: 1, max: 20 }) }),
        ),
        fc.array(fc.integer({ min: 1, max: 5 })),
        (specs, cuts) => {
          const batches = specs.map(({ key, length, limit }, i) => ({
            key,
            limit,
            batch: Buffer.alloc(length, i + 1),
          }));
          const records = log(batches);
          const assembler = createAssembler();
          const whole: Buffer[] = [];
          for (let at = 0, n = 0; at < records.length; n++) {
            const end = at + (cuts[n % Math.max(1, cuts.length)] ?? 3);
            // A first read that is not accepted changes nothing.
            assembler.read(records.slice(at, end));
            const reading = assembler.read(records.slice(at, end));
            reading.accept();
            whole.push(...reading.whole.map((one) => one.batch));
            at = end;
          }
          expect(whole).toEqual(batches.map((one) => one.batch));
          expect(assembler.open()).toBe(0);
        },
      ),
    );
  });

  test('a reader begins again where the oldest open batch begins', () => {
    const records = log([
      { key: 'a', batch: Buffer.alloc(1), limit: 10 },
      { key: 'b', batch: Buffer.alloc(30), limit: 10, sent: 2 },
      { key: 'a', batch: Buffer.alloc(2), limit: 10 },
    ]);
    const reading = createAssembler().read(records);
    expect(reading.whole.map((one) => one.batch.length)).toEqual([1, 2]);
    expect([0, 1, 2].map((n) => reading.resumeAt(n))).toEqual([0n, 1n, 1n]);
  });

  test('a sender that begins anew leaves nothing of the first attempt', () => {
    const batch = Buffer.from('0123456789');
    const records = log([
      { key: 'a', batch, limit: 4, sent: 2 },
      { key: 'a', batch, limit: 3 },
    ]);
    const assembler = createAssembler();
    const reading = assembler.read(records);
    reading.accept();
    expect(reading.whole.map((one) => one.batch.toString())).toEqual(['0123456789']);
    expect(assembler.open()).toBe(0);
    expect(createAssembler().read(records.slice(1, 2))).toMatchObject({ whole: [], orphans: 1 });
  });
});

describe('the queue of a sender', () => {
  const outgoing = (partition: number, length: number, sent: string[], name: string) => ({
    partition,
    key: name,
    batch: Buffer.alloc(length),
    sent: () => void sent.push(name),
    refused: (error: unknown) => void sent.push(`${name}: ${error}`),
  });

  test('keeps the order of a partition and its bound, and begins anew what was refused', () => {
    const sent: string[] = [];
    const queue = createSendQueue(() => 0);
    for (const [partition, length, name] of [
      [0, 500, 'a'],
      [0, 2_500, 'b'],
      [1, 100, 'c'],
      [0, 10, 'd'],
    ] as const)
      queue.add(outgoing(partition, length, sent, name));
    const keys = (taken = queue.take(1_200, 1 << 20)!) =>
      taken.records.map((one) => `${one.key}${one.piece.value.length}`).sort();
    expect(keys()).toEqual(['a500', 'c100']);
    queue.take(1_200, 1 << 20)!.done();
    expect(sent.sort()).toEqual(['a', 'c']);
    expect(keys()).toEqual(['b1000']);
    const half = queue.take(1_200, 1 << 20)!;
    half.done();
    const refused = queue.take(1_200, 1 << 20)!;
    refused.again();
    expect(keys(queue.take(700, 1 << 20)!)).toEqual(['b500']);
    for (let taken = queue.take(700, 1 << 20); taken; taken = queue.take(700, 1 << 20)) taken.done();
    expect(sent).toEqual(['a', 'c', 'b', 'd']);
    expect(queue.empty()).toBe(true);
    queue.add(outgoing(0, 1, sent, 'e'));
    queue.clear('closed');
    expect(sent.at(-1)).toBe('e: closed');
  });

  test('a batch whose parts were long under way begins anew: its reader may have let go of it', () => {
    let now = 0;
    const queue = createSendQueue(() => now);
    queue.add(outgoing(0, 2_000, [], 'a'));
    const first = queue.take(1_200, 1 << 20)!;
    first.done();
    now = 301_000;
    const again = queue.take(1_200, 1 << 20)!;
    expect(again.records[0].headers.part).toMatch(/\/0\/2$/);
    expect(again.records[0].headers.part.split('/')[0]).not.toBe(first.records[0].headers.part.split('/')[0]);
  });
});

describe('gathering for the handler', () => {
  const deliveries = (...sizes: number[]): Delivery[] =>
    sizes.map((size, n) => ({ key: String(n), batch: Buffer.alloc(size) }));
  const open = (handler: (got: Delivery[]) => Promise<void>) =>
    createGather({ handler, deliveryBytes: 100, retryMs: { first: 1, max: 2 }, onRetry() {} });

  test('takes what several partitions offered together, no more at once than its bound', async () => {
    const calls: number[][] = [];
    const gather = open(async (got) => void calls.push(got.map((one) => one.batch.length)));
    const offers = [gather.offer(deliveries(40, 40)), gather.offer(deliveries(15, 70)), gather.offer(deliveries(300))];
    expect(await Promise.all(offers.map((offer) => offer.taken))).toEqual([2, 2, 1]);
    expect(calls).toEqual([[40, 40, 15], [70], [300]]);
    expect(gather.bytes()).toBe(0);
  });

  test('offers the same again until it is taken; what is withdrawn ends with what was taken of it', async () => {
    let refuse = 3;
    const calls: number[] = [];
    const gather = open(async (got) => {
      calls.push(got.length);
      if (refuse-- > 0) throw new Error('away');
    });
    expect(await gather.offer(deliveries(60, 60)).taken).toBe(2);
    expect(calls).toEqual([1, 1, 1, 1, 1]);
    refuse = Number.POSITIVE_INFINITY;
    const hopeless = gather.offer(deliveries(60, 60));
    hopeless.withdraw();
    expect(await hopeless.taken).toBe(0);
  });

  test('what the handler has in hand is finished before a withdrawal ends', async () => {
    let finish = (): void => {};
    const gather = open(() => new Promise((resolve) => (finish = resolve)));
    const offer = gather.offer(deliveries(60, 60));
    const behind = gather.offer(deliveries(10));
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    const all = gather.withdrawAll();
    expect(await behind.taken).toBe(0);
    finish();
    await all;
    expect(await offer.taken).toBe(1);
  });
});
