import type { ContainerStatus } from '../model/batch.ts';
import type { Source } from '../model/source.ts';

/**
 * What is there to read. Discovery finds targets (docker, config.v2.json, CRI directories, path templates) and says when
 * they change or go; the tailer reads them. Handlers are called in order and never throw.
 */
export interface Discovery {
  /** Calls `found` for everything there is before it resolves, then watches. */
  start(handlers: DiscoveryHandlers): Promise<void>;
  /** Containers and plain-file instances as known now; removed ones for as long as the inventory keeps them. */
  containers(): ContainerStatus[];
  /** What runs now, for those who measure it; a container just started follows when its exact start is known. */
  running(): RunningContainer[];
  docker(): { reachable: boolean; reason?: string };
  /** Looks at everything again, e.g. after a watch overflowed. */
  rescan(): Promise<void>;
  close(): Promise<void>;
}

export interface DiscoveryHandlers {
  found(target: Target): void;
  /** The container is gone or its file was unlinked for good: drain what is open to the end, flush partial lines, then let go. */
  gone(key: string): void;
  event(event: ContainerEvent): void;
}

export interface RunningContainer {
  /** 64 hex digits. */
  id: string;
  /** µs, the same whoever asks and whenever: it tells one start of a container from the next. */
  startedAt: number;
  /** Times the engine itself restarted it; null where that is not counted. */
  restarts: number | null;
  /** Its first process as the machine counts them, or null. */
  pid: number | null;
  /** As its events carry it. */
  source: Source;
  /** The Docker API knows it. */
  docker: boolean;
}

export type Target = FileTarget | StreamTarget;

interface TargetBase {
  /** Stable and unique: `docker:<id>`, `cri:<dir>`, `file:<real path>`, `api:<id>`. A second `found` with the same key replaces the source. */
  key: string;
  source: Source;
}

/** A live log file and the rotated siblings that go with it. */
export interface FileTarget extends TargetBase {
  kind: 'file';
  reader: 'json-file' | 'cri' | 'file';
  /** The live file; it may not exist yet (a container just created) or for a moment (rotation). */
  path: string;
  /**
   * How rotated siblings are called: `docker` path.1 path.2 (.gz); `cri` path.YYYYMMDD-HHMMSS (.gz); `logrotate` path.N and path-DATE (.gz).
   */
  rotation: 'docker' | 'cri' | 'logrotate';
  /** For hostile directories: the resolved file must stay below this folder and be a regular file; null trusts the path. */
  root: string | null;
  /** Plain files: layout and zone of the stamp at the line start (config `collector.paths`). */
  time?: { layout: string; zone: string };
}

/** A container read through the Docker API because of its log driver or because its files are out of reach. */
export interface StreamTarget extends TargetBase {
  kind: 'stream';
  /**
   * Lines from `sinceUs` on (0: all there are), then as they come. Ends when the container ends or the daemon goes; the reader opens
   * it again. Lines may repeat around `sinceUs`.
   */
  open(sinceUs: number, signal: AbortSignal): AsyncIterable<StreamLine>;
}

export interface StreamLine {
  stream: 'stdout' | 'stderr';
  /** µs. */
  time: number;
  /** Without its newline; at most `collector.lineBytes` of it. */
  line: Buffer;
  /** Bytes cut off the end because the line was longer; absent when it is whole. */
  cutBytes?: number;
}

/** A lifecycle event, already with the identity of its container. */
export interface ContainerEvent {
  /** µs. */
  time: number;
  type:
    | 'create'
    | 'start'
    | 'die'
    | 'oom'
    | 'restart'
    | 'health'
    | 'deploy'
    | 'stop'
    | 'destroy'
    | 'pause'
    | 'unpause'
    | 'rename'
    | 'throttled'
    | 'memory_pressure'
    | 'restart_loop';
  source: Source;
  /** Further facts: exitCode, image, health, previous image… */
  attributes: Record<string, string>;
}
