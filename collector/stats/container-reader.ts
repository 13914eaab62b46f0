import type { SampleRow } from '../../model/batch.ts';
import type { Clock } from '../../model/clock.ts';
import type { CollectorConfig } from '../../model/config.ts';
import type { RunningContainer } from '../discovery.ts';
import type { Engine } from '../docker/engine.ts';
import { folderOf, readCgroup, readLimits } from './cgroup-reader.ts';
import { type CgroupTree, createCgroupTree } from './cgroup-tree.ts';
import { createContainerNet } from './container-net.ts';
import { valuesFromEngine } from './engine-stats.ts';
import { createFirstProcess } from './first-process.ts';

/** Limits change by hand; every so many rounds is soon enough. */
const LIMITS_EVERY = 6;

export interface Reading {
  values: SampleRow['values'];
  stall?: number;
  /** As the cgroup counts them; undefined where nothing does. */
  oomKills: number | undefined;
}

/** Reads the figures of one container from wherever they can be had. */
export interface ContainerReader {
  /** Says which containers are read now, before their `read`s; gives which come from files, and which the engine is asked for. */
  begin(running: readonly RunningContainer[]): Promise<{ files: RunningContainer[]; asked: RunningContainer[] }>;
  /** Null when there are none: it has gone, or started anew and nobody has told when. */
  read(one: RunningContainer): Promise<Reading | null>;
  /** Calls made to the Docker API so far. */
  engineCalls(): number;
}

interface Known {
  startedAt: number;
  folder: bigint;
  limits: SampleRow['values'];
  rounds: number;
  pid: number | null;
}

export function createContainerReader(options: {
  config: Pick<CollectorConfig, 'procDir' | 'cgroupDir' | 'statsFrom'>;
  engine: Engine | null;
  clock: Clock;
  /** Bytes of the machine's memory, once known. */
  hostMemory(): number | undefined;
}): ContainerReader {
  const { config, clock } = options;
  const engine = config.statsFrom === 'cgroup' ? null : options.engine;
  const tree: CgroupTree | null =
    config.statsFrom === 'docker' ? null : createCgroupTree({ dir: config.cgroupDir, clock });
  const net = createContainerNet(config.procDir);
  const processes = createFirstProcess({ procDir: config.procDir, clock });
  const known = new Map<string, Known>();
  let paths = new Map<string, string>();
  let engineCalls = 0;

  async function fromCgroup(one: RunningContainer, path: string): Promise<Reading | null> {
    const hierarchy = (await tree!.hierarchy())!;
    const figures = await readCgroup(hierarchy, path);
    if (!figures) {
      tree!.forget(one.id);
      return null;
    }
    const before = known.get(one.id);
    // A new cgroup under the old start: it was started again, and the inventory will say when.
    if (before && before.startedAt === one.startedAt && before.folder !== figures.folder) return null;
    const same = before?.startedAt === one.startedAt ? before : null;
    const own: Known = same ?? {
      startedAt: one.startedAt,
      folder: figures.folder,
      limits: {},
      rounds: 0,
      pid: null,
    };
    known.set(one.id, own);
    if (own.rounds++ % LIMITS_EVERY === 0) own.limits = await readLimits(hierarchy, path);
    const { oom_kills: oomKills, ...values } = figures.values;
    const traffic = await trafficOf(one, own, folderOf(hierarchy, path)!);
    return { values: { ...values, ...own.limits, ...traffic }, stall: figures.stall, oomKills };
  }

  async function trafficOf(one: RunningContainer, own: Known, folder: string): Promise<SampleRow['values']> {
    own.pid ??= await processes.of(one.id, folder, one.pid);
    const traffic = own.pid === null ? null : await net.read(own.pid);
    // The process ended and others of the container may live on.
    if (traffic === null) own.pid = null;
    return traffic ?? {};
  }

  async function fromEngine(one: RunningContainer): Promise<Reading | null> {
    if (!engine) return null;
    engineCalls++;
    const values = valuesFromEngine(await engine.stats(one.id), options.hostMemory());
    return values.cpu_seconds === undefined ? null : { values, oomKills: undefined };
  }

  return {
    async begin(running) {
      const ids = running.map((one) => one.id);
      const there = new Set(ids);
      for (const id of known.keys()) if (!there.has(id)) known.delete(id);
      paths = (await tree?.find(ids)) ?? new Map();
      return {
        files: running.filter((one) => paths.has(one.id)),
        asked: running.filter((one) => !paths.has(one.id) && one.docker && engine !== null),
      };
    },
    async read(one) {
      const path = paths.get(one.id);
      return path === undefined ? fromEngine(one) : fromCgroup(one, path);
    },
    engineCalls: () => engineCalls,
  };
}
