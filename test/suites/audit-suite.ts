import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AuditLog, createAuditLog } from '../../api/audit/audit-log.ts';
import type { AuditEntry, AuditFact, ChainHead } from '../../api/audit/entry.ts';
import { readAudit, readChain } from '../../api/audit/read.ts';
import { AUDIT_KIND, type AuditBase, type AuditSegment } from '../../api/audit/segments.ts';
import { createVerifier, type Verdict } from '../../api/audit/verify.ts';
import { FleetlogError } from '../../model/errors.ts';
import type { StateStore } from '../../store/state-store.ts';
import { dose } from '../doses.ts';
import { movableClock } from './api-harness.ts';
import type { StateStoreFixture } from './state-store-suite.ts';

const DAY = 86_400e6;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

export const fact = (action: string, n = 0): AuditFact => ({
  actor: 'user:ann',
  kind: 'user',
  ip: '10.0.0.1',
  action,
  target: null,
  detail: { n, query: '"订单" \u2028 🦊' },
  outcome: 'ok',
});

/** Checks the chain as `fleetlog audit verify` does. */
export async function verdictOf(audit: AuditLog, known: ChainHead | null = null): Promise<Verdict> {
  const verifier = createVerifier(known);
  const base = (await audit.segments.base()).head;
  const tip = await audit.segments.tip();
  let cursor: number | null = null;
  do {
    const page = await readChain(audit.segments, cursor);
    const verdict = verifier.add({ entries: page.entries, base, tip });
    if (verdict) return verdict;
    cursor = page.next;
  } while (cursor !== null);
  return verifier.end();
}

