import type { ApiRecord, TailSkipped } from '../../api/contract.ts';
import type { Zone } from '../format/time.ts';
import type { HitFinder } from '../text/hits.ts';
import type { EventMark } from './event-marks.ts';

/** How rows are shown; one object for all rows, new only when something changed. */
export interface RowView {
  zone: Zone;
  wrap: boolean;
  /** JSON lines stand indented. */
  pretty: boolean;
  /** Two-line rows of a phone. */
  narrow: boolean;
  finder: HitFinder;
  /** Characters that fit into the message column. */
  columns: number;
  /** Columns between level and message. */
  fields: readonly string[];
}

/** What a row can ask for; stable over renders so that rows stay memoised. */
export interface RowActions {
  open(id: string | null): void;
  focus(id: string): void;
  context(id: string): void;
  only(field: string, value: string): void;
  exclude(field: string, value: string): void;
  /** Adds the clause to the query, or begins a new one with it. */
  search(clause: string, how: 'add' | 'new'): void;
  /** Shows or hides a column. */
  column(name: string): void;
  /** The range so much before and after the line, µs. */
  around(record: ApiRecord, us: number): void;
  pin(record: ApiRecord): void;
  copyLink(record: ApiRecord): void;
  copyLine(record: ApiRecord): void;
  copyJson(record: ApiRecord): void;
  unfold(id: string, unfolded: boolean): void;
  /** Shows the lines behind a count, or the count again. */
  spread(id: string, spread: boolean): void;
  /** Opens the menu of a word at a place of the window. */
  word(text: string, x: number, y: number): void;
}

/** Everything a list of lines can hold. */
export type Item =
  | RecordItem
  | { kind: 'day'; key: string; text: string }
  | { kind: 'event'; key: string; mark: EventMark }
  | { kind: 'skipped'; key: string; count: number; reason: TailSkipped['reason']; from: string; to: string }
  | { kind: 'mark'; key: string; text: string; good: boolean };
export interface RecordItem {
  kind: 'record';
  key: string;
  record: ApiRecord;
  /** Lines that stand behind this one because they differ in numbers only; absent or 0: none. */
  more?: number;
  /** This line begins a run that was spread out. */
  spread?: boolean;
}

/** What a list shows; long lists give up what is far from the window, and say null for it until it is back. */
export interface ItemList {
  /** The same as long as it is the same list, however it grows. */
  readonly owner: object;
  readonly length: number;
  at(index: number): Item | null;
  /** The same for an item as long as it is in the list, also while it is given up. */
  keyAt(index: number): string | number;
  /** Items put in front since the list began, less those that left there; what is being read must move by as many. */
  readonly front: number;
  /** Another number when keys may stand for other items than before. */
  readonly version: number;
  /** Index of the line, −1 when it is not there. */
  find(id: string): number;
}

/** A list that is wholly there; `gone` items left it at its front so far. */
export function plainList(items: Item[], owner: object, gone: number): ItemList {
  return {
    owner,
    length: items.length,
    at: (index) => items[index] ?? null,
    keyAt: (index) => items[index].key,
    front: 0 - gone,
    version: 0,
    find: (id) => items.findIndex((item) => item.key === id),
  };
}

/** `shop-order-4` → `shop-order`, `-4`: the number is dimmed so that the app reads first. */
export function splitInstance(instance: string): [string, string] {
  const match = /^(.+?)([-._]\d{1,4})$/.exec(instance);
  return match === null ? [instance, ''] : [match[1], match[2]];
}

/** What to call the instance: a slot number alone (compose, Swarm) says nothing without its app. */
export function instanceName(record: Pick<ApiRecord, 'app' | 'instance'>): string {
  return /^\d+$/.test(record.instance) ? `${record.app}-${record.instance}` : record.instance;
}

/** One of six series for an instance, the same on every page and day. */
export function seriesOf(instance: string): number {
  let hash = 0;
  for (let i = 0; i < instance.length; i += 1) hash = (hash * 31 + instance.charCodeAt(i)) >>> 0;
  return (hash % 6) + 1;
}
