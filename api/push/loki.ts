import { FleetlogError } from '../../model/errors.ts';
import { UNDETECTED_LEVEL } from '../../model/level.ts';
import { withoutBreak } from './document-line.ts';
import type { Defaults } from './identity.ts';
import type { Intake } from './intake.ts';
import { isObject, scalarText } from './json-document.ts';
import type { Attribute } from './line.ts';
import { namedLevel } from './line-level.ts';
import { lineTime } from './line-time.ts';
import { createSlices } from './slices.ts';

/** A stream of a Loki push: lines of one set of labels. */
export interface LokiStream {
  labels: Map<string, string>;
  entries: LokiEntry[];
}

export interface LokiEntry {
  /** µs. */
  time: number | null;
  /** The time as it came. */
  given: string;
  line: string | Buffer;
  metadata: [name: string, value: string][];
}

const LEVEL_LABELS = ['detected_level', 'level', 'severity', 'severity_text'];

/** `{streams: [{stream: {…}, values: [[ns, line, {…}?], …]}]}`. Throws `bad_batch`. */
export function readLokiJson(body: Buffer): LokiStream[] {
  let document: unknown;
  try {
    document = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new FleetlogError('bad_batch', 'cannot read the push: it is no JSON', { cause });
  }
  const streams = isObject(document) ? document.streams : undefined;
  if (!Array.isArray(streams)) return refuse('streams is no list');
  return streams.map((one: unknown): LokiStream => {
    if (!isObject(one) || !isObject(one.stream) || !Array.isArray(one.values)) return refuse('a stream has no values');
    return { labels: labelsOf(one.stream), entries: one.values.map(readEntry) };
  });
}

function readEntry(value: unknown): LokiEntry {
  if (!Array.isArray(value) || typeof value[1] !== 'string') return refuse('a value is no [time, line]');
  const given = scalarText(value[0]) ?? '';
  const metadata = isObject(value[2]) ? [...labelsOf(value[2])] : [];
  return { time: lineTime(given), given, line: value[1], metadata };
}

function labelsOf(given: Record<string, unknown>): Map<string, string> {
  const labels = new Map<string, string>();
  for (const [name, value] of Object.entries(given)) {
    const text = scalarText(value) ?? JSON.stringify(value);
    if (text !== '') labels.set(name, text);
  }
  return labels;
}

function refuse(why: string): never {
  throw new FleetlogError('bad_batch', `cannot read the push: ${why}`, {
    hint: '{"streams":[{"stream":{"app":"shop"},"values":[["1700000000000000000","a line"]]}]}',
  });
}

/** Takes all lines of the streams. */
export async function takeStreams(streams: LokiStream[], intake: Intake, defaults: Defaults): Promise<void> {
  const slice = createSlices();
  for (const { labels, entries } of streams) {
    const place = intake.place((key) => labels.get(key), defaults);
    const own = attributesOf(labels);
    const level = levelOf(labels);
    for (const { time, given, line, metadata } of entries) {
      const its = metadata.length === 0 ? null : new Map(metadata);
      const stated = its ? levelOf(its) : UNDETECTED_LEVEL;
      intake.add(place, {
        time,
        given: given === '' ? null : ['time', JSON.stringify(given)],
        level: stated === UNDETECTED_LEVEL ? level : stated,
        message: typeof line === 'string' ? withoutBreak(line) : line,
        attributes: its ? [...attributesOf(its), ...own] : own,
      });
      const turn = slice();
      if (turn) await turn;
    }
  }
}

function levelOf(labels: ReadonlyMap<string, string>): number {
  for (const key of LEVEL_LABELS) {
    const level = namedLevel(labels.get(key) ?? '');
    if (level !== UNDETECTED_LEVEL) return level;
  }
  return UNDETECTED_LEVEL;
}

/** A level that was understood is the record's own and no attribute. */
function attributesOf(labels: ReadonlyMap<string, string>): Attribute[] {
  return [...labels]
    .filter(([key, value]) => !(LEVEL_LABELS.includes(key) && namedLevel(value) !== UNDETECTED_LEVEL))
    .map(([key, value]) => [key, JSON.stringify(value)]);
}
