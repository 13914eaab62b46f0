import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerSample } from '../../model/samples.ts';
import type { Controller, Hierarchy } from './cgroup-tree.ts';
import { limitsV1, V1_FILES, valuesV1 } from './cgroup-v1.ts';
import { type CgroupV2, limitsV2, memoryStall, V2_FILES, valuesV2 } from './cgroup-v2.ts';
import { readSmall } from './small-file.ts';

/** What the cgroups of one container hold at a moment. */
export interface CgroupFigures {
  values: Partial<Record<ContainerSample, number>>;
  /** Percent of the last 10 s in which all its processes waited for memory, where the kernel tells. */
  stall?: number;
  /** Inode of its folder: another one is another start. */
  folder: bigint;
}

/** Its folder on the disk, for what is read beside its figures; version 1 has one in each hierarchy. */
export function folderOf(hierarchy: Hierarchy, path: string): string | null {
  const root = hierarchy.root('memory') ?? hierarchy.root('cpuacct') ?? hierarchy.root('pids');
  return root === undefined ? null : join(root, path);
}

/**
 * Reads a container's cgroup files, one after the other. Null when its folder is gone, or went or was replaced meanwhile: half of the files of
 * one start and half of the next are no figures.
 */
export async function readCgroup(hierarchy: Hierarchy, path: string): Promise<CgroupFigures | null> {
  const folder = folderOf(hierarchy, path);
  const before = folder === null ? null : await inodeOf(folder);
  if (folder === null || before === null) return null;
  const figures = hierarchy.version === 2 ? await readV2(folder) : await readV1(hierarchy, path);
  return (await inodeOf(folder)) === before ? { ...figures, folder: before } : null;
}

/** What `docker update` may change. */
export async function readLimits(hierarchy: Hierarchy, path: string): Promise<CgroupFigures['values']> {
  if (hierarchy.version === 2) {
    const dir = join(hierarchy.root('memory')!, path);
    return limitsV2(await readSmall(join(dir, 'memory.max')), await readSmall(join(dir, 'cpu.max')));
  }
  const read = (controller: Controller, name: string): Promise<string | null> => {
    const root = hierarchy.root(controller);
    return root === undefined ? Promise.resolve(null) : readSmall(join(root, path, name));
  };
  return limitsV1(
    await read('memory', 'memory.limit_in_bytes'),
    await read('cpu', 'cpu.cfs_quota_us'),
    await read('cpu', 'cpu.cfs_period_us'),
  );
}

async function readV2(folder: string): Promise<Omit<CgroupFigures, 'folder'>> {
  const files = {} as CgroupV2;
  for (const name of V2_FILES) files[name] = await readSmall(join(folder, name));
  return { values: valuesV2(files), stall: memoryStall(files['memory.pressure']) };
}

async function readV1(hierarchy: Hierarchy, path: string): Promise<Omit<CgroupFigures, 'folder'>> {
  const files = {} as Parameters<typeof valuesV1>[0];
  for (const what of Object.keys(V1_FILES) as (keyof typeof V1_FILES)[]) {
    const [controller, name] = V1_FILES[what];
    const root = hierarchy.root(controller);
    files[what] = root === undefined ? null : await readSmall(join(root, path, name));
  }
  return { values: valuesV1(files) };
}

async function inodeOf(path: string): Promise<bigint | null> {
  return stat(path, { bigint: true }).then(
    ({ ino }) => ino,
    () => null,
  );
}
