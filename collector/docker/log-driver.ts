import type { ContainerRecord } from './record.ts';

/** How a container's lines are to be had. */
export type Reading = 'file' | 'api' | 'nothing';

export interface Reachable {
  /** The container's directory with its json-file can be opened. */
  file: boolean;
  engine: boolean;
}

/** json-file is read from its file; any other driver, or a file out of reach, through the API; `none` keeps nothing. */
export function readingOf(record: ContainerRecord, reachable: Reachable): Reading {
  if (record.logDriver === 'none') return 'nothing';
  if (record.logDriver === 'json-file' && reachable.file) return 'file';
  return 'api';
}

/** What is weak about how this container logs, one sentence each, for a person. */
export function logWarnings(record: ContainerRecord, reachable: Reachable): string[] {
  const { logDriver: driver, logOptions: options } = record;
  const warnings: string[] = [];
  if (driver === 'none') return ['log driver none: docker keeps no lines of this container; use json-file or local'];
  if (driver === 'json-file') {
    const rotates = options['max-size'] !== undefined && options['max-size'] !== '-1';
    if (rotates && Number(options['max-file'] ?? 1) <= 1)
      warnings.push(
        'max-file=1: docker deletes the whole log at each rotation, so lines written while the collector is down are lost; set max-file to 2 or more',
      );
    if (!reachable.file)
      warnings.push(
        'its log file cannot be reached, so it is read through the Docker API, which promises less; mount collector.containersDir',
      );
  } else {
    warnings.push(`log driver ${driver}: read through the Docker API, which promises less than json-file's own file`);
  }
  if (!reachable.engine && readingOf(record, reachable) === 'api')
    warnings.push('nothing is read: the Docker API is out of reach, and there is no file to read instead');
  if (options.mode === 'non-blocking')
    warnings.push(
      `mode=non-blocking: docker itself drops lines when its buffer (max-buffer-size, here ${options['max-buffer-size'] ?? '1m'}) is full`,
    );
  return warnings;
}
