import { compileMatch, type MatchView } from '../../model/query/match.ts';
import { type BloomPlan, bloomPlan } from '../../model/query/text-plan.ts';
import type { Query } from '../../model/query/tree.ts';
import { needleImage, opening } from './needle.ts';
import { BLOCK_RECORDS, TEXT_KIND } from './segment-format.ts';
import { EXOTIC_SOURCE, textKind } from './text-kind.ts';
import { compileLeaf, type Find, type Verdict } from './text-leaf.ts';
import { kernel } from './thread-kernel.ts';

/** The text of one block (or part of a head): UTF-8 bytes and the same as a latin-1 string, both made on demand. */
export interface BlockText {
  bytes: Buffer;
  latin1(): string;
  /** Bits of TEXT_KIND, null where nobody has looked yet. */
  kind: number | null;
}

/** A residual compiled for scanning. `compileMatch` has the last word on every record the quick test cannot decide. */
export interface Matcher {
  bloom: BloomPlan;
  /** False when no record of the block matches: tells without knowing where records end. */
  mayHold(text: BlockText): boolean;
  /**
   * Calls `hit` for each matching record of [from, to) in order. `wanted` says which to look at; `viewOf` fills in what the
   * exact evaluator sees of a record besides its message.
   */
  scan(
    text: BlockText,
    ends: Uint32Array,
    from: number,
    to: number,
    wanted: (record: number) => boolean,
    viewOf: (record: number) => MatchView,
    hit: (record: number) => void,
  ): void;
}

type Quick = (record: string) => Verdict;

export function compileMatcher(residual: Query): Matcher {
  const exact = compileMatch(residual);
  const { find, quick } = compileQuick(residual);
  const plain = find ? new RegExp(find.source, 'g') : null;
  const withExotic = find ? new RegExp(`${find.source}|${EXOTIC_SOURCE}`, 'g') : null;
  const exotic = new RegExp(EXOTIC_SOURCE);
  let marks = new Uint8Array(0);

  const images = (find?.needles ?? []).map(needleImage);
  const openings = (find?.needles ?? []).map((needle) => needleImage(opening(needle)));
  const searchable = images.length > 0 && images.every((image) => image !== null);

  /** Marks records that hold a needle: 1 are to be asked, 2 match. */
  function markHits(first: number, last: number): void {
    if (marks.length < last) marks = new Uint8Array(last);
    marks.fill(0, first, last);
    for (const image of images) for (const hit of kernel.find(image!, first, last)) marks[hit >>> 1] |= hit & 1 ? 2 : 1;
  }

  return {
    bloom: bloomPlan(residual),
    mayHold(text) {
      const { bytes, kind } = text;
      if (!searchable || kind === null || kind & TEXT_KIND.EXOTIC || bytes.length > kernel.textLimit) return true;
      kernel.loadText(bytes, Uint32Array.of(bytes.length), 1);
      return openings.some((image) => kernel.find(image!, 0, 1).length > 0);
    },
    scan(text, ends, from, to, wanted, viewOf, hit) {
      if (from >= to) return;
      const byKernel = searchable && text.bytes.length <= kernel.textLimit && ends.length <= BLOCK_RECORDS;
      if (byKernel) kernel.loadText(text.bytes, ends, to);
      const kind = text.kind ?? (byKernel ? kernel.textKind() : textKind(text.bytes));
      const hasExotic = (kind & TEXT_KIND.EXOTIC) !== 0;

      const test = (record: number, slice: string): boolean => {
        const verdict = hasExotic && exotic.test(slice) ? -1 : quick(slice);
        if (verdict >= 0) return verdict === 1;
        const view = viewOf(record);
        view.message = text.bytes.toString('utf8', record === 0 ? 0 : ends[record - 1], ends[record]);
        return exact(view);
      };

      if (byKernel && !hasExotic) {
        markHits(from, to);
        for (let i = from; i < to; i++) {
          if (marks[i] === 0 || !wanted(i)) continue;
          if (marks[i] >= 2 || test(i, text.bytes.toString('latin1', i === 0 ? 0 : ends[i - 1], ends[i]))) hit(i);
        }
        return;
      }
      const latin1 = text.latin1();
      const finder = hasExotic ? withExotic : plain;
      const sliceOf = (i: number): string => latin1.slice(i === 0 ? 0 : ends[i - 1], ends[i]);
      if (!finder) {
        for (let i = from; i < to; i++) if (wanted(i) && test(i, sliceOf(i))) hit(i);
        return;
      }
      const limit = ends[to - 1];
      finder.lastIndex = from === 0 ? 0 : ends[from - 1];
      for (let i = from; i < to; ) {
        const found = finder.exec(latin1);
        if (found === null || found.index >= limit) return;
        i = recordAt(ends, i, to, found.index);
        if (wanted(i) && test(i, sliceOf(i))) hit(i);
        finder.lastIndex = ends[i];
        i++;
      }
    },
  };
}

/** The record of [from, to) that holds byte `at`: near ones by stepping, far ones by halving. */
function recordAt(ends: Uint32Array, from: number, to: number, at: number): number {
  let i = from;
  for (let step = 0; step < 16; step++, i++) if (ends[i] > at) return i;
  let low = i;
  let high = to - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ends[middle] > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Kleene's logic over the leaves: 0 and 1 are certain, -1 leaves it to the exact evaluator. */
function compileQuick(query: Query): { find: Find | null; quick: Quick } {
  switch (query.type) {
    case 'all':
      return { find: null, quick: () => 1 };
    case 'not': {
      const { quick } = compileQuick(query.item);
      return {
        find: null,
        quick: (record) => {
          const verdict = quick(record);
          return verdict < 0 ? -1 : verdict === 1 ? 0 : 1;
        },
      };
    }
    case 'and': {
      const parts = query.items.map(compileQuick);
      const best = parts.reduce<Find | null>(
        (most, { find: one }) => (one && one.weight > (most?.weight ?? 0) ? one : most),
        null,
      );
      // What is found satisfies one part; the others are to be asked.
      const find = best && { ...best, needles: best.needles.map((needle) => ({ ...needle, exact: false })) };
      return { find, quick: decide(parts, 0) };
    }
    case 'or': {
      const parts = query.items.map(compileQuick);
      const all = parts.every((part) => part.find !== null) && parts.length > 0;
      const source = parts.map((part) => `(?:${part.find?.source})`).join('|');
      const weight = Math.min(...parts.map((part) => part.find?.weight ?? 0));
      const needles = parts.flatMap((part) => part.find?.needles ?? []);
      return { find: all ? { source, weight, needles } : null, quick: decide(parts, 1) };
    }
    default:
      return compileLeaf(query);
  }
}

/** `and` (decided by a 0) or `or` (decided by a 1). */
function decide(parts: { quick: Quick }[], by: 0 | 1): Quick {
  return (record) => {
    let unsure = false;
    for (const { quick } of parts) {
      const verdict = quick(record);
      if (verdict === by) return by;
      if (verdict < 0) unsure = true;
    }
    return unsure ? -1 : by === 0 ? 1 : 0;
  };
}
