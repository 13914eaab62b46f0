import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { constants, zstdCompressSync } from 'node:zlib';
import { loadConfig } from '../cli/config.ts';
import { startCollector } from '../collector/collector.ts';
import { createDiscovery } from '../collector/discover/discovery.ts';
import { silentLog } from '../collector/log.ts';
import { createDirectoryWatcher } from '../collector/watch.ts';
import { systemClock } from '../model/clock.ts';
import { decodeBatch } from '../transport/batch-codec.ts';
import { createMemoryBus } from '../transport/memory-bus.ts';
import { describeData, prepareData } from './data.ts';
import { usageOf } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { mib, short, thousands } from './report.ts';

/** One batch in so many is compressed as the way to a central process does, to know what that would add. */
const COMPRESSED = 10;

/** The heap `bin/fleetlog.mjs` gives a collector; the same process begins again with it. */
function settleHeap(): void {
  if (!process.execve || process.execArgv.some((arg) => arg.includes('semi-space'))) return;
  process.execve(process.execPath, [process.execPath, '--max-semi-space-size=4', ...process.argv.slice(1)]);
}

/** The collector alone: docker's files → encoded batches, into a consumer that acknowledges at once. */
export async function benchCollect(options: BenchOptions): Promise<void> {
  settleHeap();
  const { report } = options;
  report.title('collect: files → batches');
  const data = await prepareData(options);
  report.line(describeData(data));
  const dir = join(options.dir, 'collect');
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const { config } = await loadConfig({
    env: {
      FLEETLOG_DATA_DIR: dir,
      FLEETLOG_COLLECTOR_CONTAINERS_DIR: data.containersDir,
      FLEETLOG_COLLECTOR_DOCKER_SOCKET: '',
      FLEETLOG_COLLECTOR_POD_LOGS_DIR: '',
    },
    cwd: dir,
  });
  const bus = createMemoryBus({ capacityBytes: config.bus.capacityBytes });
  const seen = { fileBytes: 0, messageBytes: 0, records: 0, batches: 0 };
  const packed = { seconds: 0, batches: 0, bytes: 0, from: 0 };
  let finish = (): void => {};
  const all = new Promise<void>((resolve) => {
    finish = resolve;
  });
  await bus.consume(async (deliveries) => {
    for (const { batch } of deliveries) {
      // Byte 6 is the kind; 0 is lines.
      if (batch[6] !== 0) continue;
      const lines = decodeBatch(batch, true);
      if (lines.kind !== 'lines') continue;
      seen.fileBytes += lines.end - lines.start;
      seen.messageBytes += lines.messages.length;
      seen.records += lines.count;
      if (seen.batches++ % COMPRESSED !== 0) continue;
      const before = process.threadCpuUsage();
      packed.bytes += zstdCompressSync(batch, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }).length;
      const { user, system } = process.threadCpuUsage(before);
      packed.seconds += (user + system) / 1e6;
      packed.from += lines.messages.length;
      packed.batches++;
    }
    if (seen.fileBytes >= data.fileBytes) finish();
  });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const before = usageOf(process.pid);
  const began = performance.now();
  delay.enable();
  const host = 'bench';
  const watcher = createDirectoryWatcher({ sweepMs: config.collector.sweepMs });
  const collectorConfig = { ...config.collector, host };
  const discovery = createDiscovery({ config: collectorConfig, host, watcher, clock: systemClock, log: silentLog });
  const collector = await startCollector({
    config: collectorConfig,
    retentionDays: config.retention.days,
    bus,
    stateDir: join(dir, 'collector'),
    discovery,
    clock: systemClock,
    log: silentLog,
    version: 'bench',
  });
  await all;
  const seconds = (performance.now() - began) / 1000;
  const after = usageOf(process.pid);
  delay.disable();
  await discovery.close();
  await collector.close();
  watcher.close();
  await bus.close();
  const cpu = after.cpu - before.cpu - packed.seconds;
  const zstd = packed.seconds / (packed.from / 1e9);
  report.table(
    ['figure', 'value'],
    [
      ['CPU-s per GB of messages', short(cpu / (seen.messageBytes / 1e9))],
      ['CPU-s per GB of file', short(cpu / (seen.fileBytes / 1e9))],
      ['zstd-1 of the batches would add, per GB of messages', short(zstd)],
      ['the same, per GB of file', short((zstd * seen.messageBytes) / seen.fileBytes)],
      ['batches, compressed, of message bytes', `${((packed.bytes / packed.from) * 100).toFixed(1)} %`],
      ['lines/s (wall)', thousands(data.lines / seconds)],
      ['lines per CPU-s', thousands(data.lines / cpu)],
      ['records (generator: all)', `${thousands(seen.records)} (${thousands(data.records)})`],
      [
        'message bytes as generated',
        seen.messageBytes === data.messageBytes ? 'yes' : `no: ${seen.messageBytes - data.messageBytes}`,
      ],
      ['batches', thousands(seen.batches)],
      ['peak RSS', mib(after.peakRss)],
      ['event loop p99.9', `${short(Math.max(0, delay.percentile(99.9) / 1e6 - 1))} ms`],
    ],
  );
  rmSync(dir, { recursive: true, force: true });
}
