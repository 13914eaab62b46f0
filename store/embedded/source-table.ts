import type { RetentionClass, RetentionClasses } from '../../model/retention-classes.ts';
import { type Source, sourceKey } from '../../model/source.ts';

/** A source with the number frames in memory and in the log name it by; numbers are never used twice in a process. */
export interface SourceEntry {
  number: number;
  source: Source;
  json: Buffer;
  class: RetentionClass;
  /** Monotonic ms of its last batch, so that sources of long gone containers can be forgotten. */
  usedAt: number;
}

export interface SourceTable {
  /** The entry of a source, by value. */
  intern(source: Source, now: number): SourceEntry;
  byNumber(number: number): SourceEntry | undefined;
  /** Forgets sources unused since `before` that are not in `kept`; returns their numbers. */
  forget(before: number, kept: ReadonlySet<number>): number[];
}

export function createSourceTable(classes: RetentionClasses): SourceTable {
  const byObject = new WeakMap<Source, SourceEntry>();
  const byKey = new Map<string, SourceEntry>();
  const byNumber = new Map<number, SourceEntry>();
  let next = 1;

  return {
    intern(source, now) {
      let entry = byObject.get(source);
      if (entry && byNumber.has(entry.number)) {
        entry.usedAt = now;
        return entry;
      }
      const key = sourceKey(source);
      entry = byKey.get(key);
      if (!entry) {
        const json = Buffer.from(JSON.stringify(source));
        entry = { number: next++, source, json, class: classes.of(source.app, source.env), usedAt: now };
        byKey.set(key, entry);
        byNumber.set(entry.number, entry);
      }
      entry.usedAt = now;
      byObject.set(source, entry);
      return entry;
    },
    byNumber: (number) => byNumber.get(number),
    forget(before, kept) {
      const gone: number[] = [];
      for (const [key, entry] of byKey) {
        if (entry.usedAt >= before || kept.has(entry.number)) continue;
        byKey.delete(key);
        byNumber.delete(entry.number);
        gone.push(entry.number);
      }
      return gone;
    },
  };
}
