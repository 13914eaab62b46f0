import { matchesGlob } from '../../model/glob.ts';
import type { Note } from '../log-store.ts';
import { allowsEverything } from '../metric-scope.ts';
import { finishedSteps, partOfStep, peakStep } from '../metric-steps.ts';
import {
  type GlanceRequest,
  type GlanceResult,
  METRICS,
  type MetricLabel,
  type MetricName,
  type MetricRequest,
  type SeriesRequest,
  type SeriesResult,
  type TopRequest,
  type TopResult,
} from '../metric-store.ts';
import { DAY } from './blocks.ts';
import type { Engine, Keep } from './engine.ts';
import { KIND, STORED, type Stored } from './figures.ts';
import { gather } from './gather.ts';
import type { SeriesLabels } from './series-table.ts';

const MINUTE = 60e6;

/** What a question is answered with, beside the engine. */
export interface Ground {
  engine: Engine;
  /** µs. */
  now: number;
  /** µs between two samples. */
  resolution: number;
  keep: Keep;
  /** Throws when nobody waits any more. */
  check(): void;
}

interface Groups {
  /** Values of the labels asked for, of each group. */
  keys: string[][];
  of: Map<number, number>;
}

export function answerSeries(ground: Ground, request: SeriesRequest): SeriesResult {
  const { by, step, limit, metric } = request;
  const range = finishedSteps(request, ground.now - ground.resolution);
  const groups = groupsOf(ground.engine, request, metric, by === null ? [] : [by]);
  const points = groups.keys.map(() => new Map<number, number>());
  const peaks = new Float64Array(groups.keys.length).fill(Number.NEGATIVE_INFINITY);
  figures(
    ground,

    metric,
    range,
    partOfStep(step, request.to - request.from),
    groups,
    (group, at, width, _, peak) => {
      // A figure coarser than the steps is that of each of them.
      const end = Math.min(at + width, range.to);
      for (let begin = stepOf(at, width, step); begin < end; begin += step) {
        if (begin < range.from || begin >= range.to) continue;
        const before = points[group].get(begin);
        if (before === undefined || peak > before) points[group].set(begin, peak);
        if (peak > peaks[group]) peaks[group] = peak;
      }
    },
  );
  const known = groups.keys
    .map((key, group) => ({ key: key[0] ?? '', group }))
    .filter(({ group }) => shown(metric, peaks[group]));
  known.sort((a, b) => peaks[b.group] - peaks[a.group] || order(a.key, b.key));
  const series = known
    .slice(0, limit)
    .sort((a, b) => order(a.key, b.key))
    .map(({ key, group }) => ({
      labels: by === null ? {} : { [by]: key },
      points: [...points[group]].map(([at, value]): [number, number] => [at / 1000, value]).sort((a, b) => a[0] - b[0]),
    }));
  return { unit: METRICS[metric].unit, series, notes: cut(known.length, limit) };
}

export function answerTop(ground: Ground, request: TopRequest): TopResult {
  const { by, limit, metric } = request;
  const step = peakStep(request.to - request.from);
  const range = finishedSteps({ ...request, step }, ground.now - ground.resolution);
  const groups = groupsOf(ground.engine, request, metric, [by]);
  const sums = new Float64Array(groups.keys.length);
  const counts = new Uint32Array(groups.keys.length);
  const peaks = new Float64Array(groups.keys.length).fill(Number.NEGATIVE_INFINITY);
  figures(ground, metric, range, step, groups, (group, _, __, average, peak) => {
    sums[group] += average;
    counts[group]++;
    if (peak > peaks[group]) peaks[group] = peak;
  });
  const items = groups.keys
    .map(([key], group) => ({ key, average: sums[group] / counts[group], peak: peaks[group] }))
    .filter(({ peak }) => shown(metric, peak));
  items.sort((a, b) => b.average - a.average || order(a.key, b.key));
  return { unit: METRICS[metric].unit, items: items.slice(0, limit), notes: cut(items.length, limit) };
}

