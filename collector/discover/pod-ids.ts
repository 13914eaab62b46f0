import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FileTarget, RunningContainer } from '../discovery.ts';

/** The kubelet's links: `<pod>_<namespace>_<container>-<id>.log` (kubernetes `kuberuntime` `logSymlink`). */
const LINK = /^([^_]+)_([^_]+)_(.+)-([0-9a-f]{64})\.log$/;

/**
 * Ids of the containers whose logs are read, from the names of the links in `/var/log/containers`: the logs' own folders hold none. Of an
 * ended container the link stays for a while; it has no processes left that could be measured. Empty where there is no such folder.
 */
export function runningPods(linksDir: string, targets: readonly FileTarget[]): RunningContainer[] {
  let names: string[];
  try {
    names = readdirSync(linksDir);
  } catch {
    return [];
  }
  const sources = new Map(targets.map(({ source }) => [`${source.containerName} ${source.env}`, source]));
  return names.flatMap((name) => {
    const [, pod, namespace, container, id] = LINK.exec(name) ?? [];
    const source = sources.get(`${pod}/${container} ${namespace}`);
    const startedAt = id && source ? madeAt(join(linksDir, name)) : null;
    if (!id || !source || startedAt === null) return [];
    const own = { ...source, container: id, path: '', reader: 'event' as const };
    return [{ id, startedAt, restarts: null, pid: null, source: own, docker: false }];
  });
}

/** µs; the kubelet makes the link when it starts the container, and each start is another container with another link. */
function madeAt(path: string): number | null {
  try {
    return Math.floor(lstatSync(path).mtimeMs * 1000);
  } catch {
    return null;
  }
}
