import type { Lease, StateStore } from '../../store/state-store.ts';
import type { AuditFact } from './entry.ts';
import { headOf, type Segments } from './segments.ts';

const LEASE = 'audit-prune';
const LEASE_MS = 60_000;
/** Removed in one go; the rest goes with the next, so that the attesting entry stays close to what it speaks of. */
const MOST_SEGMENTS = 1_000;

/**
 * Removes whole segments whose newest entry is older than `before`, never the last one. First an entry of the chain itself says up to
 * which hash is removed, then `base` does, then the segments go: verification begins at `base` and finds it attested in the chain.
 */
export async function pruneAudit(options: {
  state: StateStore;
  segments: Segments;
  holder: string;
  /** ISO. */
  before: string;
  now: string;
  /** Puts the entry into the chain and resolves when it is durable. */
  attest(fact: AuditFact): Promise<void>;
}): Promise<void> {
  const { state, segments, before } = options;
  const lease = await state.lease(LEASE, LEASE_MS, options.holder);
  if (!lease) return;
  try {
    const base = await segments.base();
    const last = await segments.last();
    let { segment, head } = base;
    for (; segment < last && segment - base.segment < MOST_SEGMENTS; segment++) {
      const found = await segments.get(segment);
      if (!found || found.doc.to >= before) break;
      head = headOf(found.doc);
    }
    if (segment > base.segment) {
      await options.attest({
        actor: 'system',
        kind: 'system',
        ip: null,
        action: 'audit.prune',
        target: null,
        detail: { through: head.seq, hash: head.hash, before },
        outcome: 'ok',
      });
      await segments.setBase({ segment, head, at: options.now }, lease);
    }
    await sweep(segments, segment, lease);
  } finally {
    await state.release(lease);
  }
}

/** Removes what lies before `first`, also what a former run did not come to. */
async function sweep(segments: Segments, first: number, lease: Lease): Promise<void> {
  for (let n = first - 1; n > 0 && (await segments.get(n)); n--) await segments.remove(n, lease);
}
