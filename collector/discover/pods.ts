import { type Dirent, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { CollectorConfig } from '../../model/config.ts';
import type { DiscoveryHandlers, FileTarget } from '../discovery.ts';
import { identify } from '../identity/identity.ts';
import type { Log } from '../log.ts';
import type { DirectoryWatcher } from '../watch.ts';
import type { Finder } from './docker-containers.ts';
import { createLiveFiles } from './live-files.ts';
import { runningPods } from './pod-ids.ts';
import { createScanGate } from './scan-gate.ts';
import { containerSource, fileStatus } from './sources.ts';

export interface PodsOptions {
  config: CollectorConfig;
  host: string;
  watcher: DirectoryWatcher;
  handlers: DiscoveryHandlers;
  log: Log;
}

/** The kubelet's layout: `<namespace>_<pod>_<uid>/<container>/<restart>.log` (kubernetes `BuildPodLogsDirectory`). */
export function parsePodFolder(name: string): { namespace: string; pod: string; uid: string } | null {
  const match = /^([a-z0-9][a-z0-9-]*)_([a-z0-9][a-z0-9.-]*)_([0-9a-zA-Z-]+)$/.exec(name);
  return match && { namespace: match[1], pod: match[2], uid: match[3] };
}

/** Containers of Kubernetes pods by their CRI logs. Each restart has its own file; rotated ones go with their live file. */
export function createPods(options: PodsOptions): Finder {
  const { config, watcher, log } = options;
  const files = createLiveFiles(options.handlers, log);
  const watches = new Map<string, { close(): void }>();
  const scans = new Map<string, () => void>();
  const gate = createScanGate((path) => scans.get(path)?.());
  let root = '';
  let closed = false;

  function list(path: string): Dirent[] | null {
    try {
      return readdirSync(path, { withFileTypes: true });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') log.warn({ err: error, path }, 'cannot list pod logs');
      return null;
    }
  }

  function follow(path: string, scan: () => void): void {
    if (watches.has(path)) return;
    scans.set(path, scan);
    const listener = (name: string | null): void => {
      if (name !== null && files.has(`cri:${path}/${name}`)) gate.written(path, join(path, name));
      else gate.changed(path);
    };
    watches.set(path, watcher.watch(path, listener));
  }

  function leave(path: string): void {
    for (const [other, watch] of watches) {
      if (other !== path && !other.startsWith(`${path}/`)) continue;
      watch.close();
      watches.delete(other);
      scans.delete(other);
      files.drop(other);
    }
  }

  /** Calls `each` for the real folders inside `path`, and forgets those that went. */
  function walk(path: string, each: (name: string) => void): void {
    const entries = closed ? null : list(path);
    if (!entries) {
      if (!closed && path !== config.podLogsDir) leave(path);
      return;
    }
    const names = new Set(entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name));
    for (const other of [...watches.keys()]) {
      const rest = other.startsWith(`${path}/`) ? other.slice(path.length + 1) : '';
      if (rest && !rest.includes('/') && !names.has(rest)) leave(other);
    }
    for (const name of names) each(name);
  }

  function scanAll(): void {
    const dir = config.podLogsDir;
    try {
      root = realpathSync.native(dir);
    } catch {
      for (const path of [...watches.keys()]) if (path !== dir) leave(path);
      return;
    }
    walk(dir, (name) => {
      if (!parsePodFolder(name)) return;
      const path = join(dir, name);
      follow(path, () => scanPod(path, name));
      scanPod(path, name);
    });
  }

  function scanPod(path: string, folder: string): void {
    walk(path, (container) => {
      const inside = join(path, container);
      follow(inside, () => scanContainer(inside, folder, container));
      scanContainer(inside, folder, container);
    });
  }

  function scanContainer(path: string, folder: string, container: string): void {
    if (closed) return;
    const entries = list(path);
    if (!entries) {
      leave(path);
      return;
    }
    const keys = new Set<string>();
    for (const entry of entries) {
      // A link is docker's json-file under Kubernetes' name: the docker reader has it.
      if (!entry.isFile() || !/^\d+\.log$/.test(entry.name)) continue;
      const target = targetOf(join(path, entry.name), folder, container);
      keys.add(target.key);
      files.add(path, target);
    }
    files.keep(path, keys);
  }

  function targetOf(path: string, folder: string, container: string): FileTarget {
    const { namespace, pod, uid } = parsePodFolder(folder)!;
    const facts = {
      id: '',
      name: `${pod}/${container}`,
      image: '',
      env: {},
      labels: {
        'io.kubernetes.container.name': container,
        'io.kubernetes.pod.namespace': namespace,
        'io.kubernetes.pod.name': pod,
        'io.kubernetes.pod.uid': uid,
      },
    };
    const rest = { host: options.host, path, reader: 'cri', labels: config.labels } as const;
    return {
      kind: 'file',
      key: `cri:${path}`,
      source: containerSource(facts, identify(facts, config), rest),
      reader: 'cri',
      path,
      rotation: 'cri',
      root,
    };
  }

  return {
    async start() {
      follow(config.podLogsDir, scanAll);
      scanAll();
    },
    async rescan() {
      scanAll();
    },
    statuses() {
      const byContainer = new Map(files.targets().map((target) => [join(target.path, '..'), target]));
      return [...byContainer.values()].map((target) => fileStatus(target.source, 'cri'));
    },
    running: () => runningPods(join(config.podLogsDir, '..', 'containers'), files.targets()),
    async close() {
      closed = true;
      for (const watch of watches.values()) watch.close();
      watches.clear();
      gate.close();
      files.close();
    },
  };
}
