import type { BlockSeries } from './block-codec.ts';
import { FIGURE_OF, type Figure } from './figures.ts';
import { fromScale, toScale } from './scale.ts';

const MINUTE = 60e6;
export const HOUR = 60 * MINUTE;
export const MINUTES = 60;
/** Columns of a roll-up: the average, the share of its stretch (of 255) the series was there, and how far the highest and the lowest are from it. */
export const ROLL_UP_COLUMNS = 4;
export const WHOLE_SHARE = 255;

/** One origin's figures of an hour in memory: by figure, by series, by tick, scaled; NaN where there was none. */
export interface Head {
  hour: number;
  /** µs of each tick, ascending. */
  times: number[];
  figures: Map<number, Map<number, number[]>>;
}

export function createHead(hour: number): Head {
  return { hour, times: [], figures: new Map() };
}

/** Adds a figure to the newest tick. Two of one series in one tick: the last counts. */
export function addFigure(head: Head, figure: Figure, series: number, value: number): void {
  let bySeries = head.figures.get(figure.id);
  if (!bySeries) head.figures.set(figure.id, (bySeries = new Map()));
  let column = bySeries.get(series);
  if (!column) bySeries.set(series, (column = []));
  const tick = head.times.length - 1;
  while (column.length < tick) column.push(Number.NaN);
  column[tick] = toScale(figure.scale, value);
}

/** A figure's columns as a raw block has them. */
export function rawSeries(head: Head, figure: number, wanted: (id: number) => boolean = () => true): BlockSeries[] {
  const out: BlockSeries[] = [];
  for (const [id, column] of head.figures.get(figure) ?? []) {
    if (!wanted(id)) continue;
    const values = new Float64Array(head.times.length).fill(Number.NaN);
    values.set(column);
    out.push({ id, columns: [values] });
  }
  return out;
}

/** The same by minute. A container that was there for half of its host's ticks counts half: with its successor it makes one. */
export function minuteSeries(head: Head, figure: number, wanted: (id: number) => boolean = () => true): BlockSeries[] {
  const { scale } = FIGURE_OF.get(figure) as Figure;
  const minuteOf = head.times.map((time) => Math.floor((time - head.hour) / MINUTE));
  const ticks = new Uint16Array(MINUTES);
  for (const minute of minuteOf) ticks[minute]++;
  const out: BlockSeries[] = [];
  for (const [id, column] of head.figures.get(figure) ?? []) {
    if (!wanted(id)) continue;
    const columns = Array.from({ length: ROLL_UP_COLUMNS }, () => new Float64Array(MINUTES).fill(Number.NaN));
    for (let tick = 0; tick < column.length; ) {
      const minute = minuteOf[tick];
      let [sum, count, low, high] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (; tick < column.length && minuteOf[tick] === minute; tick++) {
        const value = column[tick];
        if (Number.isNaN(value)) continue;
        sum += fromScale(scale, value);
        count++;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
      if (count === 0) continue;
      const average = toScale(scale, sum / count);
      columns[0][minute] = average;
      columns[1][minute] = Math.round((count / ticks[minute]) * WHOLE_SHARE);
      columns[2][minute] = high - average;
      columns[3][minute] = average - low;
    }
    out.push({ id, columns });
  }
  return out;
}
