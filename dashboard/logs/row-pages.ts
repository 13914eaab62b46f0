import type { ApiRecord, LogsAnswer } from '../../api/contract.ts';
import { dayText, microseconds } from '../format/time.ts';
import { type Before, type ItemOptions, lineItems } from './items.ts';
import type { Item, ItemList } from './row-view.ts';

/** `down` follows the order on screen, `up` reads the other way from where the list began. */
export type Way = 'down' | 'up';
/** Asks for one page; with a cursor for the one behind it. */
export type ReadPage = (way: Way, cursor: string | null, limit: number) => Promise<LogsAnswer>;

/** Lines a page holds: few at first, for the first ones are waited for. */
const FIRST_PAGE = 200;
const PAGE = 1000;
/** Pages whose lines are kept; the others are known by their number of rows and read again when they come near. */
const KEPT = 24;

interface Page {
  serial: number;
  way: Way;
  /** What it was asked with, so that it can be asked for again. */
  cursor: string | null;
  limit: number;
  next: string | null;
  /** In screen order; null when given up. */
  records: ApiRecord[] | null;
  items: Item[];
  rows: number;
  lines: number;
  /** Day and time of its last line on screen. */
  last: Before;
  loading: boolean;
}

export interface RowPages {
  /** A new object whenever something changed. */
  snapshot(): RowsSnapshot;
  subscribe(changed: () => void): () => void;
  /** Reads the next page that way; nothing when there is none or one is on its way. */
  more(way: Way): Promise<void>;
  /** Tells which rows are near the window, so that pages come back or are given up. */
  near(first: number, last: number): void;
  show(options: ItemOptions): void;
}

export interface RowsSnapshot {
  list: ItemList;
  /** The answer that speaks for the whole: notes, gaps, watermark. Null before there is one. */
  answer: LogsAnswer | null;
  /** Lines read so far, given up or not. */
  lines: number;
  more: Record<Way, boolean>;
  loading: Record<Way, boolean>;
  /** What the first page failed by, or the last one asked for. */
  error: unknown;
  tookMs: number;
  bytesRead: number;
}

/**
 * Lines of one run, page by page by cursor and both ways. Only pages near the window keep their lines: a list of a million rows costs what a
 * short one costs. `up`: lines above where the list begins can be read too; `start: 'end'` begins with the last lines of the range.
 */
