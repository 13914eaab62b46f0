import { compileMatch, type MatchView } from '../../model/query/match.ts';
import { type BloomPlan, bloomPlan } from '../../model/query/text-plan.ts';
import type { Query } from '../../model/query/tree.ts';
import { TEXT_KIND } from './segment-format.ts';
import { EXOTIC_SOURCE } from './text-kind.ts';
import { compileLeaf, type TextLeaf, type Verdict } from './text-leaf.ts';

/** The text of one block (or part of a head): UTF-8 bytes and the same as a latin-1 string, both made on demand. */
export interface BlockText {
  bytes: Buffer;
  latin1(): string;
  /** Bits of TEXT_KIND. */
  kind: number;
}

/** A residual compiled for scanning. `compileMatch` has the last word on every record the quick test cannot decide. */
export interface Matcher {
  bloom: BloomPlan;
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

type Find = TextLeaf['find'];
type Quick = (record: string) => Verdict;

export function compileMatcher(residual: Query): Matcher {
  const exact = compileMatch(residual);
  const { find, quick } = compileQuick(residual);
  const plain = find ? new RegExp(find.source, 'g') : null;
  const withExotic = find ? new RegExp(`${find.source}|${EXOTIC_SOURCE}`, 'g') : null;
  const exotic = new RegExp(EXOTIC_SOURCE);

  return {
    bloom: bloomPlan(residual),
    scan(text, ends, from, to, wanted, viewOf, hit) {
      const hasExotic = (text.kind & TEXT_KIND.EXOTIC) !== 0;
      const finder = hasExotic ? withExotic : plain;
      const latin1 = text.latin1();

      const test = (record: number): boolean => {
        const start = record === 0 ? 0 : ends[record - 1];
        const slice = latin1.slice(start, ends[record]);
        const verdict = hasExotic && exotic.test(slice) ? -1 : quick(slice);
        if (verdict >= 0) return verdict === 1;
        const view = viewOf(record);
        view.message = text.bytes.toString('utf8', start, ends[record]);
        return exact(view);
      };

      if (!finder) {
        for (let i = from; i < to; i++) if (wanted(i) && test(i)) hit(i);
        return;
      }
      const limit = to === 0 ? 0 : ends[to - 1];
      finder.lastIndex = from === 0 ? 0 : ends[from - 1];
      for (let i = from; i < to; ) {
        const found = finder.exec(latin1);
        if (found === null || found.index >= limit) return;
        i = recordAt(ends, i, to, found.index);
        if (wanted(i) && test(i)) hit(i);
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
function compileQuick(query: Query): { find: Find; quick: Quick } {
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
      const find = parts.reduce<Find>(
        (best, { find: one }) => (one && one.weight > (best?.weight ?? 0) ? one : best),
        null,
      );
      return { find, quick: decide(parts, 0) };
    }
    case 'or': {
      const parts = query.items.map(compileQuick);
      const all = parts.every((part) => part.find !== null) && parts.length > 0;
      const source = parts.map((part) => `(?:${part.find?.source})`).join('|');
      const weight = Math.min(...parts.map((part) => part.find?.weight ?? 0));
      return { find: all ? { source, weight } : null, quick: decide(parts, 1) };
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
