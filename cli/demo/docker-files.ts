import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import type { DemoContainer } from './fleet.ts';

/**
 * Files as dockerd leaves them in `containersDir`: one JSON line a log line, `config.v2.json` beside it, rotation by rename.
 * After moby `daemon/logger/jsonfilelog`, `loggerutils/logfile.go` and `container/container.go`.
 */

/** dockerd cuts longer lines into parts of this many bytes; only the last part ends in a newline, all carry one time. */
export const PART_BYTES = 16_384;

/** Escapes one line as moby's encoder does: `<`, `>`, `&` and control characters as \u00xx, tabs included. */
export function escapeLog(line: string): string {
  let out = line.includes('\t')
    ? line
        .split('\t')
        .map((part) => JSON.stringify(part).slice(1, -1))
        .join('\\u0009')
    : JSON.stringify(line).slice(1, -1);
  if (out.includes('<')) out = out.replaceAll('<', '\\u003c');
  if (out.includes('>')) out = out.replaceAll('>', '\\u003e');
  if (out.includes('&')) out = out.replaceAll('&', '\\u0026');
  return out;
}

const TWO: readonly string[] = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, '0'));

/** Encodes lines with times of nanosecond precision (RFC 3339, trailing zeros cut); keeps the last minute's text. */
export function createDockerEncoder(): (line: string, stderr: boolean, seconds: number, nanos: number) => string {
  let at = Number.NaN;
  let minute = '';
  return (line, stderr, seconds, nanos) => {
    if (Math.floor(seconds / 60) !== at) {
      at = Math.floor(seconds / 60);
      minute = new Date(at * 60_000).toISOString().slice(0, 17);
    }
    let fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0')}`;
    if (fraction.endsWith('0')) fraction = fraction.replace(/0+$/, '');
    const tail = `","stream":"${stderr ? 'stderr' : 'stdout'}","time":"${minute}${TWO[seconds % 60]}${fraction}Z"}\n`;
    if (line.length < PART_BYTES / 3 || Buffer.byteLength(line) < PART_BYTES)
      return `{"log":"${escapeLog(line)}\\n${tail}`;
    const bytes = Buffer.from(`${line}\n`);
    let out = '';
    for (let p = 0; p < bytes.length; p += PART_BYTES) {
      const part = bytes.toString('utf8', p, Math.min(bytes.length, p + PART_BYTES));
      const ends = part.endsWith('\n');
      out += `{"log":"${escapeLog(ends ? part.slice(0, -1) : part)}${ends ? '\\n' : ''}${tail}`;
    }
    return out;
  };
}

export interface DockerState {
  running: boolean;
  createdAt: Date;
  startedAt: Date;
  finishedAt?: Date;
  exitCode?: number;
  oomKilled?: boolean;
  restarts?: number;
}

export interface LogLimits {
  maxBytes: number;
  maxFiles: number;
  compress?: boolean;
}

export const logPath = (containersDir: string, id: string): string => join(containersDir, id, `${id}-json.log`);

/** First process of a container, the same after each start. */
export const pidOf = (container: DemoContainer): number => 2000 + (container.seed % 30_000);

/** Writes `config.v2.json` and `hostconfig.json` whole or not at all, so that nobody reads half of one. */
export function writeDockerConfig(
  containersDir: string,
  container: DemoContainer,
  state: DockerState,
  limits?: LogLimits,
): void {
  const dir = join(containersDir, container.id);
  mkdirSync(dir, { recursive: true });
  const LogConfig = {
    Type: 'json-file',
    Config: limits
      ? {
          'max-size': `${limits.maxBytes}`,
          'max-file': `${limits.maxFiles}`,
          ...(limits.compress ? { compress: 'true' } : {}),
        }
      : {},
  };
  const config = {
    StreamConfig: {},
    State: {
      Running: state.running,
      Paused: false,
      Restarting: false,
      OOMKilled: state.oomKilled ?? false,
      RemovalInProgress: false,
      Dead: false,
      Pid: state.running ? pidOf(container) : 0,
      ExitCode: state.exitCode ?? 0,
      Error: '',
      StartedAt: state.startedAt.toISOString(),
      FinishedAt: state.finishedAt?.toISOString() ?? '0001-01-01T00:00:00Z',
      Health: null,
    },
    ID: container.id,
    Created: state.createdAt.toISOString(),
    Managed: false,
    Path: 'java',
    Args: [],
    Config: {
      Hostname: container.id.slice(0, 12),
      Env: variables(container),
      Image: `${container.image}:${container.version}`,
      Labels: labels(container),
    },
    Image: `sha256:${container.id}`,
    LogPath: logPath(containersDir, container.id),
    Name: `/${container.name}`,
    Driver: 'overlay2',
    OS: 'linux',
    RestartCount: state.restarts ?? 0,
    HasBeenStartedBefore: true,
    HostConfig: { LogConfig },
  };
  replaceFile(join(dir, 'config.v2.json'), JSON.stringify(config));
  replaceFile(join(dir, 'hostconfig.json'), JSON.stringify({ Binds: null, LogConfig, NetworkMode: 'default' }));
}

function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

function variables(container: DemoContainer): string[] {
  const common = ['PATH=/usr/local/bin:/usr/bin:/bin', 'TZ=Asia/Shanghai', `DB_PASSWORD=${container.id.slice(0, 8)}`];
  if (container.naming !== 'variables') return common;
  return [...common, `APP_NAME=${container.app}`, `ENVIRONMENT=${container.env}`];
}

function labels(container: DemoContainer): Record<string, string> {
  if (container.naming === 'labels') return { 'fleetlog.app': container.app, 'fleetlog.env': container.env };
  if (container.naming === 'compose') {
    return {
      'com.docker.compose.project': container.env,
      'com.docker.compose.service': container.app,
      'com.docker.compose.container-number': String(container.slot),
    };
  }
  return {};
}

export interface DockerLogFile {
  readonly path: string;
  /** Rotations so far. */
  readonly rotations: number;
  /** Appends whole lines; rotates first when the file is full. Synchronous, as a crash of the writer must leave whole lines. */
  write(bytes: Uint8Array): void;
  close(): void;
}

/** Appends to a json-file log and rotates it the way dockerd does: shift `.n`, rename to `.1`, create anew, gzip `.1`. */
export function openDockerLog(path: string, limits?: LogLimits): DockerLogFile {
  mkdirSync(dirname(path), { recursive: true });
  let fd = openSync(path, 'a');
  let size = statSync(path).size;
  let rotations = 0;

  function rotate({ maxFiles, compress }: LogLimits): void {
    closeSync(fd);
    const ending = compress ? '.gz' : '';
    if (maxFiles < 2) rmSync(path, { force: true });
    else {
      for (let n = maxFiles - 1; n > 1; n--) {
        const from = `${path}.${n - 1}${ending}`;
        if (existsSync(from)) renameSync(from, `${path}.${n}${ending}`);
      }
      renameSync(path, `${path}.1`);
    }
    fd = openSync(path, 'a');
    size = 0;
    rotations++;
    if (compress && maxFiles >= 2) {
      writeFileSync(`${path}.1.gz`, gzipSync(readFileSync(`${path}.1`), { level: constants.Z_BEST_SPEED }));
      rmSync(`${path}.1`);
    }
  }

  return {
    path,
    get rotations() {
      return rotations;
    },
    write(bytes) {
      if (limits && size >= limits.maxBytes) rotate(limits);
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
      size += bytes.length;
    },
    close: () => closeSync(fd),
  };
}
