import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Value } from 'typebox/value';
import { type Collector, type CollectorOptions, startCollector } from '../../collector/collector.ts';
import type { Discovery, DiscoveryHandlers, FileTarget, Target } from '../../collector/discovery.ts';
import type { LinesBatch, StatusBatch } from '../../model/batch.ts';
import { type CollectorConfig, ConfigSchema } from '../../model/config.ts';
import { type Source, STREAMS } from '../../model/source.ts';
import { decodeBatch } from '../../transport/batch-codec.ts';
import type { Bus } from '../../transport/bus.ts';
import { createMemoryBus } from '../../transport/memory-bus.ts';

export function collectorConfig(changes: Partial<CollectorConfig> = {}): CollectorConfig {
  const { collector } = Value.Default(ConfigSchema, {}) as { collector: CollectorConfig };
  return {
    ...collector,
    host: 'h1',
    flushMs: 1,
    multilineMs: 30,
    sweepMs: 100,
    statusMs: 100,
    checkpointMs: 10,
    ...changes,
  };
}

export function testSource(name: string, reader: Source['reader'], path: string, container = name): Source {
  return {
    host: 'h1',
    container: reader === 'file' ? '' : container,
    containerName: name,
    image: 'img',
    version: '1',
    app: name,
    env: 'test',
    instance: name,
    path,
    reader,
    named: { app: 'test', env: 'test' },
    labels: {},
  };
}

export function fileTarget(path: string, reader: FileTarget['reader'], changes: Partial<FileTarget> = {}): FileTarget {
  const rotation = reader === 'json-file' ? 'docker' : reader === 'cri' ? 'cri' : 'logrotate';
  return {
    kind: 'file',
    key: `${reader}:${path}`,
    source: testSource('app', reader, path),
    reader,
    path,
    rotation,
    root: null,
    ...changes,
  };
}

/** One line as docker writes it. */
export function dockerLine(message: string, us: number, stream = 'stdout', newline = true): string {
  const time = `${new Date(Math.floor(us / 1000)).toISOString().slice(0, -1)}${String(us % 1000).padStart(3, '0')}000Z`;
  return `${JSON.stringify({ log: newline ? `${message}\n` : message, stream, time })}\n`;
}

export interface StoredRecord {
  fid: string;
  gen: number;
  offset: number;
  time: number;
  stream: string;
  message: string;
  bytes: Buffer;
  flags: number;
  level: number;
  source: Source;
}

/** A store of the simplest kind: keeps the first record of each position, and every interval it was told of. */
export interface Sink {
  records: Map<string, StoredRecord>;
  /** Records that came again for a position that was there. */
  repeated: number;
  /** Repeats that said something else. */
  differing: string[];
  batches: LinesBatch[];
  statuses: StatusBatch[];
  intervals: Map<string, [number, number][]>;
  /** In the order of arrival. */
  messages(): string[];
  sorted(): StoredRecord[];
  /** Unions of intervals that do not begin at 0 or have holes. */
  holes(): string[];
  dropped(reason: string): number;
}

export interface Rig {
  dir: string;
  logs: string;
  state: string;
  config: CollectorConfig;
  sink: Sink;
  bus: Bus;
  /** Delays or refuses: what the consumer awaits before it takes a delivery. */
  gate: { wait: (() => Promise<void>) | null };
  targets: Map<string, Target>;
  start(changes?: Partial<CollectorOptions>): Promise<Collector>;
  stop(): Promise<void>;
  collector(): Collector;
  found(target: Target): void;
  gone(key: string): void;
  append(path: string, text: string | Buffer): void;
  /** Waits until `check` does not throw. */
  until(check: () => void, ms?: number): Promise<void>;
  /** Waits until every file is read, acknowledged and nothing is held. */
  idle(): Promise<void>;
  cleanup(): Promise<void>;
}

function createSink(): Sink {
  const sink: Sink = {
    records: new Map(),
    repeated: 0,
    differing: [],
    batches: [],
    statuses: [],
    intervals: new Map(),
    messages: () => [...sink.records.values()].map((record) => record.message),
    sorted: () =>
      [...sink.records.values()].sort((a, b) =>
        a.fid < b.fid ? -1 : a.fid > b.fid ? 1 : a.gen - b.gen || a.offset - b.offset,
      ),
    holes() {
      const found: string[] = [];
      for (const [key, list] of sink.intervals) {
        let end = 0;
        for (const [from, to] of [...list].sort((a, b) => a[0] - b[0])) {
          if (from > end) found.push(`${key} ${end}-${from}`);
          end = Math.max(end, to);
        }
      }
      return found;
    },
    dropped(reason) {
      let total = 0;
      for (const batch of sink.batches) total += batch.dropped[reason as keyof LinesBatch['dropped']] ?? 0;
      return total;
    },
  };
  return sink;
}