export function createRowPages(read: ReadPage, begin: { up: boolean; start: Way }, first: ItemOptions): RowPages {
  let options = first;
  let pages: Page[] = [];
  let serial = 0;
  let front = 0;
  let version = 0;
  let answer: LogsAnswer | null = null;
  let error: unknown = null;
  let stats = { tookMs: 0, bytesRead: 0 };
  const loading: Record<Way, boolean> = { down: false, up: false };
  const owner = {};
  const listeners = new Set<() => void>();
  let now: RowsSnapshot | null = null;

  const changed = () => {
    now = null;
    for (const listener of listeners) listener();
  };
  const edge = (way: Way): Page | undefined =>
    way === 'down' ? pages.findLast((page) => page.way === 'down') : pages.find((page) => page.way === 'up');
  const hasMore = (way: Way): boolean => {
    const page = edge(way);
    if (page !== undefined) return page.next !== null;
    return way === begin.start || (way === 'up' && begin.up);
  };
  const before = (index: number): Before =>
    pages[index - 1]?.last ?? { day: dayText(options.nowUs, options.zone), time: hasMore('up') ? topTime() : null };
  /** Marks above the first line belong to lines that are not read yet. */
  const topTime = (): number | null => {
    const record = pages[0]?.records?.[0];
    return record === undefined ? null : microseconds(record.time);
  };
  const build = (index: number) => {
    const page = pages[index];
    if (page.records === null) return;
    page.items = lineItems(page.records, before(index), options);
    page.rows = page.items.length;
    page.lines = page.records.length;
    const line = page.records.at(-1);
    if (line !== undefined) {
      const time = microseconds(line.time);
      page.last = { day: dayText(time, options.zone), time };
    } else page.last = before(index);
  };

  async function more(way: Way): Promise<void> {
    if (loading[way] || !hasMore(way)) return;
    loading[way] = true;
    error = null;
    changed();
    try {
      const cursor = edge(way)?.next ?? null;
      const limit = pages.length === 0 ? FIRST_PAGE : PAGE;
      const got = await read(way, cursor, limit);
      stats = { tookMs: stats.tookMs + got.stats.tookMs, bytesRead: stats.bytesRead + got.stats.bytesRead };
      answer ??= got;
      const page: Page = {
        serial: serial++,
        way,
        cursor,
        limit,
        next: got.next,
        records: way === 'down' ? got.records : got.records.toReversed(),
        items: [],
        rows: 0,
        lines: 0,
        last: { day: '', time: null },
        loading: false,
      };
      if (way === 'down') {
        pages = [...pages, page];
        build(pages.length - 1);
      } else {
        const was = pages.reduce((sum, one) => sum + one.rows, 0);
        pages = [page, ...pages];
        build(0);
        // Its neighbour's first separators were made without it.
        const second = pages[1];
        const rows = second?.rows;
        if (second !== undefined) build(1);
        if (second?.rows !== rows) version += 1;
        front += pages.reduce((sum, one) => sum + one.rows, 0) - was;
      }
    } catch (cause) {
      error = cause;
    } finally {
      loading[way] = false;
      changed();
    }
  }

  async function readAgain(page: Page): Promise<void> {
    if (page.loading) return;
    page.loading = true;
    try {
      const got = await read(page.way, page.cursor, page.limit);
      page.records = page.way === 'down' ? got.records : got.records.toReversed();
      const { rows } = page;
      build(pages.indexOf(page));
      // Lines that came late moved all below.
      if (page.rows !== rows) version += 1;
    } catch {
      // Scrolling on asks again; what is shown stays.
    } finally {
      page.loading = false;
      changed();
    }
  }

  const starts = (): number[] => {
    let at = 0;
    return pages.map((page) => {
      const start = at;
      at += page.rows;
      return start;
    });
  };

  function snapshot(): RowsSnapshot {
    now ??= {
      list: listOf(pages, starts(), { owner, front, version }),
      answer,
      lines: pages.reduce((sum, page) => sum + page.lines, 0),
      more: { down: hasMore('down'), up: hasMore('up') },
      loading: { ...loading },
      error,
      ...stats,
    };
    return now;
  }

  return {
    snapshot,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    more,
    near(from, to) {
      const at = starts();
      const of = (row: number) =>
        Math.max(
          0,
          at.findLastIndex((start) => start <= row),
        );
      const [low, high] = [of(from), of(to)];
      for (let index = low; index <= high; index += 1) if (pages[index]?.records === null) void readAgain(pages[index]);
      const kept = pages.filter((page) => page.records !== null).length;
      if (kept <= KEPT) return;
      const far = (index: number) => Math.max(low - index, index - high);
      const order = pages.map((_, index) => index).filter((index) => pages[index].records !== null && far(index) > 1);
      order.sort((a, b) => far(b) - far(a));
      for (const index of order.slice(0, kept - KEPT)) {
        pages[index].records = null;
        pages[index].items = [];
      }
      changed();
    },
    show(next) {
      if (next === options) return;
      options = next;
      version += 1;
      for (let index = 0; index < pages.length; index += 1) build(index);
      changed();
    },
  };
}

/** The pages as one list; positions near the last one asked for are found at once, as scrolling asks. */
function listOf(pages: Page[], starts: number[], about: Pick<ItemList, 'owner' | 'front' | 'version'>): ItemList {
  let near = 0;
  const locate = (index: number): Page | null => {
    if (pages.length === 0) return null;
    if (near >= pages.length) near = 0;
    while (near > 0 && starts[near] > index) near -= 1;
    while (near + 1 < pages.length && starts[near + 1] <= index) near += 1;
    return pages[near];
  };
  return {
    length: pages.reduce((sum, page) => sum + page.rows, 0),
    ...about,
    at(index) {
      const page = locate(index);
      return page === null || page.records === null ? null : (page.items[index - starts[near]] ?? null);
    },
    keyAt(index) {
      const page = locate(index);
      return page === null ? index : page.serial * 4096 + (index - starts[near]);
    },
    find(id) {
      for (const [place, page] of pages.entries()) {
        const index = page.items.findIndex((item) => item.key === id);
        if (index >= 0) return starts[place] + index;
      }
      return -1;
    },
  };
}
