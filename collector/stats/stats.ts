import { randomBytes } from 'node:crypto';
import type { SampleRow, SamplesBatch } from '../../model/batch.ts';
import type { Clock } from '../../model/clock.ts';
import type { CollectorConfig } from '../../model/config.ts';
import type { Source } from '../../model/source.ts';
import type { Bus } from '../../transport/bus.ts';
import type { ContainerEvent, Discovery, RunningContainer } from '../discovery.ts';
import { parseEngineAddress } from '../docker/address.ts';
import { createEngine } from '../docker/engine.ts';
import { type Log, silentLog } from '../log.ts';
import { createConditions } from './conditions.ts';
import { createContainerReader, type Reading } from './container-reader.ts';
import { createDiskUse } from './disk-use.ts';
import { readHost } from './host.ts';
import { createLanes, ENGINE_LANES, FILE_LANES } from './lanes.ts';
import { createOomCount } from './oom-count.ts';
import { createRestartLoop } from './restart-loop.ts';
import { createSamplesPublisher } from './samples-publisher.ts';

/** Containers whose kill waits for its last word; it comes with the next round. */
const MOST_KILLED = 1_000;

export interface StatsOptions {
  config: CollectorConfig;
  host: string;
  bus: Bus;
  discovery: Pick<Discovery, 'running'>;
  clock: Clock;
  log?: Log;
  /** What the figures show: throttling, memory pressure, restart loops. */
  onEvent(event: ContainerEvent): void;
}

/** Measures the host and every container on it each `statsMs` and publishes that as one batch. */
export interface Stats {
  /** Lifecycle events of containers, as discovery tells them. */
  event(event: ContainerEvent): void;
  /** Measures now, unless a round is under way; resolves when the batch was handed to the publisher. */
  round(): Promise<void>;
  counters(): Record<string, number>;
  close(): Promise<void>;
}

/** Starts measuring; discovery has been started. `statsFrom: none` measures nothing, restart loops are still told. */
export function startStats(options: StatsOptions): Stats {
  const { config, host, discovery, clock, bus } = options;
  const log = options.log ?? silentLog;
  const epoch = randomBytes(8).toString('hex');
  const closing = new AbortController();
  const address = parseEngineAddress(config.dockerSocket);
  const engine = address ? createEngine(address, [], closing.signal) : null;
  const publisher = createSamplesPublisher({ bus, log });
  const fileLanes = createLanes(FILE_LANES);
  const engineLanes = createLanes(ENGINE_LANES);
  const oom = createOomCount();
  const conditions = createConditions(config);
  const disk = createDiskUse({ config, engine, clock, log });
  const loopOf = createRestartLoop(config);
  let hostValues: SamplesBatch['values'] = {};
  const reader = createContainerReader({ config, engine, clock, hostMemory: () => hostValues.memory_total_bytes });
  const logDirs = [config.containersDir, config.podLogsDir].filter((dir) => dir !== '');
  /** Newest row of each container, and who was killed, for the last word on one that ended so. */
  const rows = new Map<string, SampleRow>();
  const killed = new Map<string, Source>();
  const counts = { rounds: 0, rounds_skipped: 0, containers: 0, round_ms: 0 };
  let measuring: Promise<void> | null = null;

  function rowOf(one: RunningContainer, { values, oomKills }: Reading, time: number): SampleRow {
    const used = disk.of(one.id);
    return rowFor(one.source, one.startedAt, {
      ...values,
      oom_kills: oom.read(one.id, one.startedAt, oomKills, time),
      ...(used === undefined ? {} : { disk_used_bytes: used }),
      ...(one.restarts === null ? {} : { restarts: one.restarts }),
    });
  }

  async function measure(): Promise<void> {
    const began = clock.monotonicMs();
    const time = clock.nowUs();
    const running = discovery.running();
    const ids = new Set(running.map((one) => one.id));
    disk.look(running);
    // The folder of the logs may be on a network that hangs.
    const [machine] = await fileLanes.all([{ id: 'the host' }], () => readHost(config.procDir, logDirs));
    hostValues = machine ?? {};
    const { files, asked } = await reader.begin(running);
    const batch: SamplesBatch = { kind: 'samples', host, time, epoch, rows: [], values: hostValues };
    const readOne = (one: RunningContainer): Promise<Reading | null> => reader.read(one);
    const readings = await Promise.all([fileLanes.all(files, readOne), engineLanes.all(asked, readOne)]);
    const measured = [...files, ...asked];
    for (const [at, reading] of readings.flat().entries()) {
      if (!reading) continue;
      const one = measured[at];
      const row = rowOf(one, reading, time);
      rows.set(one.id, row);
      batch.rows.push(row);
      for (const event of conditions.look(one, row.values, reading.stall, time)) options.onEvent(event);
    }
    conditions.keep(ids);
    lastWords(batch, ids);
    counts.rounds++;
    counts.containers = batch.rows.length;
    counts.round_ms = clock.monotonicMs() - began;
    publisher.publish(batch);
  }

  /** A container that an OOM kill ended has no cgroup left; its last figures go once more, with that kill. */
  function lastWords(batch: SamplesBatch, running: ReadonlySet<string>): void {
    for (const { id, startedAt, kills } of oom.untold(running)) {
      const row = rows.get(id);
      const values = row?.startedAt === startedAt ? row.values : {};
      const source = killed.get(id);
      if (source) batch.rows.push(rowFor(source, startedAt, { ...values, oom_kills: kills }));
    }
    oom.keep(running);
    for (const id of rows.keys()) if (!running.has(id)) rows.delete(id);
  }

  function round(): Promise<void> {
    if (measuring) {
      counts.rounds_skipped++;
      return measuring;
    }
    measuring = measure()
      .catch((error: unknown) => log.error({ err: error }, 'cannot measure containers: the next round follows'))
      .finally(() => {
        measuring = null;
      });
    return measuring;
  }

  function countKills({ type, time, source }: ContainerEvent): void {
    const { container } = source;
    if (type === 'start') oom.started(container, time);
    else if (type === 'die') oom.ended(container);
    else if (type === 'oom') {
      oom.killed(container, time);
      killed.set(container, source);
      if (killed.size > MOST_KILLED) killed.delete(killed.keys().next().value!);
    }
  }

  const on = config.statsFrom !== 'none';
  const timer = on ? setInterval(() => void round(), config.statsMs) : null;
  timer?.unref();
  if (on) void round();

  return {
    event(event) {
      if (on) countKills(event);
      const loop = loopOf(event);
      if (loop) options.onEvent(loop);
    },
    round: () => (on ? round() : Promise.resolve()),
    counters: () => ({
      ...counts,
      ...publisher.counters(),
      containers_late: fileLanes.late() + engineLanes.late(),
      engine_calls: reader.engineCalls(),
    }),
    async close() {
      if (timer) clearInterval(timer);
      closing.abort();
      await measuring;
      await disk.close();
      await publisher.close();
    },
  };
}

function rowFor(source: Source, startedAt: number, values: SampleRow['values']): SampleRow {
  const { container, containerName, app, env, instance } = source;
  return { container, containerName, app, env, instance, startedAt, values };
}
