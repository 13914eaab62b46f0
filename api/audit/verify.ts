import { type AuditEntry, type ChainHead, GENESIS, hashOf } from './entry.ts';

export interface ChainPage {
  /** What was removed by age ends here; GENESIS when nothing was. */
  base: ChainHead;
  /** How far the chain was known to reach. */
  tip: ChainHead;
  entries: AuditEntry[];
}

export type Verdict =
  | { ok: true; entries: number; from: ChainHead; head: ChainHead }
  /** `seq` is the first entry that is not as it was written, or is missing. */
  | { ok: false; entries: number; seq: number; why: string };

export interface Verifier {
  /** The next entries in order. Returns the verdict as soon as it is bad, else null. */
  add(page: ChainPage): Verdict | null;
  end(): Verdict;
  /** The number of the entry that comes next. */
  next(): number;
}

/**
 * Checks a chain from its beginning: every entry's hash, its link to the one before, its number; that what was removed by age is attested
 * by an `audit.prune` entry; and that nothing is missing at the end. `known` is a head somebody kept: then the chain must hold it too.
 */
export function createVerifier(known: ChainHead | null = null): Verifier {
  let from: ChainHead | null = null;
  let head = GENESIS;
  let tip = GENESIS;
  let entries = 0;
  let isAttested = false;
  let bad: Verdict | null = null;
  const fail = (seq: number, why: string): Verdict => (bad ??= { ok: false, entries, seq, why });

  function check(entry: AuditEntry): Verdict | null {
    const wanted = head.seq + 1;
    if (entry.seq !== wanted) {
      const why = entry.seq > wanted ? 'entries are missing before' : 'the order is not as written at';
      return fail(wanted, `${why} entry ${entry.seq}`);
    }
    if (entry.prev !== head.hash) return fail(wanted, 'it does not follow the entry before it');
    const { hash, ...rest } = entry;
    if (hashOf(rest) !== hash) return fail(wanted, 'its content is not what its hash was made of');
    head = { seq: entry.seq, hash };
    entries++;
    if (entry.action === 'audit.prune' && entry.detail.through === from?.seq && entry.detail.hash === from?.hash)
      isAttested = true;
    for (const anchor of [tip, known])
      if (anchor && anchor.seq === entry.seq && anchor.hash !== hash)
        return fail(wanted, `its hash is not the one that was known (${anchor.hash})`);
    return null;
  }

  return {
    next: () => head.seq + 1,
    add(page) {
      if (bad) return bad;
      if (!from) {
        from = page.base;
        head = page.base;
        tip = page.tip;
      }
      for (const entry of page.entries) {
        const verdict = check(entry);
        if (verdict) return verdict;
      }
      return null;
    },
    end() {
      if (bad) return bad;
      const start = from ?? GENESIS;
      if (start.seq > 0 && !isAttested)
        return fail(start.seq, 'entries up to here were removed and no entry of the chain says so');
      const reach = Math.max(tip.seq, known?.seq ?? 0);
      if (head.seq < reach) return fail(head.seq + 1, `the chain was known to reach entry ${reach}`);
      return { ok: true, entries, from: start, head };
    },
  };
}
