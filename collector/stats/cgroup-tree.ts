import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../model/clock.ts';

/** `<id>`, `docker-<id>.scope`, `cri-containerd-<id>.scope`, `libpod-<id>.scope`: every manager has the whole id in the name. */
const CONTAINER = /^(?:[a-z][a-z0-9-]*-)?([0-9a-f]{64})(?:\.scope)?$/;
/** Where Docker puts them by itself, with its two cgroup drivers: found without a walk. */
const USUAL = [(id: string) => join('docker', id), (id: string) => join('system.slice', `docker-${id}.scope`)];
/** A node of Kubernetes has a few hundred folders above its containers; a tree beyond this is not searched further. */
const MOST_FOLDERS = 5_000;
const DEEPEST = 10;
/** A container that has no cgroup here (another machine's, a stale link) does not make every round walk. */
const WALK_AGAIN_MS = 30_000;

const CONTROLLERS = {
  cpu: ['cpu', 'cpu,cpuacct', 'cpuacct,cpu'],
  cpuacct: ['cpuacct', 'cpu,cpuacct', 'cpuacct,cpu'],
  memory: ['memory'],
  blkio: ['blkio'],
  pids: ['pids'],
};
export type Controller = keyof typeof CONTROLLERS;

export interface Hierarchy {
  version: 1 | 2;
  /** Folder of a controller's hierarchy; version 2 has one for all. Undefined where the kernel has no such controller. */
  root(controller: Controller): string | undefined;
}

export interface CgroupTree {
  /** What is mounted; null when neither version is. */
  hierarchy(): Promise<Hierarchy | null>;
  /** Each container's folder below `root`, for those that have one. */
  find(ids: readonly string[]): Promise<Map<string, string>>;
  /** Its folder is not there any more. */
  forget(id: string): void;
}

/** Knows which cgroups are which containers'. */
export function createCgroupTree(options: { dir: string; clock: Clock }): CgroupTree {
  const { dir, clock } = options;
  const found = new Map<string, string>();
  /** Looked for in vain, until the next walk. */
  const missing = new Set<string>();
  let mounted: Hierarchy | null = null;
  let walkedAt = Number.NEGATIVE_INFINITY;

  const exists = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );

  async function detect(): Promise<Hierarchy | null> {
    if (await exists(join(dir, 'cgroup.controllers'))) return { version: 2, root: () => dir };
    const roots = new Map<Controller, string>();
    for (const controller of Object.keys(CONTROLLERS) as Controller[]) {
      for (const name of CONTROLLERS[controller]) {
        if (roots.has(controller) || !(await exists(join(dir, name)))) continue;
        roots.set(controller, join(dir, name));
      }
    }
    return roots.size > 0 ? { version: 1, root: (controller) => roots.get(controller) } : null;
  }

  /** The hierarchy that is searched: containers have the same path in all of them. */
  const searched = (hierarchy: Hierarchy): string =>
    hierarchy.root('memory') ?? hierarchy.root('cpuacct') ?? hierarchy.root('pids') ?? dir;

  async function walk(root: string): Promise<void> {
    const folders = [{ path: '', depth: 0 }];
    for (let seen = 0; folders.length > 0 && seen < MOST_FOLDERS; seen++) {
      const { path, depth } = folders.shift()!;
      const entries = await readdir(join(root, path), { withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        if (!entry.isDirectory()) continue;
        const id = CONTAINER.exec(entry.name)?.[1];
        const inside = join(path, entry.name);
        // The shallowest wins: what a container makes inside its own cgroup, it names itself.
        if (id === undefined && depth < DEEPEST) folders.push({ path: inside, depth: depth + 1 });
        else if (id !== undefined && !found.has(id)) found.set(id, inside);
      }
    }
  }

  return {
    async hierarchy() {
      mounted ??= await detect();
      return mounted;
    },
    async find(ids) {
      const hierarchy = await this.hierarchy();
      if (!hierarchy) return new Map();
      const root = searched(hierarchy);
      const wanted = new Set(ids);
      for (const id of found.keys()) if (!wanted.has(id)) found.delete(id);
      for (const id of missing) if (!wanted.has(id)) missing.delete(id);
      const again = clock.monotonicMs() - walkedAt >= WALK_AGAIN_MS;
      for (const id of found.keys()) missing.delete(id);
      const unknown = ids.filter((id) => !found.has(id));
      let left = 0;
      for (const id of unknown) {
        for (const usual of USUAL)
          if (!found.has(id) && (await exists(join(root, usual(id))))) found.set(id, usual(id));
        if (!found.has(id) && (again || !missing.has(id))) left++;
      }
      if (left > 0) {
        walkedAt = clock.monotonicMs();
        await walk(root);
        for (const id of ids) if (!found.has(id)) missing.add(id);
      }
      return new Map(ids.filter((id) => found.has(id)).map((id) => [id, found.get(id)!]));
    },
    forget: (id) => {
      found.delete(id);
    },
  };
}
