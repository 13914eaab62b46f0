import type { Source } from '../../model/source.ts';
import type { RetentionClass, RetentionClasses } from './retention-classes.ts';

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

/** Identity as text: every field in a fixed order, whatever order the sender's JSON had. */
export function sourceKey(source: Source): string {
  const labels = Object.entries(source.labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    source.app,
    source.env,
    source.container,
    source.host,
    source.path,
    source.containerName,
    source.instance,
    source.image,
    source.version,
    source.reader,
    source.named.app,
    source.named.env,
    labels,
  ]);
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
