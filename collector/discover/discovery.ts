import { type Clock, systemClock } from '../../model/clock.ts';
import type { CollectorConfig } from '../../model/config.ts';
import type { Discovery, DiscoveryHandlers } from '../discovery.ts';
import { parseEngineAddress } from '../docker/address.ts';
import { type Log, silentLog } from '../log.ts';
import type { DirectoryWatcher } from '../watch.ts';
import { createDockerContainers, type Finder } from './docker-containers.ts';
import { createPathFiles } from './path-files.ts';
import { parsePathTemplate } from './path-template.ts';
import { createPods } from './pods.ts';

export interface DiscoveryOptions {
  config: CollectorConfig;
  host: string;
  watcher: DirectoryWatcher;
  clock?: Clock;
  log?: Log;
  /** µs of the last lifecycle event that is safe (`EventPublisher.lastEventUs`); later ones are asked for again. Default: none are. */
  eventsSinceUs?: number | null;
}

/**
 * Finds everything there is to read on this host: docker containers, Kubernetes pods, files by path templates. Throws `bad_config`
 * for a Docker address or template that cannot be read; a Docker or folder that is not there is no error: it is waited for.
 */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { config, host, watcher } = options;
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silentLog;
  const templates = config.paths.map(parsePathTemplate);
  parseEngineAddress(config.dockerSocket);
  let docker: ReturnType<typeof createDockerContainers> | null = null;
  let finders: Finder[] = [];

  function build(handlers: DiscoveryHandlers): Finder[] {
    const eventsSinceUs = options.eventsSinceUs ?? null;
    docker = createDockerContainers({ config, host, watcher, clock, log, handlers, eventsSinceUs });
    const pods = config.podLogsDir ? [createPods({ config, host, watcher, handlers, log })] : [];
    const paths = templates.map((template) => createPathFiles({ template, host, watcher, handlers, log }));
    return [...paths, ...pods, docker];
  }

  return {
    async start(handlers) {
      finders = build(handlers);
      for (const finder of finders) await finder.start();
    },
    containers: () => finders.flatMap((finder) => finder.statuses()),
    running: () => finders.flatMap((finder) => finder.running()),
    docker: () => docker?.docker() ?? { reachable: false, reason: 'not started' },
    async rescan() {
      for (const finder of finders) await finder.rescan();
    },
    async close() {
      for (const finder of finders) await finder.close();
    },
  };
}