/** Holds the audit log to its promises over a StateStore. Called once per implementation. */
export function auditSuite(name: string, open: () => Promise<StateStoreFixture>): void {
  describe(`audit log: ${name}`, () => {
    let fixture: StateStoreFixture;
    let store: StateStore;
    const clock = movableClock();
    const logs: AuditLog[] = [];

    function start(state: StateStore, days = 365): AuditLog {
      const audit = createAuditLog({ state, clock, log: quiet, days, flushMs: 10 });
      logs.push(audit);
      return audit;
    }
    async function everything(audit: AuditLog): Promise<AuditEntry[]> {
      const all = { from: null, to: null, actors: [], actions: [], outcome: null, before: null, limit: 100_000 };
      return (await readAudit(audit.segments, all)).entries.reverse();
    }
    async function fill(audit: AuditLog, count: number, action = 'logs.search'): Promise<void> {
      for (let n = 0; n < count; n++) audit.note(fact(action, n));
      await audit.flush();
    }
    /** Changes a segment behind the product's back. */
    async function tamper(segment: number, change: (doc: AuditSegment) => void): Promise<void> {
      const id = `segment/${String(segment).padStart(12, '0')}`;
      const found = (await store.get<AuditSegment>(AUDIT_KIND, id))!;
      change(found.doc);
      await store.put(AUDIT_KIND, id, found.doc);
    }

    beforeEach(async () => {
      fixture = await open();
      store = await fixture.connect();
    });
    afterEach(async () => {
      for (const audit of logs.splice(0)) await audit.close();
      await fixture.close();
    });

    test('entries are in order, without holes, and verify', async () => {
      const audit = start(store);
      await fill(audit, 1_203);
      const entries = await everything(audit);
      expect(entries.map((entry) => entry.seq)).toEqual(Array.from({ length: 1_203 }, (_, i) => i + 1));
      expect(entries.map((entry) => entry.detail.n)).toEqual(Array.from({ length: 1_203 }, (_, i) => i));
      const last = entries.at(-1)!;
      expect(await verdictOf(audit)).toMatchObject({ ok: true, entries: 1_203, head: { seq: 1_203, hash: last.hash } });
      expect(await audit.segments.last()).toBe(3);
    });

    test('several nodes share one chain, and each entry is in it once, in its writer\u2019s order', async () => {
      const nodes = [start(store), start(await fixture.connect()), start(await fixture.connect())];
      const rounds = dose(6, 60);
      for (let round = 0; round < rounds; round++) {
        for (const [i, audit] of nodes.entries())
          for (let n = 0; n < 7; n++) audit.note(fact(`node${i}`, round * 7 + n));
        await Promise.all(nodes.map((audit) => audit.flush()));
      }
      const entries = await everything(nodes[0]);
      expect(entries).toHaveLength(rounds * 21);
      for (const i of [0, 1, 2]) {
        const theirs = entries.filter((entry) => entry.action === `node${i}`).map((entry) => entry.detail.n);
        expect(theirs).toEqual(Array.from({ length: rounds * 7 }, (_, n) => n));
      }
      expect(await verdictOf(nodes[1])).toMatchObject({ ok: true, entries: rounds * 21 });
    });

    test('goes on where it stood after a restart', async () => {
      const first = start(store);
      await fill(first, 3);
      await first.close();
      const second = start(await fixture.connect());
      await fill(second, 2);
      expect(await verdictOf(second)).toMatchObject({ ok: true, entries: 5 });
    });

    test('closing writes what waits', async () => {
      const audit = createAuditLog({ state: store, clock, log: quiet, days: 1, flushMs: 60_000 });
      for (let n = 0; n < 450; n++) audit.note(fact('x', n));
      await audit.close();
      expect(await everything(start(await fixture.connect()))).toHaveLength(450);
    });

    test('a change is durable when its write resolves', async () => {
      const audit = createAuditLog({ state: store, clock, log: quiet, days: 1, flushMs: 60_000 });
      logs.push(audit);
      await audit.write(fact('user.change'));
      expect(await everything(start(await fixture.connect()))).toHaveLength(1);
    });

    test('a write whose answer is lost is not written twice', async () => {
      let lose = 0;
      const flaky: StateStore = {
        ...store,
        async put(kind, id, doc, expected, lease) {
          const version = await store.put(kind, id, doc, expected, lease);
          if (kind === AUDIT_KIND && id.startsWith('segment/') && lose-- > 0)
            throw new FleetlogError('unavailable', 'the answer is lost');
          return version;
        },
      };
      const audit = start(flaky);
      const other = start(await fixture.connect());
      const rounds = dose(6, 60);
      for (let round = 0; round < rounds; round++) {
        lose = round % 3;
        for (let n = 0; n < 60; n++) audit.note(fact('flaky', round * 60 + n));
        await audit.flush().catch(() => undefined);
        await fill(other, 5, 'other');
        while (audit.waiting() > 0) await audit.flush().catch(() => undefined);
      }
      const entries = await everything(other);
      const flakies = entries.filter((entry) => entry.action === 'flaky').map((entry) => entry.detail.n);
      expect(flakies).toEqual(Array.from({ length: rounds * 60 }, (_, n) => n));
      expect(await verdictOf(other)).toMatchObject({ ok: true, entries: rounds * 65 });
    });

    test('waits for a store that refuses, loses nothing, and stops what it cannot take down', async () => {
      let down = true;
      const broken: StateStore = {
        ...store,
        async put(...args) {
          if (down) throw new FleetlogError('unavailable', 'down');
          return store.put(...args);
        },
      };
      const audit = start(broken);
      for (let n = 0; n < 9_999; n++) audit.note(fact('x', n));
      audit.assertRoom();
      await expect(audit.flush()).rejects.toMatchObject({ code: 'unavailable' });
      audit.note(fact('x', 9_999));
      expect(() => audit.assertRoom()).toThrow(expect.objectContaining({ code: 'unavailable' }));
      down = false;
      await audit.flush();
      audit.assertRoom();
      expect(await verdictOf(audit)).toMatchObject({ ok: true, entries: 10_000 });
    });

    describe('verification names the first entry that is not as it was written', () => {
      let audit: AuditLog;
      beforeEach(async () => {
        audit = start(store);
        await fill(audit, 700);
        expect(await verdictOf(audit)).toMatchObject({ ok: true });
      });

      test('one byte changed, in any field', async () => {
        const changes: ((entry: AuditEntry) => void)[] = [
          (entry) => (entry.actor = 'user:bob'),
          (entry) => (entry.time = entry.time.replace('2026', '2025')),
          (entry) => (entry.detail = { ...entry.detail, query: '"订单" \u2028 🦋' }),
          (entry) => (entry.outcome = 'failed'),
          (entry) => (entry.ip = '10.0.0.2'),
          (entry) => (entry.prev = `${entry.prev.slice(0, -1)}x`),
          (entry) => (entry.hash = `${entry.hash.slice(0, -1)}x`),
          (entry) => Object.assign(entry, { added: 1 }),
          (entry) => delete (entry as Partial<AuditEntry>).target,
        ];
        for (const change of changes) {
          let before = '';
          await tamper(1, (doc) => {
            before = JSON.stringify(doc.entries[41]);
            change(doc.entries[41]);
          });
          expect(await verdictOf(audit)).toMatchObject({ ok: false, seq: 42 });
          await tamper(1, (doc) => (doc.entries[41] = JSON.parse(before)));
        }
        expect(await verdictOf(audit)).toMatchObject({ ok: true });
      });

      test('one entry taken out, also with the rest sealed anew by someone who knows how', async () => {
        await tamper(1, (doc) => doc.entries.splice(9, 1));
        expect(await verdictOf(audit)).toMatchObject({ ok: false, seq: 10, why: expect.stringContaining('missing') });
      });

      test('two entries swapped', async () => {
        await tamper(1, (doc) => doc.entries.splice(9, 2, doc.entries[10], doc.entries[9]));
        expect(await verdictOf(audit)).toMatchObject({ ok: false, seq: 10 });
      });

      test('the last entry taken out', async () => {
        await tamper(2, (doc) => doc.entries.pop());
        expect(await verdictOf(audit)).toMatchObject({ ok: false, seq: 700 });
      });

      test('a whole segment taken out, the first or the last', async () => {
        const id = (n: number) => `segment/${String(n).padStart(12, '0')}`;
        const second = (await store.get(AUDIT_KIND, id(2)))!.doc;
        await store.delete(AUDIT_KIND, id(2));
        expect(await verdictOf(audit)).toMatchObject({ ok: false, seq: 601 });
        await store.put(AUDIT_KIND, id(2), second);
        await store.delete(AUDIT_KIND, id(1));
        const base: AuditBase = { segment: 2, head: { seq: 600, hash: (second as AuditSegment).after.hash }, at: '' };
        await store.put(AUDIT_KIND, 'base', base);
        expect(await verdictOf(audit)).toMatchObject({ ok: false, seq: 600, why: expect.stringContaining('removed') });
      });

      test('a chain made anew from some entry on is found by a head that was kept', async () => {
        const entries = await everything(audit);
        const known = { seq: 690, hash: entries[689].hash };
        const other = start(await fixture.connect());
        await store.delete(AUDIT_KIND, 'tip');
        await tamper(2, (doc) => doc.entries.splice(50));
        await fill(other, 70, 'forged');
        expect(await verdictOf(other)).toMatchObject({ ok: true });
        expect(await verdictOf(other, known)).toMatchObject({ ok: false, seq: 690 });
      });
    });

    test('what is older than the days goes in whole segments, and the rest still verifies', async () => {
      const audit = start(store, 30);
      await fill(audit, 1_050);
      await audit.prune();
      expect(await everything(audit)).toHaveLength(1_050);
      clock.set(clock.nowUs() + 31 * DAY);
      await fill(audit, 3);
      await audit.prune();
      const left = await everything(audit);
      // The last segment holds old and new ones and stays.
      expect(left[0].seq).toBe(601);
      expect(left.at(-1)).toMatchObject({ action: 'audit.prune', detail: { through: 600 }, actor: 'system' });
      expect(await verdictOf(audit)).toMatchObject({ ok: true, from: { seq: 600 } });
      await fill(audit, 600);
      clock.set(clock.nowUs() + 31 * DAY);
      const other = start(await fixture.connect(), 30);
      await other.prune();
      expect((await everything(audit))[0].seq).toBeGreaterThan(1_200);
      expect(await verdictOf(other)).toMatchObject({ ok: true });
    });

    test('is read newest first, by time, actor and action, page by page', async () => {
      const audit = start(store);
      const begin = clock.nowUs();
      for (let n = 0; n < 1_300; n++) {
        clock.set(begin + n * 60e6);
        audit.note({ ...fact(n % 2 ? 'login' : 'logs.search', n), actor: n % 3 ? 'user:ann' : 'user:bob' });
        if (n % 100 === 0) await audit.flush();
      }
      await audit.flush();
      const entries = await everything(audit);
      const [from, to] = [entries[200].time, entries[900].time];
      const wanted = entries.slice(200, 900).filter((one) => one.action === 'login' && one.actor === 'user:bob');
      const found: AuditEntry[] = [];
      let before: number | null = null;
      do {
        const page = await readAudit(audit.segments, {
          from,
          to,
          outcome: null,
          actors: ['*:bob'],
          actions: ['log*n'],
          before,
          limit: 13,
        });
        expect(page.entries.length).toBeLessThanOrEqual(13);
        found.push(...page.entries);
        before = page.next;
      } while (before !== null);
      expect(found.map((one) => one.seq)).toEqual(wanted.map((one) => one.seq).reverse());
      expect(found.length).toBeGreaterThan(100);
    });
  });
}
