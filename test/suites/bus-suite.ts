import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LinesBatch } from '../../model/batch.ts';
import { decodeBatch, encodeBatch } from '../../transport/batch-codec.ts';
import type { Bus, Delivery } from '../../transport/bus.ts';
import { linesBatch } from './batches.ts';

export interface OpenBus {
  bus: Bus;
  /** Another bus that carries on where this one was closed, where batches outlive it. */
  reopen?(): Promise<Bus>;
  close(): Promise<void>;
}

export interface BusSuiteOptions {
  capacityBytes: number;
  /** Who says that a batch is safe: the handler that took it, or a broker, before any handler has seen it. */
  safeWith?: 'handler' | 'broker';
  /** Reasons for opting out of a case, by its name. */
  optOut?: Record<string, string>;
}

const fidOf = (n: number): string => n.toString(16).padStart(32, '0');
const numbers = (deliveries: Delivery[]): string[] =>
  deliveries.map((d) => {
    const batch = decodeBatch(Buffer.from(d.batch)) as LinesBatch;
    return `${Number.parseInt(batch.fid, 16)}:${batch.start}`;
  });
const nth = (key: number, n: number, bytes = 100): Buffer =>
  encodeBatch(linesBatch({ fid: fidOf(key), start: n * bytes, messages: ['x'.repeat(bytes)] }));

/** What was published has reached the handler; at once where the handler's word makes it safe. */
const arrived = (got: string[], count: number): Promise<void> =>
  vi.waitFor(() => expect(got.length).toBeGreaterThanOrEqual(count), { timeout: 30_000, interval: 20 });

/** The delivery contract of `transport/bus.ts`; `open` gives a fresh, empty bus of that capacity. */
export function busSuite(name: string, open: () => Promise<OpenBus>, options: BusSuiteOptions): void {
  const check = (title: string, body: () => Promise<void>): void => {
    const why = options.optOut?.[title];
    if (why) it.skip(`${title} (opted out: ${why})`, body);
    else it(title, body);
  };

  describe(`bus: ${name}`, () => {
    let opened: OpenBus | null = null;
    const start = async (): Promise<Bus> => (opened = await open()).bus;
    afterEach(async () => {
      await opened?.close();
      opened = null;
    });

    check('publish resolves only after the handler resolved', async () => {
      const bus = await start();
      let release = (): void => {};
      const held = new Promise<void>((resolve) => (release = resolve));
      let acknowledged = false;
      const published = bus.publish(nth(1, 0)).then(() => (acknowledged = true));
      let offered = (): void => {};
      const seen = new Promise<void>((resolve) => (offered = resolve));
      await bus.consume(async () => {
        offered();
        await held;
      });
      await seen;
      expect(acknowledged).toBe(false);
      release();
      await published;
      expect(acknowledged).toBe(true);
    });

    check('keeps the order of each key and delivers everything once when nothing fails', async () => {
      const bus = await start();
      const got: string[] = [];
      await bus.consume(async (deliveries) => void got.push(...numbers(deliveries)));
      const sent: string[] = [];
      const waits: Promise<void>[] = [];
      for (let n = 0; n < 50; n++) {
        for (let key = 0; key < 4; key++) {
          sent.push(`${key}:${n * 100}`);
          waits.push(bus.publish(nth(key, n)));
        }
      }
      await Promise.all(waits);
      await arrived(got, sent.length);
      for (let key = 0; key < 4; key++) {
        const mine = (all: string[]): string[] => all.filter((id) => id.startsWith(`${key}:`));
        expect(mine(got)).toEqual(mine(sent));
      }
    });

    check('offers a refused delivery again, in order, until it is taken', async () => {
      const bus = await start();
      const taken: string[] = [];
      const refused: string[] = [];
      let refusals = 3;
      await bus.consume(async (deliveries) => {
        if (refusals-- > 0) {
          refused.push(...numbers(deliveries));
          throw new Error('the store is away');
        }
        taken.push(...numbers(deliveries));
      });
      await Promise.all([0, 1, 2, 3, 4].map((n) => bus.publish(nth(7, n))));
      await arrived(taken, 5);
      expect(refused.length).toBeGreaterThan(0);
      expect(taken).toEqual(['7:0', '7:100', '7:200', '7:300', '7:400']);
    });

    check('makes publishers wait when it is full, and lets them on when there is room', async () => {
      const bus = await start();
      const size = Math.ceil(options.capacityBytes / 4);
      let accepted = 0;
      const waits = Array.from({ length: 12 }, (_, n) => bus.publish(nth(1, n, size)).then(() => accepted++));
      expect(bus.pendingBytes()).toBeLessThanOrEqual(options.capacityBytes + size * 2);
      expect(bus.pendingBytes()).toBeGreaterThan(0);
      expect(accepted).toBe(0);
      let most = 0;
      await bus.consume(async () => {
        most = Math.max(most, bus.pendingBytes());
      });
      await Promise.all(waits);
      expect(accepted).toBe(12);
      expect(most).toBeLessThanOrEqual(options.capacityBytes + size * 2);
      expect(bus.pendingBytes()).toBe(0);
    });

    check('a batch larger than the capacity still passes, alone', async () => {
      const bus = await start();
      const got: string[] = [];
      await bus.consume(async (deliveries) => void got.push(...numbers(deliveries)));
      await bus.publish(nth(1, 0, options.capacityBytes * 2));
      await arrived(got, 1);
      expect(got).toEqual(['1:0']);
    });

    check('a publisher may give up while it waits for room, and only then', async () => {
      const bus = await start();
      const first = bus.publish(nth(1, 0, options.capacityBytes));
      const abort = new AbortController();
      const second = bus.publish(nth(1, 1, options.capacityBytes), abort.signal);
      abort.abort();
      await expect(second).rejects.toMatchObject({ code: 'cancelled' });
      const got: string[] = [];
      await bus.consume(async (deliveries) => void got.push(...numbers(deliveries)));
      await first;
      await arrived(got, 1);
      expect(got).toEqual(['1:0']);
    });

    check('a tap sees batches after they were stored and stops when closed', async () => {
      const bus = await start();
      const stored: string[] = [];
      const tapped: string[] = [];
      const tap = bus.tap((delivery) => {
        const [id] = numbers([delivery]);
        expect(stored).toContain(id);
        tapped.push(id);
      });
      await tap.ready;
      await bus.consume(async (deliveries) => void stored.push(...numbers(deliveries)));
      await bus.publish(nth(1, 0));
      await arrived(tapped, 1);
      await tap.close();
      await bus.publish(nth(1, 1));
      await arrived(stored, 2);
      expect(tapped).toEqual(['1:0']);
    });

    check('closing lets what was accepted land and refuses the rest', async () => {
      const bus = await start();
      const got: string[] = [];
      await bus.consume(async (deliveries) => void got.push(...numbers(deliveries)));
      const landing = [0, 1, 2].map((n) => bus.publish(nth(1, n)));
      await bus.close();
      await Promise.all(landing);
      if (options.safeWith === 'broker') {
        const after = await opened!.reopen!();
        await after.consume(async (deliveries) => {
          for (const id of numbers(deliveries)) if (!got.includes(id)) got.push(id);
        });
        await arrived(got, 3);
        await after.close();
      }
      expect(got).toEqual(['1:0', '1:100', '1:200']);
      await expect(bus.publish(nth(1, 3))).rejects.toMatchObject({ code: 'closed' });
    });
  });
}
