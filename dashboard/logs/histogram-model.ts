import type { ApiGap, HistogramAnswer } from '../../api/contract.ts';
import { durationUs } from '../format/moment.ts';
import { durationText, type Range, type RangeText, resolveRange } from '../format/range.ts';
import { microseconds } from '../format/time.ts';

/** From the base line up: fatal and error first, so that errors of two bars can be compared. */
export const STACK = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'none'] as const;
export type StackKey = (typeof STACK)[number];

export type Bar = { time: number; total: number } & Record<StackKey, number>;

export interface HistogramModel {
  bars: Bar[];
  /** Width of a bar, µs. */
  interval: number;
  /** The axis: start of the first bar to end of the last. */
  axis: Range;
  totals: Record<StackKey, number>;
  total: number;
  /** Top of the axis, a round number; at least 1. */
  top: number;
}

const STEPS = '100ms 200ms 500ms 1s 2s 5s 10s 15s 30s 1m 2m 5m 10m 15m 30m 1h 2h 3h 6h 12h 1d 2d 7d 14d 28d'.split(' ');

/** The finest interval of the usual ones that gives at most `bars` bars, and one more where the range begins within a bar. */
export function pickInterval(range: Range, bars: number): string {
  const width = range.to - range.from;
  const found = STEPS.find((step) => width / durationUs(step)! <= bars);
  return found ?? durationText(Math.ceil(width / bars / 86_400e6) * 86_400e6);
}

export function readHistogram(answer: HistogramAnswer): HistogramModel {
  const interval = durationUs(answer.interval) ?? 1e6;
  const totals = Object.fromEntries(STACK.map((key) => [key, 0])) as Record<StackKey, number>;
  const bars = answer.buckets.map((bucket) => {
    const bar = {
      time: microseconds(bucket.time),
      total: 0,
      ...Object.fromEntries(STACK.map((key) => [key, 0])),
    } as Bar;
    for (const [key, value] of Object.entries(bucket.counts)) {
      const known = (STACK as readonly string[]).includes(key) ? (key as StackKey) : 'none';
      bar[known] += value;
      bar.total += value;
      totals[known] += value;
    }
    return bar;
  });
  const from = bars[0]?.time ?? 0;
  return {
    bars,
    interval,
    axis: { from, to: (bars.at(-1)?.time ?? 0) + interval },
    totals,
    total: bars.reduce((sum, bar) => sum + bar.total, 0),
    top: roundUp(bars.reduce((most, bar) => Math.max(most, bar.total), 0)),
  };
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
  return { from: model.bars[first].time, to: model.bars[last].time + model.interval };
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
    if (!whole && (time < range.from || time >= range.to)) continue;
    for (const value of Object.values(bucket.counts)) sum += value;
  }
  return sum;
}
