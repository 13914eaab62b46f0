import type { RetentionClasses } from '../../model/retention-classes.ts';
import type { ClassStats } from '../log-store.ts';
import type { Catalog } from './catalog.ts';
import { DAY_US } from './flush.ts';

/** What each retention class holds: its segments, and its lines that are in no segment yet. */
export function classStats(catalog: Catalog, retention: RetentionClasses): ClassStats[] {
  const classes = new Map<string, ClassStats>();

  function add(
    name: string,
    part: { records: number; bytes: number; first: number; last: number; goes: number },
  ): void {
    if (part.records === 0) return;
    const none = { name, records: 0, diskBytes: 0, oldest: null, newest: null, nextRemoval: null };
    const one: ClassStats = classes.get(name) ?? none;
    const removal = part.goes + retention.named(name).days * DAY_US;
    one.records += part.records;
    one.diskBytes += part.bytes;
    one.oldest = Math.min(one.oldest ?? part.first, part.first);
    one.newest = Math.max(one.newest ?? part.last, part.last);
    one.nextRemoval = Math.min(one.nextRemoval ?? removal, removal);
    classes.set(name, one);
  }

  for (const { class: name, records, bytes, first, last } of catalog.segments.values())
    add(name, { records, bytes, first, last, goes: last });
  for (const head of catalog.heads)
    for (const [name, { records, bytes, first, last }] of head.classes) {
      // It will be cut at midnight (UTC); the segment of its first day ends there at the latest.
      const midnight = (Math.floor(first / DAY_US) + 1) * DAY_US;
      add(name, { records, bytes, first, last, goes: Math.min(last, midnight) });
    }
  return [...classes.values()];
}
