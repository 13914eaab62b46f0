import type { SampleRow, SamplesBatch } from '../../model/batch.ts';
import type { Clock } from '../../model/clock.ts';
import type { MetricsConfig } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import { checkMetricRequest } from '../metric-request.ts';
import type { GlanceRequest, MetricStore, SeriesRequest, TopRequest } from '../metric-store.ts';
import type { Tick } from './engine.ts';
import { EMBEDDED_METRICS, KIND } from './figures.ts';
import type { Entry } from './rates.ts';
import { startMetricThread } from './thread-client.ts';

/** Message bytes stored since the start of this process, by where they come from and level. */
export interface VolumeRow {
  labels: { app: string; env: string; host: string; level: string };
  bytes: number;
}

export interface EmbeddedMetricStore extends MetricStore {
  /** Keeps samples; resolves when they survive a crash. What was kept before is not counted again, what is of the future is left out. */
  append(batches: readonly SamplesBatch[]): Promise<void>;
  /** Keeps how much the counters grew since the call before; `time` in µs. */
  appendVolume(time: number, rows: readonly VolumeRow[]): Promise<void>;
  /** Seals, rolls up and removes; call it now and then. */
  maintain(): Promise<void>;
}

/** How long a question may take unless it says otherwise. */
const TIMEOUT_MS = 30_000;
/** µs a host's clock may be before ours. Figures of the day to come would hold back those of today once it is set right. */
const AHEAD = 300e6;
/** Origin of lines, which is no name of a host. */
const LINES = '';

/**
 * MetricStore in one SQLite file: raw figures for days, by minute for weeks, by ten minutes for a year, coded by series. Everything happens
 * in a thread of its own. Rejects with `format_newer` or `corrupt`.
 */
export async function createEmbeddedMetricStore(options: {
  file: string;
  metrics: MetricsConfig;
  /** Between two samples of a host. */
  intervalMs: number;
  clock: Clock;
}): Promise<EmbeddedMetricStore> {
  const { file, metrics, intervalMs, clock } = options;
  const resolution = intervalMs * 1000;
  const { rawDays, minuteDays, tenMinuteDays } = metrics;
  const thread = await startMetricThread({ file, resolution, keep: { rawDays, minuteDays, tenMinuteDays } });
  const epoch = `${clock.nowUs()}`;
  let counted = clock.nowUs();

  async function ask<T>(
    op: 'series' | 'top' | 'glance',
    asked: SeriesRequest | TopRequest | GlanceRequest,
  ): Promise<T> {
    const { signal, timeoutMs = TIMEOUT_MS, ...request } = asked;
    if (signal?.aborted) throw new FleetlogError('cancelled');
    const gone = new Int32Array(new SharedArrayBuffer(4));
    let leave: () => void = () => {};
    let timer: NodeJS.Timeout | undefined;
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(new FleetlogError('cancelled'));
      signal?.addEventListener('abort', leave, { once: true });
      const late = () =>
        reject(
          new FleetlogError('query_timeout', `cannot add figures up within ${timeoutMs} ms`, {
            hint: 'ask for a shorter range, or name an app, an env or a host',
          }),
        );
      timer = setTimeout(late, timeoutMs);
    });
    try {
      const work = { op, request, now: clock.nowUs(), gone } as Parameters<typeof thread.call>[0];
      return await Promise.race([thread.call<T>(work), left]);
    } finally {
      Atomics.store(gone, 0, 1);
      clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
    }
  }

  return {
    metrics: EMBEDDED_METRICS,
    resolutionOf: () => resolution,
    async series(request) {
      checkMetricRequest(EMBEDDED_METRICS, request);
      return ask('series', request);
    },
    async top(request) {
      checkMetricRequest(EMBEDDED_METRICS, request);
      return ask('top', request);
    },
    async glance(request) {
      for (const metric of request.metrics)
        for (const by of request.by) checkMetricRequest(EMBEDDED_METRICS, { ...request, metric, by });
      return ask('glance', request);
    },
    async append(batches) {
      const latest = clock.nowUs() + AHEAD;
      const ticks = batches.filter(({ time }) => time <= latest).map(tickOf);
      if (ticks.length > 0) await thread.call({ op: 'append', ticks });
    },
    async appendVolume(time, rows) {
      const entries = rows.map(({ labels, bytes }) => ({
        kind: KIND.volume,
        ...labels,
        container: '',
        id: '',
        startedAt: 0,
        since: counted,
        values: { bytes },
      }));
      counted = time;
      await thread.call({ op: 'append', ticks: [{ origin: LINES, time, epoch, entries }] });
    },
    maintain: () => thread.call({ op: 'maintain', now: clock.nowUs() }),
    close: () => thread.close(),
  };
}

function tickOf({ host, time, epoch, rows, values }: SamplesBatch): Tick {
  const nowhere = { app: '', env: '', container: '', level: '', id: '', startedAt: 0 };
  return {
    origin: host,
    time,
    epoch,
    entries: [
      { kind: KIND.host, host, ...nowhere, values: values as Entry['values'] },
      ...newestOfName(rows).map(({ app, env, container, containerName, startedAt, values: of }) => ({
        kind: KIND.container,
        host,
        app,
        env,
        container: containerName,
        level: '',
        id: container,
        startedAt,
        values: of as Entry['values'],
      })),
    ],
  };
}

/** Two containers of one name in one batch: the one started last is what the name means. */
function newestOfName(rows: readonly SampleRow[]): SampleRow[] {
  const byName = new Map<string, SampleRow>();
  for (const row of rows) {
    const key = JSON.stringify([row.app, row.env, row.containerName]);
    const other = byName.get(key);
    if (!other || other.startedAt < row.startedAt) byName.set(key, row);
  }
  return [...byName.values()];
}
