import { type Dirent, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, extname } from 'node:path';
import type { ContainerStatus } from '../../model/batch.ts';
import type { Source } from '../../model/source.ts';
import type { DiscoveryHandlers, FileTarget } from '../discovery.ts';
import { cleanName } from '../identity/names.ts';
import type { Log } from '../log.ts';
import type { DirectoryWatcher } from '../watch.ts';
import type { Finder } from './docker-containers.ts';
import { createLiveFiles } from './live-files.ts';
import type { Captures, PathState, PathTemplate } from './path-template.ts';
import { isCompressed, liveNames } from './rotated-names.ts';
import { lookAtEntry } from './safe-entry.ts';
import { createScanGate } from './scan-gate.ts';
import { fileStatus } from './sources.ts';

/** Folders of one template: a mistaken `/data/**` must not watch a whole disk. */
const FOLDERS = 20_000;
/** A rotated name without its live file beside it is a log of its own after this. */
const ALONE_MS = 3_000;

interface Folder {
  real: string;
  states: PathState[];
  watch: { close(): void };
  /** Real paths of the folders below that were entered from here. */
  inside: Set<string>;
}

export interface PathFilesOptions {
  template: PathTemplate;
  host: string;
  watcher: DirectoryWatcher;
  handlers: DiscoveryHandlers;
  log: Log;
}

