import { extractFields } from '../../model/fields.ts';
import { LEVELS } from '../../model/level.ts';
import { RECORD_FIELDS } from '../../model/query/tree.ts';
import { type Source, STREAMS, sourceKey } from '../../model/source.ts';
import type { GroupKey, SourceSummary } from '../log-store.ts';
import { emptySummary } from '../source-summary.ts';
import type { Matches } from './match-block.ts';
import { MINUTE_US } from './minute-counts.ts';
import { cellOf } from './record-columns.ts';
import type { ScanBlock } from './scan-block.ts';
import type { ScanAnswer, ScanRequest } from './scan-request.ts';

/** Counts matching records, singly or as whole minutes of one source and cell. */
export interface Tally {
  /** True when whole minutes do: no bucket boundary ever lies within one, and no text is needed. */
  byMinutes: boolean;
  addMinute(source: Source, minute: number, cell: number, count: number): void;
  /** `runs` bounds: records of the block that matched. */
  add(block: ScanBlock, matches: Matches): void;
  answer(): { answer: ScanAnswer; transfer: ArrayBuffer[] };
}

const LEVEL_KEYS = ['none', ...LEVELS, 'none'];

/** Name of the group that a record of this source and cell counts under. */
function groupName(by: GroupKey, source: Source, cell: number): string {
  if (by === 'level') return LEVEL_KEYS[cell & 7];
  return by === 'none' ? 'all' : source[by];
}

/** Buckets from the one that holds `from` to the one that holds the last µs before `to`. */
export function bucketCount(from: number, to: number, interval: number): number {
  return to <= from ? 0 : Math.floor((to - 1) / interval) - Math.floor(from / interval) + 1;
}

export function createHistogramTally(request: ScanRequest): Tally {
  const { interval, by } = request.operation as Extract<ScanRequest['operation'], { type: 'histogram' }>;
  const origin = Math.floor(request.from / interval);
  const size = bucketCount(request.from, request.to, interval);
  const groups = new Map<string, Float64Array<ArrayBuffer>>();

  function bucketsOf(source: Source, cell: number): Float64Array {
    const name = groupName(by, source, cell);
    let buckets = groups.get(name);
    if (!buckets) groups.set(name, (buckets = new Float64Array(size)));
    return buckets;
  }

  return {
    byMinutes: interval % MINUTE_US === 0,
    addMinute(source, minute, cell, count) {
      bucketsOf(source, cell)[Math.floor((minute * MINUTE_US) / interval) - origin] += count;
    },
    add(_, { rows, runs, records, runOf }) {
      let run = -1;
      let cell = -1;
      let buckets = new Float64Array(0) as Float64Array;
      for (const i of records) {
        const c = cellOf(rows.flags[i], rows.levels[i]);
        if (runOf[i] !== run || c !== cell) {
          run = runOf[i];
          cell = c;
          buckets = bucketsOf(runs[run].source, cell);
        }
        buckets[size === 1 ? 0 : Math.floor(rows.times[i] / interval) - origin]++;
      }
    },
    answer: () => ({
      answer: { type: 'histogram', groups: [...groups] },
      transfer: [...groups.values()].map((buckets) => buckets.buffer),
    }),
  };
}

/** Distinct values of one field that a thread keeps; beyond it counts are lower bounds and noted as such. */
const MOST_VALUES = 200_000;

/** The value of a record field as facets show it; empty is absent. */
function recordValue(field: string, source: Source, cell: number): string {
  if (field === 'level') return LEVEL_KEYS[cell & 7];
  if (field === 'stream') return STREAMS[cell >>> 3];
  if (field === 'container') return source.containerName || source.container;
  return source[field as 'app' | 'env' | 'host' | 'instance' | 'path' | 'image' | 'version'];
}

export function createFacetTally(request: ScanRequest): Tally {
  const { fields } = request.operation as Extract<ScanRequest['operation'], { type: 'facets' }>;
  const values = new Map<string, Map<string, number>>(fields.map((field) => [field, new Map()]));
  const incomplete = new Set<string>();
  const onRecord = fields.filter((field) => (RECORD_FIELDS as readonly string[]).includes(field));
  const inLine = fields.filter((field) => !onRecord.includes(field));

  function count(field: string, value: string, by: number): void {
    if (value === '') return;
    const counts = values.get(field)!;
    const old = counts.get(value);
    if (old === undefined && counts.size >= MOST_VALUES) incomplete.add(field);
    else counts.set(value, (old ?? 0) + by);
  }
  function addCell(source: Source, cell: number, by: number): void {
    for (const field of onRecord) count(field, recordValue(field, source, cell), by);
  }

  return {
    byMinutes: inLine.length === 0,
    addMinute: (source, _, cell, by) => addCell(source, cell, by),
    add(block, { rows, runs, records, runOf }) {
      if (onRecord.length > 0) {
        const cells = new Map<number, number>();
        for (const i of records) {
          const key = runOf[i] * 32 + cellOf(rows.flags[i], rows.levels[i]);
          cells.set(key, (cells.get(key) ?? 0) + 1);
        }
        for (const [key, by] of cells) addCell(runs[Math.floor(key / 32)].source, key % 32, by);
      }
      if (inLine.length === 0) return;
      const text = block.text().bytes;
      for (const i of records) {
        const found = extractFields(text.toString('utf8', i === 0 ? 0 : rows.ends[i - 1], rows.ends[i]));
        for (const field of inLine) count(field, found.get(field) ?? '', 1);
      }
    },
    answer: () => ({
      answer: {
        type: 'facets',
        fields: [...values].map(([field, counts]) => [field, [...counts]]),
        incomplete: [...incomplete],
      },
      transfer: [],
    }),
  };
}

export function createSourceTally(): Tally {
  const summaries = new Map<string, SourceSummary>();
  const byObject = new Map<Source, SourceSummary>();

  function summaryOf(source: Source): SourceSummary {
    let summary = byObject.get(source);
    if (summary) return summary;
    const key = sourceKey(source);
    summary = summaries.get(key);
    if (!summary) {
      summary = emptySummary(source);
      summaries.set(key, summary);
    }
    byObject.set(source, summary);
    return summary;
  }

  return {
    byMinutes: true,
    addMinute(source, minute, cell, count) {
      const summary = summaryOf(source);
      summary.first = Math.min(summary.first, minute * MINUTE_US);
      summary.last = Math.max(summary.last, (minute + 1) * MINUTE_US - 1);
      summary.records += count;
      summary.levels[cell & 7] += count;
    },
    add(_, { rows, runs, records, runOf }) {
      for (const i of records) {
        const summary = summaryOf(runs[runOf[i]].source);
        summary.first = Math.min(summary.first, rows.times[i]);
        summary.last = Math.max(summary.last, rows.times[i]);
        summary.records++;
        summary.levels[rows.levels[i]]++;
      }
    },
    answer: () => ({ answer: { type: 'sources', sources: [...summaries.values()] }, transfer: [] }),
  };
}
