import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../model/clock.ts';
import type { CollectorConfig } from '../../model/config.ts';
import type { RunningContainer } from '../discovery.ts';
import type { Engine } from '../docker/engine.ts';
import { type Log, silentLog } from '../log.ts';
import { layerSize } from './layer-size.ts';

/** Log files are measured this often: they grow steadily, and rotation bounds them. */
const LOGS_MS = 60_000;

/** Disk that containers use: their writable layer and their log files. Measured apart from the rounds, a container at a time. */
export interface DiskUse {
  /** Bytes; undefined until both parts are known. */
  of(id: string): number | undefined;
  /** Measures what is due, unless that is still under way. Never throws. */
  look(running: readonly RunningContainer[]): void;
  close(): Promise<void>;
}

export function createDiskUse(options: {
  config: Pick<CollectorConfig, 'containersDir' | 'layerMs'>;
  engine: Engine | null;
  clock: Clock;
  log?: Log;
}): DiskUse {
  const { config, engine, clock } = options;
  const log = options.log ?? silentLog;
  const layers = new Map<string, { bytes: number | undefined; at: number }>();
  const logs = new Map<string, { bytes: number; at: number }>();
  let looking: Promise<void> | null = null;
  let engineAskedAt = Number.NEGATIVE_INFINITY;
  let closed = false;

  async function logBytes(id: string): Promise<number> {
    const dir = join(config.containersDir, id);
    const names = await readdir(dir).catch(() => []);
    let bytes = 0;
    for (const name of names) {
      if (!name.startsWith(`${id}-json.log`)) continue;
      bytes += (await lstat(join(dir, name)).catch(() => null))?.size ?? 0;
    }
    return bytes;
  }

  /** Walks what can be walked; gives the others. */
  async function walkLayers(ids: readonly string[]): Promise<string[]> {
    const others = [];
    for (const id of ids) {
      if (closed) return [];
      const bytes = config.containersDir === '' ? null : await layerSize(config.containersDir, id);
      if (bytes === null) others.push(id);
      // Too many files for us are too many for the engine.
      else layers.set(id, { bytes: bytes === 'large' ? undefined : bytes, at: clock.monotonicMs() });
    }
    return others;
  }

  async function askLayers(ids: readonly string[]): Promise<void> {
    const now = clock.monotonicMs();
    if (!engine || ids.length === 0 || now - engineAskedAt < config.layerMs) return;
    engineAskedAt = now;
    try {
      const sizes = await engine.layers();
      for (const id of ids) layers.set(id, { bytes: sizes.get(id), at: now });
    } catch (error) {
      log.debug({ err: error }, 'cannot ask Docker for the sizes of layers: disk use of containers stays unknown');
    }
  }

  async function measure(running: readonly RunningContainer[]): Promise<void> {
    const docker = running.filter((one) => one.docker).map((one) => one.id);
    for (const id of docker) {
      if (closed) return;
      if (config.containersDir === '' || !isDue(logs.get(id), LOGS_MS)) continue;
      logs.set(id, { bytes: await logBytes(id), at: clock.monotonicMs() });
    }
    if (config.layerMs > 0)
      await askLayers(await walkLayers(docker.filter((id) => isDue(layers.get(id), config.layerMs))));
  }

  const isDue = (one: { at: number } | undefined, every: number): boolean =>
    one === undefined || clock.monotonicMs() - one.at >= every;

  return {
    of(id) {
      const layer = layers.get(id)?.bytes;
      return layer === undefined ? undefined : layer + (logs.get(id)?.bytes ?? 0);
    },
    look(running) {
      if (closed || looking) return;
      const ids = new Set(running.map((one) => one.id));
      for (const known of [layers, logs]) for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
      looking = measure(running).finally(() => {
        looking = null;
      });
    },
    async close() {
      closed = true;
      await looking;
    },
  };
}
