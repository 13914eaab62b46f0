import { FleetlogError } from '../../model/errors.ts';
import { textOf } from './compose.ts';
import { nanosToUs } from './line-time.ts';
import type { LokiEntry, LokiStream } from './loki.ts';
import { readLabels } from './loki-labels.ts';
import { bytesOf, type Field, int64Of, readMessage, readNested, stringOf } from './protobuf.ts';

/**
 * `logproto.PushRequest` (grafana/loki, pkg/push/push.proto): streams = 1 {labels = 1, entries = 2 {timestamp = 1 {seconds = 1,
 * nanos = 2}, line = 2, structuredMetadata = 3 {name = 1, value = 2}}}. Throws `bad_batch`.
 */
export function readLokiProtobuf(body: Buffer): LokiStream[] {
  const streams: LokiStream[] = [];
  readMessage(body, 0, body.length, (field) => {
    if (field.number === 1) streams.push(readStream(field));
  });
  return streams;
}

function readStream(stream: Field): LokiStream {
  let labels = '';
  const entries: LokiEntry[] = [];
  readNested(stream, (field) => {
    if (field.number === 1) labels = stringOf(field);
    else if (field.number === 2) entries.push(readEntry(field));
  });
  const found = readLabels(labels);
  if (!found) {
    throw new FleetlogError('bad_batch', `cannot read the labels ${JSON.stringify(labels.slice(0, 200))}`, {
      hint: '{app="shop", env="prod"}',
    });
  }
  return { labels: found, entries };
}

function readEntry(entry: Field): LokiEntry {
  let seconds = 0n;
  let nanos = 0n;
  let line: string | Buffer = '';
  const metadata: LokiEntry['metadata'] = [];
  readNested(entry, (field) => {
    if (field.number === 1) {
      readNested(field, (part) => {
        if (part.number === 1) seconds = int64Of(part);
        else if (part.number === 2) nanos = int64Of(part);
      });
    } else if (field.number === 2) line = textOf(bytesOf(field));
    else if (field.number === 3) metadata.push(readPair(field));
  });
  const time = seconds * 1_000_000_000n + nanos;
  return { time: nanosToUs(time), given: time === 0n ? '' : String(time), line, metadata };
}

function readPair(pair: Field): [string, string] {
  let name = '';
  let value = '';
  readNested(pair, (field) => {
    if (field.number === 1) name = stringOf(field);
    else if (field.number === 2) value = stringOf(field);
  });
  return [name, value];
}
