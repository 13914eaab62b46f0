import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { createHeights } from './heights.ts';
import type { ItemList } from './row-view.ts';

/** Rows drawn beyond the window on either side, so that scrolling shows no blank. */
const BEYOND = 12;
/** Before the window is known. */
const FIRST_HEIGHT = 900;

export interface Place {
  index: number;
  key: string | number;
  start: number;
  size: number;
}

export interface RowWindow {
  places: Place[];
  total: number;
  /** For rows whose height is not known: a ref. The row carries `data-index`. */
  measure(element: HTMLElement | null): (() => void) | undefined;
  scrollToIndex(index: number, align: 'auto' | 'center' | 'start'): void;
  /** Draws for where the list was just scrolled to, before it is painted. */
  look(): void;
}

/** The rows of a long list that are near the window. Its work depends on what is drawn, not on how long the list is. */
export function useRowWindow(options: {
  list: ItemList;
  /** What heights depend on besides the items. */
  layout: string;
  scroller: RefObject<HTMLElement | null>;
  estimate(index: number): number;
}): RowWindow {
  const { list, scroller } = options;
  const heights = useMemo(createHeights, []);
  const view = useRef({ top: 0, height: FIRST_HEIGHT });
  const drawn = useRef({ from: -1, to: -1 });
  const [, redraw] = useState(0);
  const pending = useRef({ height: 0, anew: false });
  const moved = heights.follow(list, options.layout, options.estimate);
  pending.current.height += moved.height;
  pending.current.anew ||= moved.anew;

  const range = useCallback(() => {
    const { top, height } = view.current;
    return {
      from: Math.max(0, heights.indexAt(top) - BEYOND),
      to: Math.min(list.length - 1, heights.indexAt(top + height) + BEYOND),
    };
  }, [heights, list]);

  const measured = useMeasured((index, size) => {
    const box = scroller.current;
    const above = box !== null && heights.offsetOf(index) < box.scrollTop;
    const grown = heights.set(index, size);
    if (grown === 0) return;
    // A row above the window that turns out taller must not push what is being read.
    if (above && box !== null) box.scrollTop += grown;
    redraw((n) => n + 1);
  });
  const look = useCallback(() => {
    const box = scroller.current;
    if (box === null) return;
    view.current = { top: box.scrollTop, height: box.clientHeight };
    const { from, to } = range();
    if (from !== drawn.current.from || to !== drawn.current.to) redraw((n) => n + 1);
  }, [scroller, range]);
  // What is being read stays where it is when rows are put in front of it, or leave there.
  useLayoutEffect(() => {
    const box = scroller.current;
    const { height, anew } = pending.current;
    pending.current = { height: 0, anew: false };
    // Sizes of another layout are forgotten, and no observer tells of rows that kept theirs.
    if (anew) measured.again();
    else measured.fresh();
    if (box === null || height === 0) return;
    box.scrollTop += height;
    look();
  });

  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    look();
    box.addEventListener('scroll', look, { passive: true });
    const watch = new ResizeObserver(look);
    watch.observe(box);
    return () => {
      box.removeEventListener('scroll', look);
      watch.disconnect();
    };
  }, [scroller, look]);

  const scrollToIndex = useCallback(
    (index: number, align: 'auto' | 'center' | 'start') => {
      const go = () => {
        const box = scroller.current;
        if (box === null) return;
        const start = heights.offsetOf(index);
        const end = start + heights.sizeOf(index);
        if (align === 'start') box.scrollTop = start;
        else if (align === 'center') box.scrollTop = start - (box.clientHeight - (end - start)) / 2;
        else if (start < box.scrollTop) box.scrollTop = start;
        else if (end > box.scrollTop + box.clientHeight) box.scrollTop = end - box.clientHeight;
      };
      go();
      // Rows on the way were only estimated; once drawn they are measured.
      requestAnimationFrame(() => requestAnimationFrame(go));
    },
    [scroller, heights],
  );

  if (list.length === 0) return { places: [], total: 0, measure: measured.measure, scrollToIndex, look };
  const { from, to } = range();
  drawn.current = { from, to };
  const places: Place[] = [];
  let start = heights.offsetOf(from);
  for (let index = from; index <= to; index += 1) {
    const size = heights.sizeOf(index);
    places.push({ index, key: list.keyAt(index), start, size });
    start += size;
  }
  return { places, total: heights.total(), measure: measured.measure, scrollToIndex, look };
}

/** One observer for all rows; tells a row's height when it is first drawn and whenever it changes. */
function useMeasured(onSize: (index: number, size: number) => void) {
  const latest = useRef(onSize);
  latest.current = onSize;
  const made = useMemo(() => {
    const rows = new Set<HTMLElement>();
    let fresh: HTMLElement[] = [];
    const tell = (element: HTMLElement) => {
      if (element.isConnected) latest.current(Number(element.dataset.index), element.offsetHeight);
    };
    const observer = new ResizeObserver((entries) => {
      for (const { target } of entries) tell(target as HTMLElement);
    });
    return {
      measure(element: HTMLElement | null) {
        if (element === null) return undefined;
        rows.add(element);
        fresh.push(element);
        observer.observe(element);
        return () => {
          rows.delete(element);
          observer.unobserve(element);
        };
      },
      again() {
        fresh = [];
        rows.forEach(tell);
      },
      /** Before they are painted for the first time: an observer would tell a frame too late, and rows would cover each other for that long. */
      fresh() {
        const list = fresh;
        fresh = [];
        list.forEach(tell);
      },
      close: () => observer.disconnect(),
    };
  }, []);
  useEffect(() => made.close, [made]);
  return made;
}
