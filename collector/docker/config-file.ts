import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepNamedEnv } from '../identity/identity.ts';
import { type ContainerRecord, type EngineState, stateFrom } from './record.ts';

/** The parts of moby's `config.v2.json` that are read here (moby `container/container.go`). */
interface ConfigFile {
  ID?: string;
  Name?: string;
  Created?: string;
  Image?: string;
  RestartCount?: number;
  State?: EngineState;
  Config?: { Image?: string; Labels?: Record<string, string> | null; Env?: string[] | null; Tty?: boolean };
}

interface HostConfigFile {
  LogConfig?: { Type?: string; Config?: Record<string, string> | null };
}

/**
 * A container as docker's own files beside its log describe it: `config.v2.json`, and `hostconfig.json` for the log driver. Null
 * while they are not there yet or are no description of `id`. Docker replaces both by rename, so a read sees a whole file.
 */
export function readContainerFiles(
  containersDir: string,
  id: string,
  envNames: readonly string[],
): ContainerRecord | null {
  const config = readJson<ConfigFile>(join(containersDir, id, 'config.v2.json'));
  if (!config || config.ID !== id || !config.Config) return null;
  // Written just after the first; without it the driver is a guess, and a wrong guess would read the wrong way.
  const host = readJson<HostConfigFile>(join(containersDir, id, 'hostconfig.json'));
  if (!host) return null;
  return {
    id,
    name: (config.Name ?? '').replace(/^\//, ''),
    image: config.Config.Image ?? '',
    imageId: config.Image ?? '',
    labels: config.Config.Labels ?? {},
    env: keepNamedEnv(config.Config.Env, envNames),
    tty: config.Config.Tty ?? false,
    logDriver: host.LogConfig?.Type || 'json-file',
    logOptions: host.LogConfig?.Config ?? {},
    ...stateFrom(config.State ?? {}, config.Created, config.RestartCount),
  };
}

function readJson<T>(path: string): T | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as T) : null;
  } catch {
    // Not there (yet), out of reach, or torn by a crash: the caller has other ways, and asks again at the next change.
    return null;
  }
}
