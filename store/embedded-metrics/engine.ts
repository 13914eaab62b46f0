import type { DatabaseSync } from 'node:sqlite';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { DAY, LEVEL, type Level, openBlocks, type Piece, pieceOf, tensOf } from './blocks.ts';
import { ALL_FIGURES } from './figures.ts';
import { addFigure, createHead, type Head, HOUR } from './head.ts';
import { openMetricFile } from './metric-file.ts';
import { createRates, type Entry } from './rates.ts';
import { openSeriesTable, type SeriesTable } from './series-table.ts';

/** What one origin (a host, or the lines of this process) measured at a moment. */
export interface Tick {
  origin: string;
  /** The clock of whoever measured, µs. */
  time: number;
  /** One run of whoever measured; within it times ascend. */
  epoch: string;
  entries: (Entry & { host: string })[];
}

export interface Keep {
  rawDays: number;
  minuteDays: number;
  tenMinuteDays: number;
}

/** Everything in one thread and one file; nothing here waits. */
export interface Engine {
  readonly series: SeriesTable;
  /** Returns when the ticks survive a crash. One that came before is left out. */
  append(ticks: readonly Tick[]): void;
  /** The origin's and all others' pieces that begin in `[from, to)`, those in memory included. */
  pieces(level: Level, figure: number, from: number, to: number): Piece[];
  /** µs: ten-minute figures reach up to here. */
  rolledUntil(figure: number): number;
  originName(id: number): string;
  /** Seals hours that are over, rolls days up, removes what is older than it is kept. `now` in µs. */
  maintain(now: number, keep: Keep): void;
  close(): void;
}

/** An hour that is over is sealed this long after, when its origin has become silent. */
const LATE = 5 * 60e6;
/** Runs of one origin whose last time is remembered: what Kafka may offer again is of the last few. */
const EPOCHS = 8;

interface Origin {
  id: number;
  name: string;
  /** µs: hours before this are sealed. */
  sealed: number;
  head: Head | null;
  marks: Map<string, number>;
}

