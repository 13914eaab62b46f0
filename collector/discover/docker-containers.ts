import type { ContainerStatus } from '../../model/batch.ts';
import type { Clock } from '../../model/clock.ts';
import type { CollectorConfig } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import type { DiscoveryHandlers, RunningContainer, StreamLine } from '../discovery.ts';
import { engineTrouble, parseEngineAddress } from '../docker/address.ts';
import { createEngine } from '../docker/engine.ts';
import type { ContainerRecord } from '../docker/record.ts';
import { identityEnvNames } from '../identity/identity.ts';
import type { Log } from '../log.ts';
import type { DirectoryWatcher } from '../watch.ts';
import { createContainerDirs } from './container-dirs.ts';
import { type ContainerTable, createContainerTable } from './container-table.ts';
import { type EngineLink, startEngineLink } from './engine-link.ts';
import { createInspector } from './inspector.ts';
import { SKEW_US } from './missed-events.ts';

/** Events the engine still held come right after it accepted the call; what they leave untold is derived after this. */
const SETTLE_MS = 500;

export interface DockerContainersOptions {
  config: CollectorConfig;
  host: string;
  watcher: DirectoryWatcher;
  clock: Clock;
  log: Log;
  handlers: DiscoveryHandlers;
  /** µs; events since then are asked for again. Null at the very first start. */
  eventsSinceUs: number | null;
}

/** One way of finding targets. */
export interface Finder {
  start(): Promise<void>;
  rescan(): Promise<void>;
  statuses(): ContainerStatus[];
  running(): RunningContainer[];
  close(): Promise<void>;
}

/** Docker's containers, by its API, by its directory, or by whichever of the two can be reached. */
export function createDockerContainers(
  options: DockerContainersOptions,
): Finder & { docker(): { reachable: boolean; reason?: string } } {
  const { config, clock, log } = options;
  const envNames = identityEnvNames(config);
  const address = parseEngineAddress(config.dockerSocket);
  const closing = new AbortController();
  const engine = address ? createEngine(address, envNames, closing.signal) : null;
  const dirs = config.containersDir
    ? createContainerDirs({
        dir: config.containersDir,
        watcher: options.watcher,
        envNames,
        onRecord: (record) => table.learn(record),
        onLog: (id) => table.provisional(id),
        onGone: (id) => table.remove(id),
        known: (id) => table.known(id),
      })
    : null;
  let link: EngineLink | null = null;
  let up = false;
  /** The first attempt to reach the engine is over: from now on "not up" means out of reach. */
  let tried = false;
  let settling: NodeJS.Timeout | null = null;
  const table: ContainerTable = createContainerTable({
    config,
    host: options.host,
    clock,
    handlers: options.handlers,
    baselineUs: options.eventsSinceUs ?? clock.nowUs() - SKEW_US,
    fileReachable: (id) => dirs?.reachable(id) ?? false,
    engineReachable: () => up,
    engineLost: () => tried && !up,
    ask,
    askAgain: (id) => inspector.ask(id),
    logs,
  });
  const inspector = createInspector({
    inspect: (id) => (engine ? engine.inspect(id) : Promise.resolve(null)),
    table,
    log,
    closing: closing.signal,
  });

  function ask(id: string): void {
    if (!dirs?.look(id)) inspector.ask(id);
  }

  async function* logs(record: ContainerRecord, sinceUs: number, signal: AbortSignal): AsyncGenerator<StreamLine> {
    const what = `cannot read the log of container ${record.name} through the Docker API`;
    if (!engine || !address) {
      const hint = 'set collector.dockerSocket, or let its log driver be json-file';
      throw new FleetlogError('unavailable', `${what}: no Docker socket is configured`, { hint });
    }
    try {
      yield* await engine.logs(record.id, { sinceUs, tty: record.tty, lineBytes: config.lineBytes, signal });
    } catch (error) {
      if (signal.aborted) return;
      throw new FleetlogError('unavailable', `${what}: ${logTrouble(error, engineTrouble(error, address))}`, {
        cause: error,
        hint: 'let its log driver be json-file or local, and give the collector the Docker socket or the log directory',
      });
    }
  }

  /** Everything the engine has now; what is in the table and neither there nor in the directory is gone. */
  async function lookAtEngine(): Promise<void> {
    const ids = await engine!.list();
    const there = new Set(ids);
    up = true;
    try {
      await inspector.all(ids);
    } catch (error) {
      up = false;
      throw error;
    }
    for (const id of table.ids()) if (!there.has(id) && !dirs?.reachable(id)) table.remove(id);
    dirs?.follow(false);
    if (settling) clearTimeout(settling);
    settling = setTimeout(() => table.settle(), SETTLE_MS);
    settling.unref();
  }

  async function reach(): Promise<void> {
    link = startEngineLink({
      engine: engine!,
      address: address!,
      log,
      sinceUs: options.eventsSinceUs,
      onEvent: (event) => table.event(event),
      onUp: lookAtEngine,
      onDown() {
        up = false;
        dirs?.follow(true);
      },
    });
    await link.first;
  }

  return {
    async start() {
      dirs?.follow(true);
      dirs?.start();
      if (engine && address) await reach();
      tried = true;
      if (!up) table.settle();
    },
    async rescan() {
      dirs?.scan();
      if (up) await lookAtEngine().catch((error) => log.warn({ err: error }, 'cannot list containers'));
    },
    statuses: () => table.statuses(),
    running: () => table.running(),
    docker() {
      if (link?.state().reachable) return { reachable: true };
      const reasons = [link?.state().reason ?? 'no Docker socket is configured', dirs?.trouble()];
      return { reachable: false, reason: reasons.filter(Boolean).join('; ') };
    },
    async close() {
      if (settling) clearTimeout(settling);
      closing.abort();
      await link?.close();
      dirs?.close();
    },
  };
}

function logTrouble(error: unknown, fallback: string): string {
  const { statusCode, json } = error as { statusCode?: number; json?: unknown };
  const message = (json as { message?: string } | null)?.message;
  if (statusCode === 403) return 'the proxy before Docker does not let container logs through';
  if (message?.includes('does not support reading')) return 'its log driver keeps no lines that Docker could read back';
  return fallback;
}