function keep(sink: Sink, batch: LinesBatch): void {
  sink.batches.push(batch);
  const key = `${batch.fid}:${batch.gen}`;
  const intervals = sink.intervals.get(key) ?? [];
  sink.intervals.set(key, intervals);
  intervals.push([batch.start, batch.end]);
  let from = 0;
  for (let i = 0; i < batch.count; i++) {
    const bytes = Buffer.from(batch.messages.subarray(from, batch.ends[i]));
    from = batch.ends[i];
    const record: StoredRecord = {
      fid: batch.fid,
      gen: batch.gen,
      offset: batch.offsets[i],
      time: batch.times[i],
      stream: STREAMS[batch.flags[i] & 3],
      message: bytes.toString('utf8'),
      bytes,
      flags: batch.flags[i],
      level: batch.levels[i],
      source: batch.source,
    };
    const position = `${key}:${record.offset}`;
    const known = sink.records.get(position);
    if (!known) sink.records.set(position, record);
    else {
      sink.repeated++;
      if (!known.bytes.equals(bytes) || known.time !== record.time) sink.differing.push(position);
    }
  }
}

export async function createRig(changes: Partial<CollectorConfig> = {}, capacityBytes = 64 << 20): Promise<Rig> {
  const dir = mkdtempSync(join(tmpdir(), 'fleetlog-collector-'));
  const sink = createSink();
  const bus = createMemoryBus({ capacityBytes });
  const gate: Rig['gate'] = { wait: null };
  const targets = new Map<string, Target>();
  let handlers: DiscoveryHandlers | null = null;
  let running: Collector | null = null;
  await bus.consume(async (deliveries) => {
    await gate.wait?.();
    for (const { batch } of deliveries) {
      const decoded = decodeBatch(batch);
      if (decoded.kind === 'lines') keep(sink, decoded);
      else if (decoded.kind === 'status') sink.statuses.push(decoded);
    }
  });
  const discovery: Discovery = {
    async start(given) {
      handlers = given;
      for (const target of targets.values()) given.found(target);
    },
    containers: () => [],
    running: () => [],
    docker: () => ({ reachable: false, reason: 'test' }),
    async rescan() {},
    async close() {},
  };
  const rig: Rig = {
    dir,
    logs: join(dir, 'logs'),
    state: join(dir, 'state'),
    config: collectorConfig(changes),
    sink,
    bus,
    gate,
    targets,
    async start(more = {}) {
      running = await startCollector({
        config: rig.config,
        retentionDays: 30,
        bus,
        stateDir: rig.state,
        discovery,
        version: 'test',
        ...more,
      });
      return running;
    },
    async stop() {
      const one = running;
      running = null;
      handlers = null;
      await one?.close();
    },
    collector: () => running!,
    found(target) {
      targets.set(target.key, target);
      handlers?.found(target);
    },
    gone(key) {
      targets.delete(key);
      handlers?.gone(key);
    },
    append(path, text) {
      mkdirSync(dirname(path), { recursive: true });
      appendFileSync(path, text);
    },
    async until(check, ms = 15_000) {
      const end = performance.now() + ms;
      for (;;) {
        try {
          check();
          return;
        } catch (error) {
          if (performance.now() > end) throw error;
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      }
    },
    async idle() {
      await rig.until(() => {
        for (const row of rig.collector().ledger()) {
          if (row.state === 'gone') continue;
          if (row.inFlight !== 0) throw new Error(`in flight: ${JSON.stringify(row)}`);
          if (row.read !== row.searchable + Object.values(row.dropped).reduce((a, b) => a + b, 0))
            throw new Error(`ledger: ${JSON.stringify(row)}`);
        }
        if (bus.pendingBytes() > 0) throw new Error('pending');
      });
    },
    async cleanup() {
      await rig.stop();
      // A test that failed may have left the consumer waiting.
      await Promise.race([bus.close(), new Promise((resolve) => setTimeout(resolve, 1_000))]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  mkdirSync(rig.logs, { recursive: true });
  return rig;
}
