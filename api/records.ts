import { setImmediate as nextTurn } from 'node:timers/promises';
import { extractFields } from '../model/fields.ts';
import { encodeRecordId } from '../model/position.ts';
import { FLAG, type LogRecord } from '../model/record.ts';
import type { ApiRecord } from './contract.ts';
import { createRecordJson } from './record-json.ts';
import { formatTime } from './times.ts';

const FLAG_NAMES: readonly [number, string][] = [
  [FLAG.TRUNCATED, 'truncated'],
  [FLAG.MOJIBAKE, 'mojibake'],
  [FLAG.PARSE_ERROR, 'parse_error'],
  [FLAG.LOSSY, 'lossy'],
  [FLAG.REDACTED, 'redacted'],
];

export function flagNames(flags: number): string[] {
  return FLAG_NAMES.filter(([bit]) => flags & bit).map(([, name]) => name);
}

export function apiRecord(record: LogRecord): ApiRecord {
  const { source } = record;
  const flags = record.flags === 0 ? [] : flagNames(record.flags);
  return {
    id: encodeRecordId(record),
    time: formatTime(record.time),
    app: source.app,
    env: source.env,
    host: source.host,
    container: source.container,
    containerName: source.containerName,
    instance: source.instance,
    stream: record.stream,
    path: source.path,
    level: record.level,
    message: record.message,
    fields: fieldsOf(record.message),
    image: source.image,
    version: source.version,
    ...(record.raw !== undefined && { raw: record.raw }),
    ...(flags.length > 0 && { flags }),
  };
}

/** Field names come from lines anyone may write: without a prototype `__proto__` is a name like any other. */
function fieldsOf(message: string): Record<string, string> {
  const fields = Object.create(null) as Record<string, string>;
  for (const [name, value] of extractFields(message)) fields[name] = value;
  return fields;
}

/** How long one slice of work may hold the event loop; others wait for it. */
const SLICE_MS = 5;

/** Records as JSON texts, made in slices so that ten thousand of them hold nobody up. */
export async function recordTexts(records: readonly LogRecord[], signal?: AbortSignal): Promise<string[]> {
  const texts: string[] = [];
  const json = createRecordJson();
  let until = performance.now() + SLICE_MS;
  for (const record of records) {
    texts.push(json(record));
    if (performance.now() < until) continue;
    await nextTurn();
    signal?.throwIfAborted();
    until = performance.now() + SLICE_MS;
  }
  return texts;
}
