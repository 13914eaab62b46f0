import { UNDETECTED_LEVEL } from '../../model/level.ts';
import { textOf } from './compose.ts';
import { readDocument } from './json-document.ts';
import { bareLine, type Lookup, type PushedLine } from './line.ts';
import { namedLevel } from './line-level.ts';
import { lineTime } from './line-time.ts';

/** Members that are the line's text, its time, its level; the first that can be read counts. */
const MESSAGE_KEYS = ['message', 'msg', 'log', 'line'];
const TIME_KEYS = ['@timestamp', 'timestamp', 'time', 'ts', 'date'];
const LEVEL_KEYS = ['level', 'severity', 'log.level', 'lvl', 'loglevel', 'severity_text', 'levelname'];

const NO_LABELS: Lookup = () => undefined;

/** A line of ndjson or a document of Elasticsearch: its parts when it is a JSON object, else its text, else its bytes. */
export function documentLine(bytes: Buffer): { line: PushedLine; labels: Lookup } {
  const text = textOf(bytes);
  const document = typeof text === 'string' && text.trimStart().startsWith('{') ? readDocument(text) : null;
  if (!document) return { line: bareLine(text), labels: NO_LABELS };
  const { members, lookup } = document;
  const used = new Set<string>();

  let time: number | null = null;
  let given: PushedLine['given'] = null;
  for (const key of TIME_KEYS) {
    const member = members.find(([name]) => name === key);
    const value = member && lookup(key);
    if (value === undefined) continue;
    time = lineTime(value);
    if (time === null && given) continue;
    given = member!;
    if (time !== null) break;
  }
  if (given) used.add(given[0]);

  let level = UNDETECTED_LEVEL;
  for (const key of LEVEL_KEYS) {
    const value = lookup(key);
    level = value === undefined ? UNDETECTED_LEVEL : namedLevel(value);
    if (level === UNDETECTED_LEVEL) continue;
    used.add(key);
    break;
  }

  const messageKey = MESSAGE_KEYS.find((key) => members.some(([name, json]) => name === key && json.startsWith('"')));
  if (messageKey !== undefined) used.add(messageKey);
  const message = messageKey === undefined ? null : withoutBreak(lookup(messageKey)!);
  const attributes = members.filter(([name]) => !used.has(name));
  return { line: { time, given, level, message, attributes }, labels: lookup };
}

/** Many shippers leave the line's own break on it. */
export function withoutBreak(text: string): string {
  return text.endsWith('\n') ? text.slice(0, text.endsWith('\r\n') ? -2 : -1) : text;
}
