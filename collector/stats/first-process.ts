import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../model/clock.ts';
import { readSmall } from './small-file.ts';

/** Looking through all processes of a host costs some ten milliseconds: not each round for a container that shows none. */
const SEARCH_AGAIN_MS = 60_000;
const MOST_PROCESSES = 20_000;

export interface FirstProcess {
  /** A process of the container, as `procDir` counts them, or null. `dir` is its cgroup's folder; `told` what the engine said. */
  of(id: string, dir: string, told: number | null): Promise<number | null>;
}

/**
 * Finds a process of each container, for what the kernel tells of processes only. Three ways: the engine's word; the cgroup's own list, which
 * holds zeros when this process cannot see them (a container with its own pids); a search of the host's processes by their cgroup.
 */
export function createFirstProcess(options: { procDir: string; clock: Clock }): FirstProcess {
  const { procDir, clock } = options;
  let searchedAt = Number.NEGATIVE_INFINITY;
  let searched = new Map<string, number>();

  /** The path may begin with `/..` when read from another cgroup namespace; the id is in it all the same. */
  async function belongs(pid: number, id: string): Promise<boolean> {
    return ((await readSmall(join(procDir, `${pid}`, 'cgroup'))) ?? '').includes(id);
  }

  async function search(): Promise<void> {
    searchedAt = clock.monotonicMs();
    searched = new Map();
    const names = await readdir(procDir).catch(() => []);
    for (const name of names.filter((one) => /^\d+$/.test(one)).slice(0, MOST_PROCESSES)) {
      const id = /[0-9a-f]{64}/.exec((await readSmall(join(procDir, name, 'cgroup'))) ?? '')?.[0];
      if (id && !searched.has(id)) searched.set(id, Number(name));
    }
  }

  return {
    async of(id, dir, told) {
      if (told !== null && (await belongs(told, id))) return told;
      const listed = Number(((await readSmall(join(dir, 'cgroup.procs'))) ?? '').split('\n')[0]);
      if (listed > 0 && (await belongs(listed, id))) return listed;
      if (clock.monotonicMs() - searchedAt >= SEARCH_AGAIN_MS) await search();
      const pid = searched.get(id);
      return pid !== undefined && (await belongs(pid, id)) ? pid : null;
    },
  };
}
