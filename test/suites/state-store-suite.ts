import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../model/clock.ts';
import { isCode } from '../../model/errors.ts';
import type { Lease, StateStore, Version } from '../../store/state-store.ts';
import { dose } from '../doses.ts';

/** One body of documents and as many nodes on it as a test wants; each `connect` is what another process would open. */
export interface StateStoreFixture {
  connect(clock?: Clock): Promise<StateStore>;
  /** Closes what was connected and removes everything. */
  close(): Promise<void>;
}

/** A clock whose monotonic side the test moves; each observer has its own. */
export function fakeClock(start = 1_000): Clock & { forward(ms: number): void } {
  let ms = start;
  return {
    nowUs: () => 1_700_000_000_000_000 + ms * 1000,
    monotonicMs: () => ms,
    forward(by) {
      ms += by;
    },
  };
}

/** Holds a StateStore to its contract. Called once per implementation. */
export function stateStoreSuite(name: string, open: () => Promise<StateStoreFixture>): void {
  describe(`StateStore: ${name}`, () => {
    let fixture: StateStoreFixture;
    let store: StateStore;
    const refused = async (work: Promise<unknown>): Promise<string> => {
      try {
        await work;
      } catch (error) {
        return (error as { code?: string }).code ?? String(error);
      }
      return 'accepted';
    };

    beforeEach(async () => {
      fixture = await open();
      store = await fixture.connect();
    });
    afterEach(() => fixture.close());

    describe('documents', () => {
      test('what is not there is null, what was put comes back as it was', async () => {
        expect(await store.get('user', 'ann')).toBeNull();
        const doc = { text: '订单 "\u0000" \u2028 🦊', n: 1.5, none: null, list: [1, [2]], nested: { __proto_: true } };
        const version = await store.put('user', 'ann', doc);
        expect(await store.get('user', 'ann')).toEqual({ doc, version });
      });

      test('kinds do not share ids', async () => {
        await store.put('a', 'x', 1);
        await store.put('b', 'x', 2);
        await store.delete('a', 'x');
        expect(await store.get('a', 'x')).toBeNull();
        expect((await store.get('b', 'x'))?.doc).toBe(2);
      });

      test('versions grow with each change, also past a deletion', async () => {
        const seen: Version[] = [await store.put('k', 'x', 1), await store.put('k', 'x', 1)];
        await store.delete('k', 'x');
        seen.push(await store.put('k', 'x', 1));
        expect([...seen].sort((a, b) => a - b)).toEqual(seen);
        expect(new Set(seen).size).toBe(3);
      });

      test('null demands that nothing is there', async () => {
        await store.put('k', 'x', 1, null);
        expect(await refused(store.put('k', 'x', 2, null))).toBe('version_conflict');
        expect((await store.get('k', 'x'))?.doc).toBe(1);
      });

      test('a version demands that one, for put and delete', async () => {
        const first = await store.put('k', 'x', 1);
        const second = await store.put('k', 'x', 2, first);
        expect(await refused(store.put('k', 'x', 3, first))).toBe('version_conflict');
        expect(await refused(store.delete('k', 'x', first))).toBe('version_conflict');
        await store.delete('k', 'x', second);
        expect(await store.get('k', 'x')).toBeNull();
        expect(await refused(store.put('k', 'x', 3, second))).toBe('version_conflict');
      });

      test('a version from before a deletion does not fit what came after', async () => {
        const old = await store.put('k', 'x', 1);
        await store.delete('k', 'x');
        await store.put('k', 'x', 1);
        expect(await refused(store.put('k', 'x', 2, old))).toBe('version_conflict');
      });

      test('deleting nothing resolves, unless a version was expected', async () => {
        await store.delete('k', 'x');
        expect(await refused(store.delete('k', 'x', 1))).toBe('version_conflict');
      });

      test('of many who change one version, one wins', async () => {
        const other = await fixture.connect();
        const version = await store.put('k', 'x', 0);
        const nodes = [store, other];
        const results = await Promise.all(
          Array.from({ length: 20 }, (_, i) => refused(nodes[i % 2].put('k', 'x', i, version))),
        );
        expect(results.filter((result) => result === 'accepted')).toHaveLength(1);
        expect(results.filter((result) => result === 'version_conflict')).toHaveLength(19);
      });

      test('a counter raised under versions by two nodes loses nothing', async () => {
        const other = await fixture.connect();
        await store.put('k', 'n', 0);
        const raise = async (node: StateStore): Promise<void> => {
          for (;;) {
            const found = (await node.get<number>('k', 'n'))!;
            if ((await refused(node.put('k', 'n', found.doc + 1, found.version))) === 'accepted') return;
          }
        };
        const rounds = dose(10, 100);
        await Promise.all(
          [store, other].map(async (node) => {
            for (let i = 0; i < rounds; i++) await raise(node);
          }),
        );
        expect((await store.get('k', 'n'))?.doc).toBe(2 * rounds);
      });

      test('is there after everything was closed', async () => {
        const version = await store.put('k', 'x', { kept: true });
        await store.close();
        const again = await fixture.connect();
        expect(await again.get('k', 'x')).toEqual({ doc: { kept: true }, version });
        expect(await again.put('k', 'x', 1)).toBeGreaterThan(version);
      });

      test('another node sees what was put', async () => {
        const other = await fixture.connect();
        await store.put('k', 'x', 1);
        expect((await other.get('k', 'x'))?.doc).toBe(1);
      });

      test('refuses names and documents outside the contract', async () => {
        expect(await refused(store.put('', 'x', 1))).toBe('bad_request');
        expect(await refused(store.put('k', '', 1))).toBe('bad_request');
        expect(await refused(store.get('k', 'x'.repeat(513)))).toBe('bad_request');
        expect(await refused(store.put('k', 'x', undefined))).toBe('bad_request');
        expect(await refused(store.put('k', 'x', 'a'.repeat(4 << 20)))).toBe('body_too_large');
        await store.put('k', '名'.repeat(512), 'a'.repeat(3 << 20));
        expect(await store.get('k', '名'.repeat(512))).not.toBeNull();
      });

      test('a closed store says so', async () => {
        await store.close();
        expect(await refused(store.get('k', 'x'))).toBe('closed');
        expect(await refused(store.put('k', 'x', 1))).toBe('closed');
      });

      test('close waits for what was handed over', async () => {
        const writes = Array.from({ length: 50 }, (_, i) => store.put('k', `x${i}`, i));
        await store.close();
        await Promise.all(writes);
        const again = await fixture.connect();
        expect((await again.list('k')).items).toHaveLength(50);
      });
    });

    describe('lists', () => {
      test('are in order of code points and by prefix, page by page', async () => {
        const ids = ['a', 'a/1', 'a/10', 'a/2', 'a0', 'b', 'é', '中', '\u{fffd}', '🦊'];
        for (const id of [...ids].reverse()) await store.put('k', id, id);
        expect((await store.list('k')).items.map((item) => item.id)).toEqual(ids);
        expect((await store.list('k', { prefix: 'a/' })).items.map((item) => item.id)).toEqual(['a/1', 'a/10', 'a/2']);
        const first = await store.list('k', { prefix: 'a', limit: 2 });
        expect(first.items.map((item) => item.id)).toEqual(['a', 'a/1']);
        const second = await store.list('k', { prefix: 'a', limit: 3, cursor: first.next! });
        expect(second.items.map((item) => item.id)).toEqual(['a/10', 'a/2', 'a0']);
        expect(second.next).toBeNull();
      });

      test('wildcards of the store below are plain characters', async () => {
        for (const id of ['a%', 'a_', 'ab', '*', '[']) await store.put('k', id, 0);
        for (const prefix of ['a%', 'a_', '*', '['])
          expect((await store.list('k', { prefix })).items.map((item) => item.id)).toEqual([prefix]);
      });

      test('see the own writes and give documents with their versions', async () => {
        const version = await store.put('k', 'x', { a: 1 });
        expect(await store.list('k')).toEqual({ items: [{ id: 'x', doc: { a: 1 }, version }], next: null });
        await store.delete('k', 'x');
        expect(await store.list('k')).toEqual({ items: [], next: null });
      });

      test('100 by default, and all of them in the end', async () => {
        await Promise.all(Array.from({ length: 250 }, (_, i) => store.put('k', String(i).padStart(4, '0'), i)));
        const found: number[] = [];
        let cursor: string | undefined;
        let pages = 0;
        do {
          const page = await store.list<number>('k', { cursor });
          found.push(...page.items.map((item) => item.doc));
          cursor = page.next ?? undefined;
          pages++;
        } while (cursor);
        expect(pages).toBe(3);
        expect(found).toEqual(Array.from({ length: 250 }, (_, i) => i));
      });
    });

    describe('leases', () => {
      test('one holder; the holder renews under its epoch', async () => {
        const lease = await store.lease('leader', 1_000, 'a');
        expect(lease).toEqual({ name: 'leader', holder: 'a', epoch: lease!.epoch });
        expect(await store.lease('leader', 1_000, 'b')).toBeNull();
        expect(await store.lease('leader', 1_000, 'a')).toEqual(lease);
      });

      test('runs out by the observer\u2019s own clock, from when it last saw a change', async () => {
        const clock = fakeClock();
        const observer = await fixture.connect(clock);
        const lease = (await store.lease('leader', 1_000, 'a'))!;
        clock.forward(1e9);
        expect(await observer.lease('leader', 1_000, 'b')).toBeNull();
        clock.forward(999);
        expect(await observer.lease('leader', 1_000, 'b')).toBeNull();
        expect(await store.lease('leader', 1_000, 'a')).toEqual(lease);
        clock.forward(999);
        expect(await observer.lease('leader', 1_000, 'b')).toBeNull();
        clock.forward(1_000);
        const taken = (await observer.lease('leader', 1_000, 'b'))!;
        expect(taken.epoch).toBeGreaterThan(lease.epoch);
        expect(await store.lease('leader', 1_000, 'a')).toBeNull();
      });

      test('a write under a lease that was taken over is refused', async () => {
        const clock = fakeClock();
        const observer = await fixture.connect(clock);
        const lease = (await store.lease('leader', 10, 'a'))!;
        await store.put('k', 'x', 1, undefined, lease);
        await observer.lease('leader', 10, 'b');
        clock.forward(10);
        const taken = (await observer.lease('leader', 10, 'b'))!;
        expect(await refused(store.put('k', 'x', 2, undefined, lease))).toBe('lease_stale');
        expect(await refused(store.delete('k', 'x', undefined, lease))).toBe('lease_stale');
        await observer.put('k', 'x', 3, undefined, taken);
        expect((await store.get('k', 'x'))?.doc).toBe(3);
      });

      test('released it is free at once, under a higher epoch', async () => {
        const lease = (await store.lease('leader', 60_000, 'a'))!;
        await store.release(lease);
        const next = (await store.lease('leader', 60_000, 'b'))!;
        expect(next.epoch).toBeGreaterThan(lease.epoch);
        await store.release(lease);
        expect(await store.lease('leader', 60_000, 'c')).toBeNull();
        expect(await refused(store.put('k', 'x', 1, undefined, lease))).toBe('lease_stale');
      });

      test('of many who want it, one gets it', async () => {
        const other = await fixture.connect();
        const got = await Promise.all(
          Array.from({ length: 10 }, (_, i) => (i % 2 ? store : other).lease('leader', 60_000, `h${i}`)),
        );
        expect(got.filter((lease): lease is Lease => lease !== null)).toHaveLength(1);
      });
    });

    test('does what a map does, whatever the order of calls', async () => {
      const id = fc.constantFrom('a', 'b', 'ab', '中');
      const expected = fc.constantFrom('any' as const, 'none' as const, 'right' as const, 'wrong' as const);
      const call = fc.oneof(
        fc.record({ op: fc.constant('put' as const), id, value: fc.jsonValue(), expected }),
        fc.record({ op: fc.constant('delete' as const), id, expected }),
        fc.record({ op: fc.constant('list' as const), prefix: fc.constantFrom('', 'a', 'x') }),
      );
      let round = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(call, { maxLength: 25 }), async (calls) => {
          const kind = `kind${round++}`;
          const model = new Map<string, { doc: unknown; version: Version }>();
          for (const one of calls) {
            if (one.op === 'list') {
              const { items } = await store.list(kind, { prefix: one.prefix });
              const ids = [...model.keys()].filter((key) => key.startsWith(one.prefix)).sort();
              expect(items).toEqual(ids.map((key) => ({ id: key, ...model.get(key)! })));
              continue;
            }
            const now = model.get(one.id);
            const version = { any: undefined, none: null, right: now?.version ?? null, wrong: -1 }[one.expected];
            const fits = version === undefined || version === (now?.version ?? null);
            try {
              if (one.op === 'put') {
                const doc = JSON.parse(JSON.stringify(one.value)) as unknown;
                model.set(one.id, { doc, version: await store.put(kind, one.id, one.value, version) });
              } else {
                await store.delete(kind, one.id, version ?? undefined);
                model.delete(one.id);
              }
              expect(fits || (one.op === 'delete' && version === null)).toBe(true);
            } catch (error) {
              if (!isCode(error, 'version_conflict')) throw error;
              expect(fits).toBe(false);
            }
          }
        }),
        { numRuns: dose(40, 400) },
      );
    });
  });
}
