import { setTimeout as delay } from 'node:timers/promises';
import { isCode } from '../../model/errors.ts';
import { type AuditFact, type ChainHead, sealEntry } from './entry.ts';
import { type AuditSegment, headOf, isReadable, type Kept, type Segments } from './segments.ts';

/** A segment is rewritten with each batch until it is full: small enough for that, large enough that a year is some thousand of them. */
const SEGMENT_ENTRIES = 500;
const SEGMENT_CHARS = 256 << 10;
/** Tries against other nodes before the batch is given back; each loses only to one that went ahead. */
const TRIES = 50;

export type TimedFact = AuditFact & { time: string };

export interface ChainWriter {
  /**
   * Puts the facts at the chain's end, in order, each once: also when the answer of a write was lost and it is called again with the
   * same `batch` number. Resolves with the new end when they are durable.
   */
  append(facts: TimedFact[], batch: number): Promise<ChainHead>;
}

/**
 * One chain for all nodes: whoever comes second to its end is refused by the document's version and tries behind the first. `writer`
 * names this process.
 */
export function createChainWriter(segments: Segments, writer: string): ChainWriter {
  let tail: Kept | null = null;
  /** Whether the end must be looked for: at the start, behind another node, and after a write whose answer was lost. */
  let isUnsure = true;

  /** Finds the last segment as it is now; says whether one on the way there has the batch already. */
  async function findEnd(batch: number): Promise<boolean> {
    const known = tail && (await segments.get(tail.doc.segment)) ? tail.doc.segment : undefined;
    const last = await segments.last(known);
    let landed = false;
    tail = null;
    for (let n = known ?? last; n <= last && n > 0; n++) {
      tail = await segments.get(n);
      landed ||= (tail?.doc.writers[writer] ?? 0) >= batch;
    }
    isUnsure = false;
    return landed;
  }

  /** A copy of the last segment to add to, or the next one when that is full. */
  async function room(): Promise<{ segment: AuditSegment; expected: number | null }> {
    if (
      isReadable(tail?.doc) &&
      tail &&
      tail.doc.entries.length < SEGMENT_ENTRIES &&
      JSON.stringify(tail.doc).length < SEGMENT_CHARS
    ) {
      const { doc, version } = tail;
      return { segment: { ...doc, entries: [...doc.entries], writers: { ...doc.writers } }, expected: version };
    }
    const base = tail ? null : await segments.base();
    const segment = base ? base.segment : tail!.doc.segment + 1;
    // Behind a segment that somebody damaged the chain goes on from where it was known to reach; verification names the damage.
    const end = isReadable(tail?.doc) ? headOf(tail.doc) : await segments.tip();
    const after = base ? base.head : end;
    return { segment: { segment, after, from: '', to: '', entries: [], writers: {} }, expected: null };
  }

  /** All in one write: half a batch could not be told from a whole one. */
  async function write(facts: TimedFact[], batch: number): Promise<void> {
    const { segment, expected } = await room();
    for (const fact of facts) {
      const entry = sealEntry(fact, headOf(segment));
      segment.entries.push(entry);
      if (segment.from === '' || entry.time < segment.from) segment.from = entry.time;
      if (entry.time > segment.to) segment.to = entry.time;
    }
    segment.writers[writer] = batch;
    tail = { doc: segment, version: await segments.put(segment, expected) };
  }

  return {
    async append(facts, batch) {
      for (let attempt = 1; ; attempt++) {
        try {
          const landed = isUnsure && (await findEnd(batch));
          if (!landed) await write(facts, batch);
          return headOf(tail!.doc);
        } catch (error) {
          isUnsure = true;
          if (!isCode(error, 'version_conflict') || attempt === TRIES) throw error;
          await delay(Math.random() * Math.min(200, 5 * attempt));
        }
      }
    },
  };
}
