import type { ItemList } from './row-view.ts';

/** Rows whose heights are summed up together: finding a place among a million rows reads about two thousand sums. */
const BLOCK = 512;

/** Heights of the rows of a list, px; estimates until a row was measured. */
export interface Heights {
  /**
   * Follows the list: what was appended or put in front is estimated, what left at the front is forgotten; another list, version or layout
   * begins `anew`, and what was measured is to be measured again. Gives the rows put in front (negative: gone there) and their height.
   */
  follow(list: ItemList, layout: string, estimate: (index: number) => number): Followed;
  total(): number;
  /** Where the row begins. */
  offsetOf(index: number): number;
  /** The row at that offset; the last one beyond the end, 0 for an empty list. */
  indexAt(offset: number): number;
  sizeOf(index: number): number;
  /** Gives by how much the row grew. */
  set(index: number, size: number): number;
}

export interface Followed {
  rows: number;
  height: number;
  anew: boolean;
}

export function createHeights(): Heights {
  let sizes = new Float32Array(1024);
  const sums: number[] = [];
  let length = 0;
  let owner: object | null = null;
  let version = -1;
  let front = 0;
  let layout = '';

  const room = (wanted: number) => {
    if (wanted <= sizes.length) return;
    const grown = new Float32Array(Math.max(wanted, sizes.length * 2));
    grown.set(sizes.subarray(0, length));
    sizes = grown;
  };
  const sumUp = (from: number) => {
    for (let block = Math.floor(from / BLOCK); block * BLOCK < length; block += 1) {
      let sum = 0;
      const end = Math.min(length, (block + 1) * BLOCK);
      for (let i = block * BLOCK; i < end; i += 1) sum += sizes[i];
      sums[block] = sum;
    }
    sums.length = Math.ceil(length / BLOCK);
  };
  const offsetOf = (index: number): number => {
    const block = Math.floor(index / BLOCK);
    let sum = 0;
    for (let i = 0; i < block; i += 1) sum += sums[i];
    for (let i = block * BLOCK; i < index; i += 1) sum += sizes[i];
    return sum;
  };

  return {
    follow(list, nextLayout, estimate) {
      const moved = list.front - front;
      const same = list.owner === owner && list.version === version && layout === nextLayout;
      owner = list.owner;
      version = list.version;
      layout = nextLayout;
      front = list.front;
      if (!same || length + moved > list.length || length + moved < 0) {
        length = list.length;
        room(length);
        for (let i = 0; i < length; i += 1) sizes[i] = estimate(i);
        sumUp(0);
        return { rows: 0, height: 0, anew: true };
      }
      let height = 0;
      if (moved > 0) {
        room(length + moved);
        sizes.copyWithin(moved, 0, length);
        for (let i = 0; i < moved; i += 1) sizes[i] = estimate(i);
        length += moved;
        sumUp(0);
        height = offsetOf(moved);
      } else if (moved < 0) {
        height = -offsetOf(-moved);
        sizes.copyWithin(0, -moved, length);
        length += moved;
        sumUp(0);
      }
      if (length < list.length) {
        const from = length;
        length = list.length;
        room(length);
        for (let i = from; i < length; i += 1) sizes[i] = estimate(i);
        sumUp(from);
      }
      return { rows: moved, height, anew: false };
    },
    total: () => sums.reduce((sum, one) => sum + one, 0),
    offsetOf,
    indexAt(offset) {
      let block = 0;
      let rest = offset;
      while (block + 1 < sums.length && rest >= sums[block]) {
        rest -= sums[block];
        block += 1;
      }
      let index = block * BLOCK;
      while (index + 1 < length && rest >= sizes[index]) {
        rest -= sizes[index];
        index += 1;
      }
      return Math.max(0, Math.min(index, length - 1));
    },
    sizeOf: (index) => sizes[index],
    set(index, size) {
      if (index < 0 || index >= length) return 0;
      const grown = size - sizes[index];
      if (Math.abs(grown) < 0.01) return 0;
      sizes[index] = size;
      sums[Math.floor(index / BLOCK)] += grown;
      return grown;
    },
  };
}
