import type { DatabaseSync } from 'node:sqlite';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type BlockSeries, decodeBlock, encodeBlock } from './block-codec.ts';
import { type Head, HOUR, MINUTES, minuteSeries, ROLL_UP_COLUMNS, rawSeries } from './head.ts';

/** Their numbers are on disk. */
export const LEVEL = { raw: 0, minute: 1, tens: 2 } as const;
export type Level = (typeof LEVEL)[keyof typeof LEVEL];
export const DAY = 24 * HOUR;
export const TEN_MINUTES = HOUR / 6;
/** Slots of a block of ten minutes each: a day's. */
export const TENS = DAY / TEN_MINUTES;

/** An origin's figures of an hour (of ten-minute ones: a day); `times` only where they are raw. */
export interface Piece {
  origin: number;
  start: number;
  times: readonly number[] | null;
  series(figure: number, columns: number, wanted: (id: number) => boolean): BlockSeries[];
}

/** What is on disk, by level, figure and time. */
export interface Blocks {
  /** Writes an hour of an origin, raw and by minute, in the transaction that is open. */
  seal(origin: number, head: Head): void;
  putTens(figure: number, origin: number, start: number, series: BlockSeries[]): void;
  /** Pieces that begin in `[from, to)`, in order of time. */
  read(level: Level, figure: number, from: number, to: number): Piece[];
  /** Removes what begins before then. */
  remove(level: Level, before: number): void;
}

interface Row {
  origin: number;
  start: number;
  seal: number;
  data: Uint8Array;
}

export function openBlocks(db: DatabaseSync): Blocks {
  const addSeal = db.prepare('INSERT INTO seals (origin, start, times) VALUES (?, ?, ?) RETURNING id');
  const timesOf = db.prepare('SELECT times FROM seals WHERE id = ?');
  const addBlock = db.prepare(
    'INSERT INTO blocks (level, figure, start, origin, seal, data) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const select = db.prepare(
    'SELECT origin, start, seal, data FROM blocks WHERE level = ? AND figure = ? AND start >= ? AND start < ? ORDER BY start',
  );

  return {
    seal(origin, head) {
      const { hour, times } = head;
      const { id } = addSeal.get(origin, hour, packTimes(times)) as { id: number };
      for (const figure of head.figures.keys()) {
        const raw = encodeBlock({ series: rawSeries(head, figure) }, times.length);
        addBlock.run(LEVEL.raw, figure, hour, origin, id, raw);
        addBlock.run(
          LEVEL.minute,
          figure,
          hour,
          origin,
          id,
          encodeBlock({ series: minuteSeries(head, figure) }, MINUTES),
        );
      }
    },
    putTens(figure, origin, start, series) {
      if (series.length > 0) addBlock.run(LEVEL.tens, figure, start, origin, 0, encodeBlock({ series }, TENS));
    },
    read(level, figure, from, to) {
      const rows = select.all(level, figure, from, to) as unknown as Row[];
      return rows.map(({ origin, start, seal, data }) => {
        const times = level === LEVEL.raw ? unpackTimes((timesOf.get(seal) as { times: Uint8Array }).times) : null;
        const slots = times?.length ?? (level === LEVEL.minute ? MINUTES : TENS);
        return {
          origin,
          start,
          times,
          series: (_, columns, wanted) => decodeBlock(data, slots, columns, wanted),
        };
      });
    },
    remove(level, before) {
      db.prepare('DELETE FROM blocks WHERE level = ? AND start < ?').run(level, before);
      if (level === LEVEL.raw) db.prepare('DELETE FROM seals WHERE start < ?').run(before);
    },
  };
}

/** A head as a piece of that level. */
export function pieceOf(level: Level, origin: number, head: Head): Piece {
  return {
    origin,
    start: head.hour,
    times: level === LEVEL.raw ? head.times : null,
    series: (figure, columns, wanted) =>
      level === LEVEL.raw
        ? rawSeries(head, figure, wanted)
        : minuteSeries(head, figure, wanted).map((one) => ({ ...one, columns: one.columns.slice(0, columns) })),
  };
}

/** Times are nearly even: as a block of one series whose differences of differences are nearly nothing. */
function packTimes(times: readonly number[]): Uint8Array {
  return zstdCompressSync(Buffer.from(JSON.stringify(times.map((time, i) => (i === 0 ? time : time - times[i - 1])))));
}

function unpackTimes(bytes: Uint8Array): number[] {
  const times = JSON.parse(zstdDecompressSync(bytes).toString()) as number[];
  for (let i = 1; i < times.length; i++) times[i] += times[i - 1];
  return times;
}

/** Minutes of a day as ten-minute stretches. `hours` are one origin's pieces by minute. */
export function tensOf(hours: readonly Piece[], figure: number, day: number): BlockSeries[] {
  const out = new Map<number, Float64Array[]>();
  const known = new Set<number>();
  const shares = new Map<number, Float64Array>();
  for (const piece of hours) {
    for (const { id, columns } of piece.series(figure, ROLL_UP_COLUMNS, () => true)) {
      let into = out.get(id);
      if (!into) {
        out.set(id, (into = Array.from({ length: ROLL_UP_COLUMNS }, () => new Float64Array(TENS).fill(Number.NaN))));
        shares.set(id, new Float64Array(TENS));
      }
      const weight = shares.get(id) as Float64Array;
      for (let minute = 0; minute < MINUTES; minute++) {
        const average = columns[0][minute];
        if (Number.isNaN(average)) continue;
        const at = (piece.start - day) / (HOUR / MINUTES) + minute;
        known.add(at);
        const slot = Math.floor(at / 10);
        const share = columns[1][minute];
        const before = weight[slot];
        const high = average + columns[2][minute];
        const low = average - columns[3][minute];
        // Until the end columns 2 and 3 hold the highest and the lowest.
        if (before === 0) [into[0][slot], into[2][slot], into[3][slot]] = [average, high, low];
        else {
          into[0][slot] = (into[0][slot] * before + average * share) / Math.max(1, before + share);
          into[2][slot] = Math.max(into[2][slot], high);
          into[3][slot] = Math.min(into[3][slot], low);
        }
        weight[slot] = before + share;
      }
    }
  }
  const minutes = new Float64Array(TENS);
  for (const at of known) minutes[Math.floor(at / 10)]++;
  return [...out].map(([id, columns]) => {
    const weight = shares.get(id) as Float64Array;
    for (let slot = 0; slot < TENS; slot++) {
      if (Number.isNaN(columns[0][slot])) continue;
      const average = Math.round(columns[0][slot]);
      columns[0][slot] = average;
      columns[1][slot] = Math.max(1, Math.round(weight[slot] / minutes[slot]));
      columns[2][slot] = Math.max(0, columns[2][slot] - average);
      columns[3][slot] = Math.max(0, average - columns[3][slot]);
    }
    return { id, columns };
  });
}
