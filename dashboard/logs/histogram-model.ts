import type { ApiGap, HistogramAnswer } from '../../api/contract.ts';
import { durationUs } from '../format/moment.ts';
import { durationText, type Range, type RangeText, resolveRange } from '../format/range.ts';
import { microseconds } from '../format/time.ts';
import type { Group } from './url-state.ts';

/** From the base line up: fatal and error first, so that errors of two bars can be compared. */
export const STACK = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'none'] as const;
/** Key of all values beyond the six most frequent ones. */
export const OTHERS = '\u0000others';
const MOST_SERIES = 6;

/** A layer of the stack, the lowest first. */
export interface Series {
  key: string;
  /** A CSS colour of the theme. */
  fill: string;
  total: number;
}
export interface Bar {
  /** µs. */
  time: number;
  total: number;
  counts: Record<string, number>;
}

export interface HistogramModel {
  bars: Bar[];
  /** Width of a bar, µs. */
  interval: number;
  /** The axis: start of the first bar to end of the last. */
  axis: Range;
  series: Series[];
  total: number;
  /** Totals of the period before, bar by bar; null when not compared. */
  ghost: number[] | null;
  ghostTotal: number;
  /** Top of the axis, a round number; at least 2. */
  top: number;
}

const STEPS = '100ms 200ms 500ms 1s 2s 5s 10s 15s 30s 1m 2m 5m 10m 15m 30m 1h 2h 3h 6h 12h 1d 2d 7d 14d 28d'.split(' ');

/** The finest interval of the usual ones that gives at most `bars` bars, and one more where the range begins within a bar. */
export function pickInterval(range: Range, bars: number): string {
  const width = range.to - range.from;
  const found = STEPS.find((step) => width / durationUs(step)! <= bars);
  return found ?? durationText(Math.ceil(width / bars / 86_400e6) * 86_400e6);
}

/** The period before, as long as the range and moved by whole bars, so that bar stands behind bar. */
export function periodBefore(range: Range, interval: string): Range {
  const step = durationUs(interval) ?? 1e6;
  const first = Math.floor(range.from / step) * step;
  const shift = Math.ceil((range.to - first) / step) * step;
  return { from: range.from - shift, to: range.to - shift };
}

export function readHistogram(
  answer: HistogramAnswer,
  by: Group = 'level',
  before: HistogramAnswer | null = null,
): HistogramModel {
  const interval = durationUs(answer.interval) ?? 1e6;
  const totals = new Map<string, number>();
  for (const bucket of answer.buckets)
    for (const [key, value] of Object.entries(bucket.counts)) totals.set(key, (totals.get(key) ?? 0) + value);
  const series = by === 'level' ? levelSeries(totals) : valueSeries(totals);
  const known = new Set(series.map((one) => one.key));
  const rest = by === 'level' ? 'none' : OTHERS;
  const bars = answer.buckets.map((bucket) => {
    const bar: Bar = { time: microseconds(bucket.time), total: 0, counts: {} };
    for (const [key, value] of Object.entries(bucket.counts)) {
      const layer = known.has(key) ? key : rest;
      bar.counts[layer] = (bar.counts[layer] ?? 0) + value;
      bar.total += value;
    }
    return bar;
  });
  const ghost = before === null ? null : bars.map((_, index) => totalOf(before.buckets[index]?.counts));
  const most = bars.reduce((max, bar, index) => Math.max(max, bar.total, ghost?.[index] ?? 0), 0);
  return {
    bars,
    interval,
    axis: { from: bars[0]?.time ?? 0, to: (bars.at(-1)?.time ?? 0) + interval },
    series,
    total: bars.reduce((sum, bar) => sum + bar.total, 0),
    ghost,
    ghostTotal: ghost?.reduce((sum, value) => sum + value, 0) ?? 0,
    top: roundUp(most),
  };
}

function levelSeries(totals: Map<string, number>): Series[] {
  const levels: readonly string[] = STACK;
  let unknown = 0;
  for (const [key, value] of totals) if (!levels.includes(key)) unknown += value;
  return STACK.map((key) => ({
    key,
    fill: `var(--${key === 'none' ? 'trace' : key}-fill)`,
    total: (totals.get(key) ?? 0) + (key === 'none' ? unknown : 0),
  })).filter((one) => one.total > 0);
}

