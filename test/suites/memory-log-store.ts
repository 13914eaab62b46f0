import type { LinesBatch } from '../../model/batch.ts';
import { detectLevel } from '../../model/detect-level.ts';
import { FleetlogError } from '../../model/errors.ts';
import { extractFields } from '../../model/fields.ts';
import { levelName, levelOrdinal, UNDETECTED_LEVEL } from '../../model/level.ts';
import { createPatternHash } from '../../model/pattern.ts';
import { compareKeys, type RecordKey } from '../../model/position.ts';
import { and, fieldEquals } from '../../model/query/build.ts';
import { compileMatch } from '../../model/query/match.ts';
import { type Query, RECORD_FIELDS } from '../../model/query/tree.ts';
import { FLAG, type LogRecord } from '../../model/record.ts';
import { STREAMS } from '../../model/source.ts';
import type { LogStore, PatternSummary, RangeRequest, SearchRequest, SourceSummary } from '../../store/log-store.ts';

const STATS = { tookMs: 0, blocksRead: 0, blocksTotal: 0, bytesRead: 0 };
const OWN = { writable: true, enumerable: true, configurable: true };
const ordinary = { notes: [], stats: STATS };

/** The contract of LogStore over an array: a reference for other stores, and a store for tests of what stands before one. */
export function createMemoryLogStore(): LogStore {
  const records: LogRecord[] = [];
  const known = new Set<string>();
  let suppressed = 0;
  let closed = false;

  function* decoded(batch: LinesBatch): Generator<LogRecord> {
    const bytes = Buffer.from(batch.messages);
    for (let i = 0; i < batch.count; i++) {
      const start = i === 0 ? 0 : batch.ends[i - 1];
      const end = batch.ends[i];
      const level = batch.levels[i];
      yield {
        fid: batch.fid,
        gen: batch.gen,
        offset: batch.offsets[i],
        time: batch.times[i],
        source: batch.source,
        stream: STREAMS[batch.flags[i] & FLAG.STREAM_MASK],
        level: levelName(level === UNDETECTED_LEVEL ? detectLevel(batch.messages, start, end) : level),
        message: bytes.toString('utf8', start, end),
        flags: batch.flags[i],
        ...(batch.flags[i] & FLAG.LOSSY && { raw: bytes.toString('base64', start, end) }),
      };
    }
  }

  function matching(request: RangeRequest): LogRecord[] {
    if (closed) throw new FleetlogError('closed');
    if (request.signal?.aborted) throw new FleetlogError('cancelled');
    const match = compileMatch(request.query);
    return records.filter((r) => r.time >= request.from && r.time < request.to && match(r));
  }

  function ordered(request: Omit<SearchRequest, 'limit'>): LogRecord[] {
    const { order, after } = request;
    const found = matching(request);
    if (order === 'desc') found.reverse();
    if (!after) return found;
    return found.filter((r) => (order === 'asc' ? compareKeys(r, after) > 0 : compareKeys(r, after) < 0));
  }

  const fieldValue = (record: LogRecord, field: string): string => {
    if (field === 'level') return record.level ?? 'none';
    if (field === 'stream') return record.stream;
    if (field === 'container') return record.source.containerName;
    if ((RECORD_FIELDS as readonly string[]).includes(field)) return String(record.source[field as 'app']);
    return extractFields(record.message).get(field) ?? '';
  };

  return {
    async append(batches) {
      let stored = 0;
      let again = 0;
      for (const batch of batches) {
        for (const record of decoded(batch)) {
          const id = `${record.fid} ${record.gen} ${record.offset}`;
          if (known.has(id)) again++;
          else {
            known.add(id);
            records.push(record);
            stored++;
          }
        }
      }
      records.sort(compareKeys);
      suppressed += again;
      return { stored, suppressed: again, tooOld: 0 };
    },
    async search(request) {
      const found = ordered(request);
      return { records: found.slice(0, request.limit), more: found.length > request.limit, ...ordinary };
    },
    async *scan(request) {
      const found = ordered(request);
      for (let at = 0; at < found.length; at += 500) {
        if (request.signal?.aborted) throw new FleetlogError('cancelled');
        yield found.slice(at, at + 500);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async get(key) {
      return records.find((record) => compareKeys(record, key) === 0) ?? null;
    },
    async context({ key, before, after, scope, query }) {
      const match = compileMatch(query);
      const anchor = records.find((record) => compareKeys(record, key) === 0);
      if (!anchor || !match(anchor)) return null;
      const { host, container, app, env, instance } = anchor.source;
      const around: Query =
        scope === 'source'
          ? container
            ? and(fieldEquals('host', host), fieldEquals('container', container))
            : and(
                fieldEquals('host', host),
                fieldEquals('app', app),
                fieldEquals('env', env),
                fieldEquals('instance', instance),
              )
          : scope === 'app'
            ? and(fieldEquals('app', app), fieldEquals('env', env))
            : fieldEquals('host', host);
      const near = compileMatch(and(query, around));
      const side = (keep: (order: number) => boolean): LogRecord[] =>
        records.filter((record) => keep(compareKeys(record, key as RecordKey)) && near(record));
      const earlier = side((order) => order < 0);
      return {
        before: before === 0 ? [] : earlier.slice(-before),
        anchor,
        after: side((order) => order > 0).slice(0, after),
      };
    },
    async count(request) {
      return { count: matching(request).length, ...ordinary };
    },
    async histogram(request) {
      const buckets = new Map<number, Record<string, number>>();
      const start = (time: number): number => Math.floor(time / request.interval) * request.interval;
      for (let time = start(request.from); time < request.to; time += request.interval) buckets.set(time, {});
      for (const record of matching(request)) {
        const counts = buckets.get(start(record.time))!;
        const key = request.by === 'none' ? 'all' : fieldValue(record, request.by);
        counts[key] = (counts[key] ?? 0) + 1;
      }
      return { buckets: [...buckets].map(([time, counts]) => ({ time, counts })), ...ordinary };
    },
    async facets(request) {
      const facets: Record<string, { value: string; count: number }[]> = {};
      for (const field of request.fields) {
        const counts = new Map<string, number>();
        for (const record of matching(request)) {
          const value = fieldValue(record, field);
          if (value !== '') counts.set(value, (counts.get(value) ?? 0) + 1);
        }
        facets[field] = [...counts]
          .map(([value, count]) => ({ value, count }))
          .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
          .slice(0, request.size);
      }
      return { facets, ...ordinary };
    },
    async patterns(request) {
      const found = new Map<string, PatternSummary & { inBuckets: Map<number, number> }>();
      for (const record of matching(request)) {
        const pattern = patternOfBytes(record.raw ? Buffer.from(record.raw, 'base64') : Buffer.from(record.message));
        const { time, source } = record;
        const fresh: PatternSummary & { inBuckets: Map<number, number> } = {
          pattern,
          count: 0,
          first: time,
          last: time,
          sample: record,
          apps: {},
          inBuckets: new Map(),
        };
        const one = found.get(pattern) ?? fresh;
        found.set(pattern, one);
        one.count++;
        one.last = time;
        one.sample = record;
        const inApp = Object.hasOwn(one.apps, source.app) ? one.apps[source.app] : 0;
        Object.defineProperty(one.apps, source.app, { value: inApp + 1, ...OWN });
        const bucket = Math.floor(time / (request.interval ?? 1)) * (request.interval ?? 1);
        one.inBuckets.set(bucket, (one.inBuckets.get(bucket) ?? 0) + 1);
      }
      const patterns = [...found.values()]
        .sort((a, b) => b.count - a.count || (a.pattern < b.pattern ? -1 : 1))
        .slice(0, request.size)
        .map(({ inBuckets, ...one }) => ({
          ...one,
          ...(request.interval !== undefined && {
            buckets: [...inBuckets].map(([time, count]) => ({ time, count })),
          }),
        }));
      return { patterns, total: found.size, ...ordinary };
    },
    async sources(request) {
      const sources = new Map<string, SourceSummary>();
      for (const record of matching(request)) {
        const key = JSON.stringify([record.fid, record.source]);
        const one = sources.get(key) ?? {
          source: record.source,
          first: record.time,
          last: record.time,
          records: 0,
          levels: [0, 0, 0, 0, 0, 0, 0],
        };
        one.last = record.time;
        one.records++;
        one.levels[levelOrdinal(record.level)]++;
        sources.set(key, one);
      }
      return [...sources.values()];
    },
    async flush() {},
    async maintain() {
      return { segmentsRemoved: 0, bytesFreed: 0, merged: 0, notes: [] };
    },
    async stats() {
      const rawBytes = records.reduce((sum, record) => sum + Buffer.byteLength(record.message), 0);
      return {
        records: records.length,
        rawBytes,
        diskBytes: 0,
        segments: 0,
        headBytes: rawBytes,
        oldest: records[0]?.time ?? null,
        newest: records.at(-1)?.time ?? null,
        suppressed,
        classes: [],
        telemetry: { fleetlog_store_records: records.length },
      };
    },
    async close() {
      closed = true;
    },
  };
}

function patternOfBytes(bytes: Uint8Array): string {
  const out = new Uint32Array(2);
  createPatternHash()(bytes, 0, bytes.length, out, 0);
  return [...out].map((word) => word.toString(16).padStart(8, '0')).join('');
}
