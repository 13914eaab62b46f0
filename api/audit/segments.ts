import { isCode } from '../../model/errors.ts';
import type { Lease, StateStore, Version } from '../../store/state-store.ts';
import { type AuditEntry, type ChainHead, GENESIS } from './entry.ts';

/**
 * The chain in a StateStore: segments numbered from 1 without holes, each one document, of which only the last still grows; `base`, from
 * which on entries are still kept; and `tip`, how far the chain is known to reach.
 */
export const AUDIT_KIND = 'audit';
const BASE = 'base';
const TIP = 'tip';

export interface AuditSegment {
  segment: number;
  /** What the chain's end was when this one began. */
  after: ChainHead;
  /** Earliest and latest time of its entries; clocks of several nodes need not agree. */
  from: string;
  to: string;
  entries: AuditEntry[];
  /** The number of the last batch that each writer has in here, by which it knows after a lost answer that its batch landed. */
  writers: Record<string, number>;
}

/** Everything up to `head` was removed by age; entry `pruned` of the chain says so too. */
export interface AuditBase {
  /** The first segment that is kept. */
  segment: number;
  head: ChainHead;
  at: string;
}

export interface Kept {
  doc: AuditSegment;
  version: Version;
}

export interface Segments {
  /** Null when there is none of that number. */
  get(segment: number): Promise<Kept | null>;
  /** Rejects with `version_conflict`; null demands that it is new. */
  put(doc: AuditSegment, expected: Version | null): Promise<Version>;
  remove(segment: number, lease: Lease): Promise<void>;
  base(): Promise<AuditBase>;
  setBase(base: AuditBase, lease: Lease): Promise<void>;
  /** The number of the last segment; 0 when there is none. `near` is one that is known to exist. */
  last(near?: number): Promise<number>;
  tip(): Promise<ChainHead>;
  /** Only ever forward. */
  setTip(head: ChainHead): Promise<void>;
}

const idOf = (segment: number): string => `segment/${String(segment).padStart(12, '0')}`;

export function createSegments(state: StateStore): Segments {
  let tip: { seq: number; version: Version } | null = null;
  const get = (segment: number): Promise<Kept | null> => state.get<AuditSegment>(AUDIT_KIND, idOf(segment));
  const base = async (): Promise<AuditBase> =>
    (await state.get<AuditBase>(AUDIT_KIND, BASE))?.doc ?? { segment: 1, head: GENESIS, at: '' };

  return {
    get,
    base,
    put: (doc, expected) => state.put(AUDIT_KIND, idOf(doc.segment), doc, expected),
    remove: (segment, lease) => state.delete(AUDIT_KIND, idOf(segment), undefined, lease),
    setBase: async (next, lease) => void (await state.put(AUDIT_KIND, BASE, next, undefined, lease)),

    async last(near) {
      const first = near ?? (await base()).segment;
      if (!(await get(first))) return near === undefined ? first - 1 : lastFrom((await base()).segment);
      return lastFrom(first);
    },

    tip: async () => (await state.get<ChainHead>(AUDIT_KIND, TIP))?.doc ?? GENESIS,
    async setTip(head) {
      try {
        tip = { seq: head.seq, version: await state.put(AUDIT_KIND, TIP, head, tip?.version ?? null) };
      } catch (error) {
        if (!isCode(error, 'version_conflict')) throw error;
        // Another node has moved it: known for the next time, and moved again when ours is further.
        const found = await state.get<ChainHead>(AUDIT_KIND, TIP);
        tip = found && { seq: found.doc.seq, version: found.version };
        if (tip && tip.seq < head.seq) await this.setTip(head);
      }
    },
  };

  /** Numbers have no holes, so existence is a threshold: doubling steps, then halving ones. */
  async function lastFrom(first: number): Promise<number> {
    let there = first;
    let step = 1;
    while (await get(there + step)) {
      there += step;
      step *= 2;
    }
    for (let missing = there + step; missing - there > 1; ) {
      const middle = Math.floor((there + missing) / 2);
      if (await get(middle)) there = middle;
      else missing = middle;
    }
    return there;
  }
}

/** Where the chain stands after a segment. */
export function headOf(segment: AuditSegment): ChainHead {
  const last = segment.entries.at(-1);
  return last ? { seq: last.seq, hash: last.hash } : segment.after;
}

/** What somebody tampered with may have any shape. */
export function isReadable(doc: AuditSegment | undefined): doc is AuditSegment {
  return (
    Array.isArray(doc?.entries) &&
    doc.entries.every(
      (entry) =>
        typeof entry === 'object' &&
        entry !== null &&
        typeof entry.detail === 'object' &&
        typeof entry.seq === 'number',
    ) &&
    typeof doc.after?.seq === 'number'
  );
}
