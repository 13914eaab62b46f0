import { keepNamedEnv } from '../identity/identity.ts';

/** What the proxy lets through, and what of the answers. Everything is an allow-list: a field of a newer API does not leak. */
export type Route = 'ping' | 'version' | 'events' | 'list' | 'inspect' | 'stats' | 'logs';

export interface AllowedCall {
  route: Route;
  /** Path and query as they are sent on, put together anew from what was understood. */
  path: string;
}

const ROUTES: { route: Route; path: RegExp; query: readonly string[] }[] = [
  { route: 'ping', path: /^\/_ping$/, query: [] },
  { route: 'version', path: /^\/version$/, query: [] },
  { route: 'events', path: /^\/events$/, query: ['since', 'until', 'filters'] },
  { route: 'list', path: /^\/containers\/json$/, query: ['all', 'limit', 'filters'] },
  { route: 'inspect', path: /^\/containers\/[A-Za-z0-9][\w.-]{0,254}\/json$/, query: [] },
  { route: 'stats', path: /^\/containers\/[A-Za-z0-9][\w.-]{0,254}\/stats$/, query: ['stream', 'one-shot'] },
  {
    route: 'logs',
    path: /^\/containers\/[A-Za-z0-9][\w.-]{0,254}\/logs$/,
    query: ['follow', 'stdout', 'stderr', 'since', 'until', 'timestamps', 'tail'],
  },
];

/**
 * The call a request target means, or null when it is not allowed. The path is compared as sent, undecoded: escapes, doubled slashes,
 * dots and absolute forms match nothing. Unknown and repeated parameters are refused, not passed on.
 */
export function allowedCall(method: string, target: string, allowLogs: boolean): AllowedCall | null {
  if (method !== 'GET' || target.length > 16_384) return null;
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const [, version = '', rest] = /^(\/v1\.\d{1,3})?(\/.*)$/s.exec(path) ?? [];
  const rule = ROUTES.find((candidate) => rest !== undefined && candidate.path.test(rest));
  if (!rule || (rule.route === 'logs' && !allowLogs)) return null;
  const given = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
  const query = new URLSearchParams();
  for (const [name, value] of given) {
    if (!rule.query.includes(name) || query.has(name)) return null;
    query.set(name, value);
  }
  const text = query.toString();
  return { route: rule.route, path: `${version}${rest}${text ? `?${text}` : ''}` };
}

type Json = Record<string, unknown>;

const asObject = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};

function pick(value: unknown, names: readonly string[]): Json {
  const from = asObject(value);
  const kept: Json = {};
  for (const name of names) if (Object.hasOwn(from, name)) kept[name] = from[name];
  return kept;
}

/** Log options that hold no secrets; others (`splunk-token`, `awslogs-…`) stay inside. */
const LOG_OPTIONS = ['max-size', 'max-file', 'compress', 'mode', 'max-buffer-size', 'cache-disabled', 'tag'];
const LIMITS = ['Memory', 'MemorySwap', 'NanoCpus', 'CpuQuota', 'CpuPeriod', 'CpuShares', 'CpusetCpus', 'PidsLimit'];

/** `GET /containers/{id}/json` without command, arguments, mounts, health output, and with `Env` cut to `envNames`. */
export function cutInspect(answer: unknown, envNames: readonly string[]): Json {
  const whole = asObject(answer);
  const config = asObject(whole.Config);
  const host = asObject(whole.HostConfig);
  const state = asObject(whole.State);
  const log = asObject(host.LogConfig);
  const env = keepNamedEnv(
    Array.isArray(config.Env) ? config.Env.filter((entry) => typeof entry === 'string') : [],
    envNames,
  );
  return {
    ...pick(whole, ['Id', 'Created', 'Name', 'Image', 'RestartCount', 'LogPath', 'Platform']),
    State: {
      ...pick(state, ['Status', 'Running', 'Paused', 'Restarting', 'OOMKilled', 'RemovalInProgress', 'Dead', 'Pid']),
      ...pick(state, ['ExitCode', 'StartedAt', 'FinishedAt']),
      ...(state.Health ? { Health: pick(state.Health, ['Status', 'FailingStreak']) } : {}),
    },
    Config: {
      ...pick(config, ['Hostname', 'Image', 'Labels', 'Tty']),
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    },
    HostConfig: {
      ...pick(host, ['NetworkMode', 'RestartPolicy', 'AutoRemove', ...LIMITS]),
      LogConfig: { Type: log.Type, Config: pick(log.Config, LOG_OPTIONS) },
    },
  };
}

/** `GET /containers/json` without commands, ports, mounts and networks. */
export function cutList(answer: unknown): Json[] {
  if (!Array.isArray(answer)) return [];
  const names = ['Id', 'Names', 'Image', 'ImageID', 'Created', 'State', 'Status', 'Labels'];
  return answer.map((container) => pick(container, names));
}

/** Whether a line of `GET /events` may pass: container events only, and not those of exec, which carry the command. */
export function passesEvent(line: string): boolean {
  try {
    const { Type, Action } = asObject(JSON.parse(line));
    return Type === 'container' && typeof Action === 'string' && !Action.startsWith('exec_');
  } catch {
    return false;
  }
}