export function answerGlance(ground: Ground, request: GlanceRequest): GlanceResult {
  const { by, metrics, take } = request;
  const found = new Map<string, { labels: string[]; values: GlanceResult['items'][number]['values'] }>();
  for (const metric of metrics) {
    const groups = groupsOf(ground.engine, request, metric, by);
    const values = groups.keys.map((): number[] => []);
    const times = groups.keys.map((): number[] => []);
    const part = take === 'newest' ? ground.resolution : peakStep(request.to - request.from);
    const range = { from: request.from, to: Math.min(request.to, ground.now) };
    figures(ground, metric, range, part, groups, (group, at, _, average) => {
      values[group].push(average);
      times[group].push(at);
    });
    groups.keys.forEach((labels, group) => {
      if (values[group].length === 0) return;
      const value =
        take === 'newest' ? newest(STORED[metric] as Stored, times[group], values[group]) : p95(values[group]);
      const key = JSON.stringify(labels);
      const item = found.get(key) ?? { labels, values: {} };
      item.values[metric] = value;
      found.set(key, item);
    });
  }
  const items = [...found.values()]
    .sort((a, b) => order(a.labels.join('\0'), b.labels.join('\0')))
    .map(({ labels, values }) => ({ labels: Object.fromEntries(by.map((label, i) => [label, labels[i]])), values }));
  return { items, notes: [] };
}

function figures(
  ground: Ground,
  metric: MetricName,
  range: { from: number; to: number },
  part: number,
  groups: Groups,
  give: Parameters<typeof gather>[2],
): void {
  const { engine, now, resolution, keep, check } = ground;
  if (groups.keys.length === 0 || range.from >= range.to) return;
  gather(
    engine,
    {
      stored: STORED[metric] as Stored,
      ...range,
      part,
      groupOf: groups.of,
      groups: groups.keys.length,
      resolution,
      keepRawFrom: now - keep.rawDays * DAY,
      keepMinutesFrom: now - keep.minuteDays * DAY,
      check,
    },
    give,
  );
}

/** The step that a figure of `[at, at + width)` begins in; one as fine as the steps belongs to where it ends. */
function stepOf(at: number, width: number, step: number): number {
  return Math.floor((width < step ? at + width - 1 : at) / step) * step;
}

/** Series somebody asks for and may see, by the values of their labels. */
function groupsOf(
  engine: Engine,
  request: Pick<MetricRequest, 'filter' | 'scopes'>,
  metric: MetricName,
  by: readonly MetricLabel[],
): Groups {
  const { kind } = (STORED[metric] as Stored).figure;
  const groups: Groups = { keys: [], of: new Map() };
  if (kind === KIND.host && !allowsEverything(request.scopes)) return groups;
  const index = new Map<string, number>();
  for (const [id, labels] of engine.series.all()) {
    if (labels.kind !== kind || !passes(request, labels)) continue;
    const key = by.map((label) => labels[label]);
    const text = JSON.stringify(key);
    let group = index.get(text);
    if (group === undefined) {
      group = groups.keys.push(key) - 1;
      index.set(text, group);
    }
    groups.of.set(id, group);
  }
  return groups;
}

function passes({ filter, scopes }: Pick<MetricRequest, 'filter' | 'scopes'>, labels: SeriesLabels): boolean {
  const asked = (['app', 'env', 'host', 'container'] as const).every((label) => {
    const patterns = filter[label];
    return patterns === undefined || patterns.length === 0 || patterns.some((one) => matchesGlob(one, labels[label]));
  });
  if (!asked || labels.kind === KIND.host) return asked;
  return scopes.every((list) =>
    list.some((scope) => matchesGlob(scope.app, labels.app) && matchesGlob(scope.env, labels.env)),
  );
}

/** Rates over the last minute there is, everything else as it was last. */
function newest({ figure }: Stored, times: number[], values: number[]): number {
  const last = times[times.length - 1];
  if (!figure.rate) return values[values.length - 1];
  const recent = values.filter((_, i) => times[i] > last - MINUTE);
  return recent.reduce((sum, value) => sum + value, 0) / recent.length;
}

/** Nearest rank. */
function p95(values: number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)];
}

/** An app whose lines are a day old has no lines now; a container that uses no CPU is there all the same. */
const shown = (metric: MetricName, peak: number): boolean =>
  metric === 'log_bytes_per_second' ? peak > 0 : peak > Number.NEGATIVE_INFINITY;

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const cut = (there: number, limit: number): Note[] => (there > limit ? [{ code: 'limit_reached', limit }] : []);