export function openEngine(file: string): Engine {
  const db = openMetricFile(file);
  const blocks = openBlocks(db);
  const series = openSeriesTable(db);
  const rates = createRates();
  const byName = new Map<string, Origin>();
  const byId = new Map<number, Origin>();
  const run = statements(db);

  function originOf(name: string): Origin {
    const known = byName.get(name);
    if (known) return known;
    const { id } = run.addOrigin.get(name) as { id: number };
    return remember({ id, name, sealed: 0, head: null, marks: new Map() });
  }

  function remember(origin: Origin): Origin {
    byName.set(origin.name, origin);
    byId.set(origin.id, origin);
    return origin;
  }

  /** All or nothing; memory is made anew from the file where it fails. */
  function commit(work: () => void): void {
    db.exec('BEGIN IMMEDIATE');
    try {
      work();
      db.exec('COMMIT');
    } catch (error) {
      db.exec('ROLLBACK');
      recover();
      throw error;
    }
  }

  /** Puts a tick into memory; one of an hour that is sealed only tells where counters stood. */
  function apply(origin: Origin, tick: Tick): void {
    const hour = Math.floor(tick.time / HOUR) * HOUR;
    const counts = tick.time >= origin.sealed;
    if (counts) {
      origin.head ??= createHead(hour);
      origin.head.times.push(tick.time);
    }
    const day = Math.floor(tick.time / DAY) * DAY;
    for (const entry of tick.entries) {
      const number = series.of(entry.host, entry, day);
      rates.take(number, entry, tick.time, (figure, value) => {
        if (counts && origin.head) addFigure(origin.head, figure, number, value);
      });
    }
  }

  function seal(origin: Origin): void {
    const { head } = origin;
    if (!head) return;
    blocks.seal(origin.id, head);
    origin.sealed = Math.max(origin.sealed, (head.times.at(-1) as number) + 1);
    run.setSealed.run(origin.sealed, origin.id);
    // The last one stays, so that a start after a crash knows where the counters stood.
    run.dropPending.run(origin.id, origin.id);
    origin.head = null;
  }

  function take(tick: Tick): void {
    const origin = originOf(tick.origin);
    const mark = origin.marks.get(tick.epoch);
    if (mark !== undefined && tick.time <= mark) return;
    const hour = Math.floor(tick.time / HOUR) * HOUR;
    const last = origin.head?.times.at(-1);
    if (origin.head && (origin.head.hour !== hour || (last !== undefined && tick.time <= last))) seal(origin);
    // A clock that was set back: what it tells twice of a time is not kept twice, the past stays as it was.
    run.addPending.run(origin.id, tick.time, pack(tick));
    origin.marks.delete(tick.epoch);
    origin.marks.set(tick.epoch, tick.time);
    run.setMark.run(origin.id, tick.epoch, tick.time);
    if (origin.marks.size > EPOCHS) {
      const [oldest] = origin.marks.keys();
      origin.marks.delete(oldest);
      run.dropMark.run(origin.id, oldest);
    }
    apply(origin, tick);
  }

  function recover(): void {
    byName.clear();
    byId.clear();
    series.reload();
    rates.forget(Number.POSITIVE_INFINITY);
    for (const row of run.origins.all() as unknown as Omit<Origin, 'head' | 'marks'>[])
      remember({ ...row, head: null, marks: new Map() });
    for (const { origin, epoch, time } of run.marks.all() as { origin: number; epoch: string; time: number }[])
      byId.get(origin)?.marks.set(epoch, time);
    for (const { origin, data } of run.pending.all() as { origin: number; data: Uint8Array }[])
      apply(byId.get(origin) as Origin, unpack(data));
  }

  /** Days that are over for all origins become ten-minute figures, one figure at a time. */
  function rollUp(now: number): void {
    const end = Math.floor((now - HOUR - LATE) / DAY) * DAY;
    for (const { id } of ALL_FIGURES) {
      const done = rolledUntil(id);
      const first = done > 0 ? done : ((run.firstMinute.get(id) as { start: number | null }).start ?? end);
      for (let day = Math.floor(first / DAY) * DAY; day < end; day += DAY) {
        commit(() => {
          const origins = Map.groupBy(blocks.read(LEVEL.minute, id, day, day + DAY), (piece) => piece.origin);
          for (const [origin, hours] of origins) blocks.putTens(id, origin, day, tensOf(hours, id, day));
          run.setRolled.run(id, day + DAY);
        });
      }
    }
  }

  const rolledUntil = (figure: number): number => (run.rolled.get(figure) as { until: number } | undefined)?.until ?? 0;

  recover();
  return {
    series,
    append(ticks) {
      commit(() => ticks.forEach(take));
    },
    pieces(level, figure, from, to) {
      const found = blocks.read(level, figure, from, to);
      if (level === LEVEL.tens) return found;
      for (const { id, head } of byId.values())
        if (head && head.hour >= from && head.hour < to && head.figures.has(figure))
          found.push(pieceOf(level, id, head));
      return found;
    },
    rolledUntil,
    originName: (id) => byId.get(id)?.name ?? '',
    maintain(now, keep) {
      for (const origin of byName.values())
        if (origin.head && origin.head.hour + HOUR + LATE < now) commit(() => seal(origin));
      rollUp(now);
      commit(() => {
        blocks.remove(LEVEL.raw, now - keep.rawDays * DAY);
        blocks.remove(LEVEL.minute, now - keep.minuteDays * DAY);
        blocks.remove(LEVEL.tens, now - keep.tenMinuteDays * DAY);
        series.forget(now - (keep.tenMinuteDays + 1) * DAY);
      });
      rates.forget(now - HOUR);
      db.exec('PRAGMA incremental_vacuum(1000)');
    },
    close: () => db.close(),
  };
}

function statements(db: DatabaseSync) {
  return {
    addOrigin: db.prepare('INSERT INTO origins (name, sealed) VALUES (?, 0) RETURNING id'),
    setSealed: db.prepare('UPDATE origins SET sealed = ? WHERE id = ?'),
    origins: db.prepare('SELECT id, name, sealed FROM origins'),
    marks: db.prepare('SELECT origin, epoch, time FROM marks ORDER BY time'),
    setMark: db.prepare(
      'INSERT INTO marks (origin, epoch, time) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET time = excluded.time',
    ),
    dropMark: db.prepare('DELETE FROM marks WHERE origin = ? AND epoch = ?'),
    addPending: db.prepare('INSERT INTO pending (origin, time, data) VALUES (?, ?, ?)'),
    dropPending: db.prepare(
      'DELETE FROM pending WHERE origin = ? AND id < (SELECT max(id) FROM pending WHERE origin = ?)',
    ),
    pending: db.prepare('SELECT origin, data FROM pending ORDER BY id'),
    rolled: db.prepare('SELECT until FROM rolled WHERE figure = ?'),
    setRolled: db.prepare(
      'INSERT INTO rolled (figure, until) VALUES (?, ?) ON CONFLICT DO UPDATE SET until = excluded.until',
    ),
    firstMinute: db.prepare(`SELECT min(start) AS start FROM blocks WHERE level = ${LEVEL.minute} AND figure = ?`),
  };
}

const pack = (tick: Tick): Uint8Array => zstdCompressSync(Buffer.from(JSON.stringify(tick)));
const unpack = (data: Uint8Array): Tick => JSON.parse(zstdDecompressSync(data).toString()) as Tick;
