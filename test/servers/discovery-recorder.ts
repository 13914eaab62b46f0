import { statSync } from 'node:fs';
import Value from 'typebox/value';
import { createDiscovery } from '../../collector/discover/discovery.ts';
import type { ContainerEvent, Discovery, Target } from '../../collector/discovery.ts';
import { createDirectoryWatcher } from '../../collector/watch.ts';
import { type CollectorConfig, type Config, ConfigSchema } from '../../model/config.ts';

/** The collector's configuration with every source of containers off, and `changes` on top. */
export function collectorConfig(changes: Partial<CollectorConfig>): CollectorConfig {
  const { collector } = Value.Default(ConfigSchema, {}) as Config;
  return { ...collector, dockerSocket: '', containersDir: '', podLogsDir: '', ...changes };
}

/** A discovery that writes down what it tells. */
export interface Recorder {
  discovery: Discovery;
  /** Targets told of and not gone, by key. */
  live: Map<string, Target>;
  /** Every call, in order: `found KEY`, `gone KEY`, `event TYPE NAME`. */
  calls: string[];
  events: ContainerEvent[];
  warnings: string[];
  /** When a key was first told of (wall clock, ms), and the bytes its log held then; 0 when it was not there yet. */
  firstFound: Map<string, { at: number; bytes: number }>;
  /** Polls until the condition holds; fails with what was recorded after `ms`. */
  until(what: string, condition: () => boolean, ms?: number): Promise<void>;
  close(): Promise<void>;
}

export async function record(
  changes: Partial<CollectorConfig>,
  options: { eventsSinceUs?: number; sweepMs?: number } = {},
): Promise<Recorder> {
  const config = collectorConfig(changes);
  const watcher = createDirectoryWatcher({ sweepMs: options.sweepMs ?? 50 });
  const live = new Map<string, Target>();
  const firstFound = new Map<string, { at: number; bytes: number }>();
  const calls: string[] = [];
  const events: ContainerEvent[] = [];
  const warnings: string[] = [];
  const note = (details: object, message: string): void => {
    warnings.push(`${message} ${JSON.stringify(details)}`);
  };
  const log = { debug() {}, info() {}, warn: note, error: note };
  const { eventsSinceUs } = options;
  const discovery = createDiscovery({ config, host: 'host-1', watcher, log, eventsSinceUs });
  await discovery.start({
    found(target) {
      if (!firstFound.has(target.key))
        firstFound.set(target.key, { at: performance.timeOrigin + performance.now(), bytes: bytesOf(target) });
      live.set(target.key, target);
      calls.push(`found ${target.key}`);
    },
    gone(key) {
      live.delete(key);
      calls.push(`gone ${key}`);
    },
    event(event) {
      events.push(event);
      calls.push(`event ${event.type} ${event.source.containerName}`);
    },
  });
  return {
    discovery,
    live,
    calls,
    events,
    warnings,
    firstFound,
    async until(what, condition, ms = 15_000) {
      for (const end = performance.now() + ms; !condition(); ) {
        if (performance.now() > end)
          throw new Error(`${what}: not within ${ms} ms; calls:\n${calls.slice(-40).join('\n')}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async close() {
      await discovery.close();
      watcher.close();
    },
  };
}

function bytesOf(target: Target): number {
  return target.kind === 'file' ? (statSync(target.path, { throwIfNoEntry: false })?.size ?? 0) : 0;
}
