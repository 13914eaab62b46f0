import type { ApiRecord } from '../../api/contract.ts';
import { dayText, microseconds, type Zone } from '../format/time.ts';
import type { EventMark } from './event-marks.ts';
import type { Item, RecordItem } from './row-view.ts';

/** What lines become items by. */
export interface ItemOptions {
  zone: Zone;
  nowUs: number;
  order: 'asc' | 'desc';
  /** In order of time. */
  marks: EventMark[];
  /** Neighbours that differ in numbers only are folded into one item. */
  repeats: boolean;
  /** Ids of the first lines of runs that are spread out all the same. */
  spread: ReadonlySet<string>;
}

/** What stands before a page of lines: its first separators depend on it. */
export interface Before {
  /** Day of the line before, or of today where there is none; said when it changes. */
  day: string;
  /** µs of the line before; null at the very first: then marks beyond it are shown too. */
  time: number | null;
}

/** Lines with a separator wherever the day changes, events at their time, and repeated lines folded. */
export function lineItems(records: ApiRecord[], before: Before, options: ItemOptions): Item[] {
  const items: Item[] = [];
  const { zone, order, marks } = options;
  let { day, time: last } = before;
  let quarter = -1;
  const seen = new Set<string>();
  const newest = order === 'desc';
  let mark = newest ? marks.length - 1 : 0;
  const marksBefore = (time: number) => {
    for (; newest ? mark >= 0 : mark < marks.length; mark += newest ? -1 : 1) {
      const one = marks[mark];
      if (newest ? one.time < time : one.time >= time) return;
      if (last !== null && (newest ? one.time >= last : one.time < last)) continue;
      items.push({ kind: 'event', key: `event ${one.id}`, mark: one });
    }
  };
  for (const record of records) {
    if (seen.has(record.id)) continue;
    seen.add(record.id);
    const time = microseconds(record.time);
    marksBefore(time);
    last = time;
    // Zones shift by quarters of an hour at the finest: only another quarter can be another day.
    if (Math.floor(time / 900e6) !== quarter) {
      quarter = Math.floor(time / 900e6);
      const own = dayText(time, zone);
      if (own !== day) items.push({ kind: 'day', key: `day ${own} ${record.id}`, text: own });
      day = own;
    }
    items.push({ kind: 'record', key: record.id, record });
  }
  return options.repeats ? foldRuns(items, options.spread) : items;
}

/** Runs of alike lines as their first one with a count; a run that is spread out keeps its lines. */
function foldRuns(items: Item[], spread: ReadonlySet<string>): Item[] {
  const out: Item[] = [];
  let first: RecordItem | null = null;
  for (const item of items) {
    if (item.kind !== 'record' || first === null || !alike(first.record, item.record)) {
      first = item.kind === 'record' ? { ...item } : null;
      out.push(first ?? item);
      continue;
    }
    first.more = (first.more ?? 0) + 1;
    first.spread = spread.has(first.record.id);
    if (first.spread) out.push(item);
  }
  return out;
}

function alike(a: ApiRecord, b: ApiRecord): boolean {
  return a.app === b.app && a.env === b.env && a.level === b.level && shape(a.message) === shape(b.message);
}

/** The message with every number as one: what repeated lines have in common. */
export function shape(message: string): string {
  return message.length > 4_000 ? message : message.replace(/\b0x[\da-f]+\b|\d+/gi, '0');
}