/** Log files by one path template: a walk over the folders it means, each watched, links followed as far as is safe. */
export function createPathFiles(options: PathFilesOptions): Finder {
  const { template, watcher, log } = options;
  const files = createLiveFiles(options.handlers, log);
  const folders = new Map<string, Folder>();
  const gate = createScanGate((real) => {
    if (real === root) for (const folder of [...folders.values()]) scan(folder);
    else if (folders.has(real)) scan(folders.get(real)!);
  });
  const told = new Set<string>();
  const alone = new Map<string, NodeJS.Timeout>();
  const ownRoot = new Set<string>();
  let root = '';
  let top: { close(): void } | null = null;
  let closed = false;

  function warnOnce(path: string, message: string): void {
    if (told.has(path) || told.size > 10_000) return;
    told.add(path);
    log.warn({ path, template: template.template }, message);
  }

  function enter(real: string, states: PathState[], from: Set<string>): void {
    // Met before: by its real name, by another link, or by a link to a folder above itself, which ends here.
    if (folders.has(real)) return;
    if (folders.size >= FOLDERS) {
      warnOnce(
        template.template,
        `the template means more than ${FOLDERS} folders: the rest is not read; make it narrower`,
      );
      return;
    }
    const folder: Folder = { real, states, inside: new Set(), watch: { close() {} } };
    folders.set(real, folder);
    from.add(real);
    folder.watch = watcher.watch(real, (name) => changed(folder, name));
    scan(folder);
  }

  function changed(folder: Folder, name: string | null): void {
    if (name === null) gate.changed(folder.real);
    else if (files.has(`file:${folder.real}/${name}`)) gate.written(folder.real, `${folder.real}/${name}`);
    else if (template.file(folder.states, name) || template.into(folder.states, name).length > 0)
      gate.changed(folder.real);
  }

  function leave(real: string): void {
    const folder = folders.get(real);
    if (!folder) return;
    folders.delete(real);
    folder.watch.close();
    for (const inside of folder.inside) leave(inside);
    files.drop(real);
  }

  function list(real: string): Dirent[] | null {
    try {
      return readdirSync(real, { withFileTypes: true });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return null;
      warnOnce(real, `cannot list a folder of log files (${code}); grant the collector access`);
      return [];
    }
  }

  function scan(folder: Folder): void {
    if (closed || folders.get(folder.real) !== folder) return;
    const entries = list(folder.real);
    if (!entries) {
      leave(folder.real);
      return;
    }
    // Real folders before links, so that a link never takes the place of what it points to.
    entries.sort((a, b) => Number(a.isSymbolicLink()) - Number(b.isSymbolicLink()) || (a.name < b.name ? -1 : 1));
    const names = new Set(entries.map((entry) => entry.name));
    const keys = new Set<string>();
    const inside = new Set<string>();
    for (const entry of entries) {
      const captures = template.file(folder.states, entry.name);
      const states = template.into(folder.states, entry.name);
      if (!captures && states.length === 0) continue;
      const found = lookAtEntry(root, folder.real, entry);
      if (found.kind === 'skip') {
        if (found.why) warnOnce(`${folder.real}/${entry.name}`, `a log path is not read: ${found.why}`);
      } else if (found.kind === 'folder' && states.length > 0) {
        inside.add(found.real);
        enter(found.real, states, folder.inside);
      } else if (found.kind === 'file' && captures && isLive(folder, entry.name, names)) {
        const target = targetOf(found.real, captures);
        keys.add(target.key);
        files.add(folder.real, target);
      }
    }
    for (const real of [...folder.inside]) {
      if (inside.has(real)) continue;
      folder.inside.delete(real);
      leave(real);
      // Another way to it may have been passed over because of this one.
      if (folders.has(root)) gate.changed(root);
    }
    files.keep(folder.real, keys);
  }

  /** False for what belongs to another file as its past. */
  function isLive(folder: Folder, name: string, names: Set<string>): boolean {
    const path = `${folder.real}/${name}`;
    const lives = liveNames(name).filter((live) => template.file(folder.states, live) !== null);
    if (lives.some((live) => names.has(live))) {
      clearTimeout(alone.get(path));
      alone.delete(path);
      return false;
    }
    if (isCompressed(name)) {
      if (lives.length === 0) warnOnce(path, 'a compressed file that belongs to no live log is not read');
      return false;
    }
    if (lives.length === 0 || ownRoot.has(path)) return true;
    // Its live file may be about to be created anew by the rotation that is going on.
    if (!alone.has(path)) {
      const timer = setTimeout(() => {
        alone.delete(path);
        ownRoot.add(path);
        scan(folder);
      }, ALONE_MS);
      timer.unref();
      alone.set(path, timer);
    }
    return false;
  }

  function targetOf(real: string, captures: Captures): FileTarget {
    return {
      kind: 'file',
      key: `file:${real}`,
      source: pathSource(template, options.host, real, captures),
      reader: 'file',
      path: real,
      rotation: 'logrotate',
      root,
      ...(template.time ? { time: template.time } : {}),
    };
  }

  function begin(): void {
    if (closed) return;
    let real: string;
    try {
      real = realpathSync.native(template.root);
    } catch {
      leave(root);
      warnOnce(template.root, 'the folder of a path template does not exist (yet); waiting for it');
      return;
    }
    if (real !== root) leave(root);
    root = real;
    const there = folders.get(real);
    if (there) scan(there);
    else enter(real, template.first, new Set());
  }

  return {
    async start() {
      top = watcher.watch(template.root, (name) => {
        if (name === null) begin();
      });
      begin();
    },
    async rescan() {
      begin();
      for (const folder of [...folders.values()]) scan(folder);
    },
    statuses: () => statusesOf(files.targets()),
    // No containers: there is nothing to measure.
    running: () => [],
    async close() {
      closed = true;
      top?.close();
      gate.close();
      for (const folder of folders.values()) folder.watch.close();
      for (const timer of alone.values()) clearTimeout(timer);
      files.close();
    },
  };
}

function pathSource(template: PathTemplate, host: string, real: string, captures: Captures): Source {
  const stem = basename(real, extname(real));
  const app = cleanName(captures.app ?? '') || template.app || stem;
  const env = cleanName(captures.env ?? '') || template.env || 'default';
  const instance = cleanName(captures.instance ?? '') || host;
  return {
    host,
    container: '',
    containerName: instance,
    image: '',
    version: '',
    app,
    env,
    instance,
    path: real,
    reader: 'file',
    named: {
      app: captures.app ? 'path {app}' : template.app ? 'collector.paths app' : 'file name',
      env: captures.env ? 'path {env}' : template.env && template.env !== 'default' ? 'collector.paths env' : 'default',
    },
    labels: {},
  };
}

/** One entry an instance: it may write several files. */
function statusesOf(targets: FileTarget[]): ContainerStatus[] {
  const statuses = new Map<string, ContainerStatus>();
  for (const { source } of targets) {
    const key = [source.app, source.env, source.instance, dirname(source.path)].join('\0');
    if (!statuses.has(key)) statuses.set(key, fileStatus(source, 'file'));
  }
  return [...statuses.values()];
}
