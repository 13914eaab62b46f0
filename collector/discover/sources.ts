import type { ContainerStatus } from '../../model/batch.ts';
import type { Reader, Source } from '../../model/source.ts';
import type { ContainerRecord } from '../docker/record.ts';
import type { ContainerFacts, Identity } from '../identity/identity.ts';

/** Of all labels only those the configuration names. */
export function keptLabels(labels: Record<string, string>, names: readonly string[]): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of names) if (typeof labels[name] === 'string') kept[name] = labels[name];
  return kept;
}

export function containerSource(
  record: ContainerFacts & { id: string },
  identity: Identity,
  rest: { host: string; path: string; reader: Reader; labels: readonly string[] },
): Source {
  return {
    host: rest.host,
    container: record.id,
    containerName: record.name || record.id.slice(0, 12),
    image: record.image,
    version: identity.version,
    app: identity.app,
    env: identity.env,
    instance: identity.instance,
    path: rest.path,
    reader: rest.reader,
    named: identity.named,
    labels: keptLabels(record.labels, rest.labels),
  };
}

export function containerStatus(
  record: ContainerRecord,
  identity: Identity,
  rest: { reader: string; removed: boolean; warnings: string[] },
): ContainerStatus {
  return {
    container: record.id,
    containerName: record.name || record.id.slice(0, 12),
    app: identity.app,
    env: identity.env,
    instance: identity.instance,
    image: record.image,
    version: identity.version,
    named: identity.named,
    state: rest.removed ? 'removed' : record.state,
    health: record.health,
    createdAt: record.createdAt,
    startedAt: record.startedAt,
    finishedAt: record.finishedAt,
    exitCode: record.exitCode,
    oomKilled: record.oomKilled,
    restarts: record.restarts,
    reader: rest.reader,
    logDriver: record.logDriver,
    warnings: rest.warnings,
  };
}

/** Status of something that is a directory of files and no docker container: a pod's container, or a plain-file instance. */
export function fileStatus(source: Source, reader: string): ContainerStatus {
  return {
    container: source.container,
    containerName: source.containerName,
    app: source.app,
    env: source.env,
    instance: source.instance,
    image: source.image,
    version: source.version,
    named: source.named,
    state: 'unknown',
    health: null,
    createdAt: null,
    startedAt: null,
    finishedAt: null,
    exitCode: null,
    oomKilled: false,
    restarts: 0,
    reader,
    logDriver: '',
    warnings: [],
  };
}
