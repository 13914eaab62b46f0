import type { BlockSeries } from './block-codec.ts';
import { DAY, LEVEL, type Level, TEN_MINUTES } from './blocks.ts';
import type { Engine } from './engine.ts';
import type { Stored } from './figures.ts';
import { HOUR, WHOLE_SHARE } from './head.ts';
import { fromScale } from './scale.ts';

const MINUTE = 60e6;
/** µs: what comes less often than this is no figure of now. */
const LONGEST = 60e6;

export interface Gathering {
  stored: Stored;
  from: number;
  to: number;
  /** µs: figures finer than a minute are asked for where it is less than one. */
  part: number;
  /** Of series without this number nothing is read. Its value is the group it adds to. */
  groupOf: ReadonlyMap<number, number>;
  groups: number;
  /** µs between two moments that raw figures are added up at. */
  resolution: number;
  keepRawFrom: number;
  keepMinutesFrom: number;
  /** Asked before each hour of the range; throws when nobody waits any more. */
  check(): void;
}

/**
 * Calls `give` with the sum of each group at each moment of the range, in order of time: `[at, at + width)` is what it stands for, `peak` its highest
 * where that is known (one series alone), else the same.
 *
 * Raw figures are added up at even moments; a tick counts until its host's next one, one and a half intervals at most. A container that is not in a
 * host's newest tick is gone: it is never added to its successor. Rolled-up figures count by the share of their stretch.
 */
export function gather(
  engine: Engine,
  asked: Gathering,
  give: (group: number, at: number, width: number, average: number, peak: number) => void,
): void {
  const { stored, groups } = asked;
  const rolled = Math.min(...[stored.figure, stored.over].flatMap((one) => (one ? [engine.rolledUntil(one.id)] : [])));
  for (let at = Math.floor(asked.from / HOUR) * HOUR; at < asked.to; ) {
    asked.check();
    const level = levelAt(asked, at, rolled);
    const span = level === LEVEL.tens ? DAY : HOUR;
    const start = level === LEVEL.tens ? Math.floor(at / DAY) * DAY : at;
    const width = level === LEVEL.raw ? asked.resolution : level === LEVEL.minute ? MINUTE : TEN_MINUTES;
    const slots = Math.ceil(span / width);
    const sums = addUp(engine, asked, level, { start, span, width, slots });
    for (let group = 0; group < groups; group++)
      for (let slot = 0; slot < slots; slot++) {
        const i = group * slots + slot;
        const time = start + slot * width;
        if (sums.count[i] === 0 || time < at || time + width <= asked.from || time >= asked.to) continue;
        const average = stored.over ? sums.sum[i] / sums.over[i] : sums.sum[i];
        const peak = !stored.over && sums.count[i] === 1 ? sums.peak[i] : average;
        if (Number.isFinite(average)) give(group, time, width, average, peak);
      }
    at = start + span;
  }
}

function levelAt(asked: Gathering, at: number, rolled: number): Level {
  if (asked.part < MINUTE && at >= asked.keepRawFrom) return LEVEL.raw;
  const coarse = asked.part % TEN_MINUTES === 0 && asked.to - asked.from > 14 * DAY;
  return (coarse || at < asked.keepMinutesFrom) && at < rolled ? LEVEL.tens : LEVEL.minute;
}

interface Sums {
  sum: Float64Array;
  over: Float64Array;
  peak: Float64Array;
  count: Uint32Array;
}

function addUp(
  engine: Engine,
  asked: Gathering,
  level: Level,
  stretch: { start: number; span: number; width: number; slots: number },
): Sums {
  const { stored, groups, groupOf } = asked;
  const { start, span, width, slots } = stretch;
  const sums: Sums = {
    sum: new Float64Array(groups * slots),
    over: new Float64Array(stored.over ? groups * slots : 0),
    peak: new Float64Array(groups * slots),
    count: new Uint32Array(groups * slots),
  };
  const wanted = (id: number): boolean => groupOf.has(id);
  // A raw figure and how it is to be read; of rolled-up ones average, share and height.
  const columns = level === LEVEL.raw ? 1 : 3;
  const unders = stored.over ? engine.pieces(level, stored.over.id, start, start + span) : [];
  for (const piece of engine.pieces(level, stored.figure.id, start, start + span)) {
    const series = piece.series(stored.figure.id, columns, wanted);
    if (series.length === 0) continue;
    let under: Map<number, BlockSeries> | null = null;
    if (stored.over) {
      const { id } = stored.over;
      // Pieces of one origin and hour have the same ticks, in whichever order they were sealed.
      const twin = unders.find(
        (one) => one.origin === piece.origin && one.start === piece.start && sameTicks(one, piece),
      );
      under = new Map((twin?.series(id, columns, wanted) ?? []).map((one) => [one.id, one]));
    }
    const tickOf = piece.times ? ticksAt(piece.times, start, width, slots) : null;
    for (const one of series) {
      const below = under?.get(one.id);
      if (under && !below) continue;
      const base = (groupOf.get(one.id) as number) * slots;
      for (let slot = 0; slot < slots; slot++) {
        const tick = tickOf ? tickOf[slot] : slot;
        if (tick < 0) continue;
        const value = one.columns[0][tick];
        if (Number.isNaN(value) || (below && Number.isNaN(below.columns[0][tick]))) continue;
        const share = columns === 1 ? 1 : one.columns[1][tick] / WHOLE_SHARE;
        const { scale } = stored.figure;
        const i = base + slot;
        sums.sum[i] += fromScale(scale, value) * share;
        sums.peak[i] = fromScale(scale, columns === 1 ? value : value + one.columns[2][tick]);
        sums.count[i]++;
        if (below && stored.over) sums.over[i] += fromScale(stored.over.scale, below.columns[0][tick]) * share;
      }
    }
  }
  return sums;
}

const sameTicks = (a: { times: readonly number[] | null }, b: { times: readonly number[] | null }): boolean =>
  a.times === null || b.times === null || (a.times.length === b.times.length && a.times[0] === b.times[0]);

/** For the end of each slot the newest tick that still counts there, or -1. */
function ticksAt(times: readonly number[], start: number, width: number, slots: number): Int32Array {
  const out = new Int32Array(slots).fill(-1);
  let tick = -1;
  for (let slot = 0; slot < slots; slot++) {
    const end = start + (slot + 1) * width;
    while (tick + 1 < times.length && times[tick + 1] <= end) tick++;
    if (tick < 0) continue;
    // Its interval is the shorter of those around it: one that came after a silence is no longer than others.
    const before = tick > 0 ? times[tick] - times[tick - 1] : width;
    const after = tick + 1 < times.length ? times[tick + 1] - times[tick] : before;
    if (end - times[tick] < 1.5 * Math.min(before, after, LONGEST)) out[slot] = tick;
  }
  return out;
}
