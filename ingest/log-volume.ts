import type { LinesBatch } from '../model/batch.ts';
import type { Clock } from '../model/clock.ts';
import { LEVELS } from '../model/level.ts';
import { NO_LEVEL_KEY } from '../model/query/build.ts';
import type { AppendResult } from '../store/log-store.ts';

/** Lines and message bytes stored, by where they come from and level; what ingest shows at `/metrics` as counters. */
export interface LogVolume {
  /**
   * Counts what one `append` stored; lifecycle events are no lines. Without `storedOf` (records stored of each batch) an append that did
   * not store everything is spread over its batches in proportion: the sum is exact, its parts are then an estimate.
   */
  stored(batches: readonly LinesBatch[], result: AppendResult & { storedOf?: readonly number[] }): void;
  /** Series alive now. One that got no line for `idleMs` is given for the last time by the call before, and forgotten. */
  series(): VolumeSeries[];
  /** Lines that no series counts, since the start: there were `maxSeries` of them. */
  overflow(): number;
}

export interface VolumeSeries {
  labels: { app: string; env: string; host: string; level: string };
  /** Since this series began. */
  lines: number;
  bytes: number;
}

/** A full table is looked through for idle series this often at most, however many batches find no room. */
const SWEEP_MS = 1_000;
const LEVEL_KEYS = [NO_LEVEL_KEY, ...LEVELS];

interface Entry extends VolumeSeries {
  /** Monotonic ms of its last line. */
  at: number;
}

/** One source's entries by level ordinal. */
type Row = (Entry | undefined)[];

export function createLogVolume(options: { maxSeries: number; idleMs: number; clock: Clock }): LogVolume {
  const { maxSeries, idleMs, clock } = options;
  const rows = new Map<string, Row>();
  let alive = 0;
  let overflow = 0;
  let sweptAt = clock.monotonicMs();
  const lines = new Float64Array(LEVEL_KEYS.length);
  const bytes = new Float64Array(LEVEL_KEYS.length);

  function add(batch: LinesBatch, stored: number): void {
    if (batch.kind !== 'lines' || stored <= 0 || batch.count === 0) return;
    lines.fill(0);
    bytes.fill(0);
    for (let i = 0, begin = 0; i < batch.count; i++) {
      const level = batch.levels[i] < LEVEL_KEYS.length ? batch.levels[i] : 0;
      lines[level]++;
      bytes[level] += batch.ends[i] - begin;
      begin = batch.ends[i];
    }
    if (stored < batch.count) shrink(stored / batch.count);
    for (let level = 0; level < lines.length; level++) if (lines[level] > 0) count(batch, level);
  }

  /** Rounded on the running sums, so that the parts add up to the whole. */
  function shrink(part: number): void {
    for (const column of [lines, bytes]) {
      let sum = 0;
      let given = 0;
      for (let level = 0; level < column.length; level++) {
        sum += column[level];
        const upTo = Math.round(sum * part);
        column[level] = upTo - given;
        given = upTo;
      }
    }
  }

  function count({ source }: LinesBatch, level: number): void {
    const { app, env, host } = source;
    // Names of apps, envs and hosts hold no NUL.
    const key = `${app}\0${env}\0${host}`;
    let entry = rows.get(key)?.[level];
    if (!entry) {
      if (alive >= maxSeries && clock.monotonicMs() - sweptAt > SWEEP_MS) forgetIdle();
      if (alive >= maxSeries) {
        overflow += lines[level];
        return;
      }
      entry = { labels: { app, env, host, level: LEVEL_KEYS[level] }, lines: 0, bytes: 0, at: 0 };
      const row = rows.get(key) ?? [];
      row[level] = entry;
      rows.set(key, row);
      alive++;
    }
    entry.lines += lines[level];
    entry.bytes += bytes[level];
    entry.at = clock.monotonicMs();
  }

  function forgetIdle(): void {
    sweptAt = clock.monotonicMs();
    const oldest = sweptAt - idleMs;
    for (const [key, row] of rows) {
      for (let level = 0; level < row.length; level++) {
        const entry = row[level];
        if (!entry || entry.at >= oldest) continue;
        row[level] = undefined;
        alive--;
      }
      if (!row.some(Boolean)) rows.delete(key);
    }
  }

  return {
    stored(batches, result) {
      const whole = result.suppressed === 0 && result.tooOld === 0;
      const records = whole ? 0 : batches.reduce((sum, batch) => sum + batch.count, 0);
      let sum = 0;
      let given = 0;
      batches.forEach((batch, i) => {
        sum += batch.count;
        const upTo = whole ? 0 : Math.round((sum / Math.max(1, records)) * result.stored);
        add(batch, whole ? batch.count : (result.storedOf?.[i] ?? upTo - given));
        given = upTo;
      });
    },
    series() {
      forgetIdle();
      return [...rows.values()].flatMap((row) => row.filter((entry) => entry !== undefined));
    },
    overflow: () => overflow,
  };
}
