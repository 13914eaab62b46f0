import type { ApiRecord, TailSkipped } from '../../api/contract.ts';
import type { Zone } from '../format/time.ts';
import type { HitFinder } from '../text/hits.ts';

/** How rows are shown; one object for all rows, new only when something changed. */
export interface RowView {
  zone: Zone;
  wrap: boolean;
  /** Two-line rows of a phone. */
  narrow: boolean;
  finder: HitFinder;
  /** Characters that fit into the message column. */
  columns: number;
}

/** What a row can ask for; stable over renders so that rows stay memoised. */
export interface RowActions {
  open(id: string | null): void;
  focus(id: string): void;
  context(id: string): void;
  only(field: string, value: string): void;
  exclude(field: string, value: string): void;
  copyLink(record: ApiRecord): void;
  copyLine(record: ApiRecord): void;
  copyJson(record: ApiRecord): void;
  unfold(id: string, unfolded: boolean): void;
}

/** Everything a list of lines can hold. */
export type Item =
  | { kind: 'record'; key: string; record: ApiRecord }
  | { kind: 'day'; key: string; text: string }
  | { kind: 'skipped'; key: string; count: number; reason: TailSkipped['reason']; from: string; to: string }
  | { kind: 'mark'; key: string; text: string; good: boolean };

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
