import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Recording {
  host: Record<string, string>;
  container: Record<string, string>;
}

/** A host's `/proc` and `/sys/fs/cgroup` in a folder, with as many containers as asked for, all alike until they are changed. */
export interface RecordedHost {
  procDir: string;
  cgroupDir: string;
  /** Its files, all in one; the container may be there already, started anew. */
  start(id: string, pid: number): void;
  /** Its processes and cgroups go. */
  end(id: string, pid: number): void;
  /** Writes one of the container's files whole, named as in the recording by its end (`cpu.stat`). */
  write(id: string, pid: number, name: string, text: string): void;
  /** A file of the host's, below the folder. */
  writeHost(path: string, text: string): void;
}

export function recordedHost(dir: string, version: 'v1' | 'v2'): RecordedHost {
  const recording = JSON.parse(
    readFileSync(new URL(`../fixtures/cgroup/${version}.json`, import.meta.url), 'utf8'),
  ) as Recording;
  const fill = (text: string, id: string, pid: number): string =>
    text.replaceAll('{id}', id).replaceAll('{pid}', `${pid}`);
  const put = (path: string, text: string): void => {
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    // A kernel never shows half a file.
    writeFileSync(`${file}.next`, text);
    renameSync(`${file}.next`, file);
  };
  const folders = (id: string, pid: number): Set<string> =>
    new Set(
      Object.keys(recording.container)
        .map((path) => fill(path, id, pid))
        .map((path) => path.slice(0, path.includes(id) ? path.indexOf('/', path.indexOf(id)) : path.indexOf('/', 5))),
    );
  for (const [path, text] of Object.entries(recording.host)) put(path, text);
  return {
    procDir: join(dir, 'proc'),
    cgroupDir: join(dir, 'cgroup'),
    start(id, pid) {
      for (const [path, text] of Object.entries(recording.container)) put(fill(path, id, pid), fill(text, id, pid));
    },
    end(id, pid) {
      for (const folder of folders(id, pid)) rmSync(join(dir, folder), { recursive: true, force: true });
    },
    write(id, pid, name, text) {
      const path = Object.keys(recording.container).find((one) => one.endsWith(`/${name}`));
      if (path === undefined) throw new Error(`no file ${name} in the recording`);
      put(fill(path, id, pid), text);
    },
    writeHost: put,
  };
}
