import type { ContainerInspectInfo } from 'dockerode';
import type { ContainerStatus } from '../../model/batch.ts';
import { type ContainerFacts, keepNamedEnv } from '../identity/identity.ts';
import { microsFromRfc3339 } from './times.ts';

type State = Pick<
  ContainerStatus,
  'state' | 'health' | 'createdAt' | 'startedAt' | 'finishedAt' | 'exitCode' | 'oomKilled' | 'restarts'
>;

/** What the collector knows of one docker container, whoever told it. Times are µs. */
export interface ContainerRecord extends ContainerFacts, State {
  /** 64 hex digits. */
  id: string;
  /** `sha256:…` of the image, which tells two builds with one tag apart; empty when unknown. */
  imageId: string;
  /** First process of the start that `startedAt` tells of, as the engine's machine counts processes; null while that is not known. */
  pid: number | null;
  tty: boolean;
  logDriver: string;
  logOptions: Record<string, string>;
}

export interface EngineState {
  Running?: boolean;
  Paused?: boolean;
  Restarting?: boolean;
  RemovalInProgress?: boolean;
  Dead?: boolean;
  OOMKilled?: boolean;
  Pid?: number;
  ExitCode?: number;
  StartedAt?: string;
  FinishedAt?: string;
  Health?: { Status?: string } | null;
}

/** State as moby's `State.StateString` derives it; the API's answer and `config.v2.json` hold the same fields. */
export function stateFrom(
  state: EngineState,
  created: string | undefined,
  restarts: number | undefined,
): State & Pick<ContainerRecord, 'pid'> {
  const startedAt = microsFromRfc3339(state.StartedAt);
  const over = !state.Running && startedAt !== null;
  return {
    state: state.Running
      ? state.Paused
        ? 'paused'
        : state.Restarting
          ? 'restarting'
          : 'running'
      : startedAt === null && !state.Dead
        ? 'created'
        : 'exited',
    health: healthFrom(state.Health?.Status),
    createdAt: microsFromRfc3339(created),
    startedAt,
    finishedAt: microsFromRfc3339(state.FinishedAt),
    exitCode: over ? (state.ExitCode ?? null) : null,
    oomKilled: state.OOMKilled ?? false,
    restarts: restarts ?? 0,
    pid: state.Running && Number.isSafeInteger(state.Pid) && state.Pid! > 0 ? state.Pid! : null,
  };
}

export function healthFrom(status: string | undefined): ContainerStatus['health'] {
  return status === 'healthy' || status === 'unhealthy' || status === 'starting' ? status : null;
}

/** The Docker API's answer to `GET /containers/{id}/json`. Environment variables not in `envNames` are dropped here. */
export function recordFromInspect(info: ContainerInspectInfo, envNames: readonly string[]): ContainerRecord {
  const config = info.Config ?? {};
  const log = info.HostConfig?.LogConfig;
  return {
    id: info.Id,
    name: (info.Name ?? '').replace(/^\//, ''),
    image: config.Image ?? '',
    imageId: info.Image ?? '',
    labels: config.Labels ?? {},
    env: keepNamedEnv(config.Env, envNames),
    tty: config.Tty ?? false,
    logDriver: log?.Type || 'json-file',
    logOptions: log?.Config ?? {},
    ...stateFrom(info.State ?? {}, info.Created, info.RestartCount),
  };
}