function valueSeries(totals: Map<string, number>): Series[] {
  const sorted = [...totals].filter(([, total]) => total > 0).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const series = sorted
    .slice(0, MOST_SERIES)
    .map(([key, total], index) => ({ key, total, fill: `var(--s${index + 1})` }));
  const rest = sorted.slice(MOST_SERIES).reduce((sum, [, total]) => sum + total, 0);
  if (rest > 0) series.push({ key: OTHERS, total: rest, fill: 'var(--trace-fill)' });
  return series;
}

function totalOf(counts: Record<string, number> | undefined): number {
  return Object.values(counts ?? {}).reduce((sum, value) => sum + value, 0);
}

/** 1, 2, 4, 10, 20, 40 …: halves of it are whole numbers too. */
function roundUp(value: number): number {
  if (value <= 2) return 2;
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 3, 4, 6, 8, 10].find((step) => step * size >= value)! * size;
}

/** Times for the axis: at most `most`, on round moments of the zone's clock (`offsetUs` east of UTC). */
export function axisTicks(axis: Range, most: number, offsetUs: number): number[] {
  const width = axis.to - axis.from;
  const step = durationUs(STEPS.find((one) => width / durationUs(one)! <= most) ?? '28d')!;
  const ticks: number[] = [];
  for (let at = Math.ceil((axis.from + offsetUs) / step) * step - offsetUs; at < axis.to; at += step) ticks.push(at);
  return ticks;
}

export interface GapSpan {
  from: number;
  to: number;
  open: boolean;
  gaps: ApiGap[];
}

/** Gaps within the axis, overlapping ones as one span so that hatching is drawn once. */
export function gapSpans(gaps: ApiGap[], axis: Range): GapSpan[] {
  const spans = gaps
    .map((gap) => ({
      from: Math.max(axis.from, microseconds(gap.from)),
      to: Math.min(axis.to, gap.to === null ? axis.to : microseconds(gap.to)),
      open: gap.to === null,
      gaps: [gap],
    }))
    .filter((span) => span.to > span.from)
    .sort((a, b) => a.from - b.from);
  const out: GapSpan[] = [];
  for (const span of spans) {
    const last = out.at(-1);
    if (last !== undefined && span.from <= last.to) {
      last.to = Math.max(last.to, span.to);
      last.open ||= span.open;
      last.gaps.push(...span.gaps);
    } else out.push(span);
  }
  return out;
}

/** Share 0…1 of a moment on the axis. */
export function place(axis: Range, us: number): number {
  return Math.min(1, Math.max(0, (us - axis.from) / (axis.to - axis.from)));
}

/** The range between two shares of the axis, on bar edges, at least one bar. */
export function snap(model: HistogramModel, a: number, b: number): Range {
  const n = model.bars.length;
  const first = Math.min(n - 1, Math.max(0, Math.floor(Math.min(a, b) * n)));
  const last = Math.min(n - 1, Math.max(first, Math.ceil(Math.max(a, b) * n) - 1));
  return barsRange(model, first, last);
}

/** The range of bars `first` to `last`, both included. */
export function barsRange(model: HistogramModel, first: number, last: number): Range {
  return { from: model.bars[first].time, to: model.bars[last].time + model.interval };
}

/** Lines of the bars that begin within the range. */
export function linesWithin(model: HistogramModel, range: Range): number {
  return model.bars.reduce((sum, bar) => (bar.time >= range.from && bar.time < range.to ? sum + bar.total : sum), 0);
}

/** The brush of an address as µs; null when there is none or it cannot be read. */
export function readBrush(text: RangeText | null, nowUs: number): Range | null {
  const range = text === null ? null : resolveRange(text, nowUs, 'utc');
  return range === null || 'bad' in range ? null : range;
}

/** Lines of the whole answer, or of its buckets within the range; null before there is an answer. */
export function totalIn(answer: HistogramAnswer | undefined, range: Range, whole: boolean): number | null {
  if (answer === undefined) return null;
  let sum = 0;
  for (const bucket of answer.buckets) {
    const time = microseconds(bucket.time);
    if (whole || (time >= range.from && time < range.to)) sum += totalOf(bucket.counts);
  }
  return sum;
}
