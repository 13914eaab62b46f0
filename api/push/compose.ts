import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { extractFields } from '../../model/fields.ts';
import { readJsonFields } from '../../model/json-fields.ts';
import { FLAG } from '../../model/record.ts';
import type { Attribute, PushedLine } from './line.ts';

/** What a record keeps of a line. */
export interface Composed {
  /** Bytes only where they are not UTF-8. */
  message: string | Buffer;
  flags: number;
}

/**
 * The one text a line is stored as (docs/push.md says why). Without attributes it is the message. With them it is a JSON object: the
 * message's own members when it is one, else `message` first; then the attributes, whose keys never stand for another's, then the
 * `key=value` pairs of the message. Line breaks
 * and tabs of the message stay as they are, which our reader of JSON lines allows, so that words behind them are found. A message
 * longer than `limit` bytes is cut, with its length and hash behind it, and so is the whole beyond twice that.
 */
export function compose(line: Pick<PushedLine, 'message' | 'attributes'>, limit: number): Composed {
  const { attributes, message } = line;
  if (message !== null && typeof message !== 'string') {
    // One unit a byte: what is not UTF-8 comes out as it went in.
    const { text, flags } = composeText(message.toString('latin1'), attributes.map(latin1), limit, 'latin1');
    return { message: Buffer.from(text, 'latin1'), flags: flags | FLAG.LOSSY };
  }
  const { text, flags } = composeText(message, attributes, limit, 'utf8');
  return { message: text, flags };
}

/** The text of bytes, or the bytes themselves where they are none. */
export function textOf(bytes: Buffer): string | Buffer {
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes;
}

const latin1 = ([key, json]: Attribute): Attribute => [
  Buffer.from(key).toString('latin1'),
  Buffer.from(json).toString('latin1'),
];

type Encoding = 'latin1' | 'utf8';

function composeText(
  message: string | null,
  attributes: readonly Attribute[],
  limit: number,
  encoding: Encoding,
): { text: string; flags: number } {
  const head = message === null ? null : cut(message, limit, encoding);
  const whole =
    head === null
      ? `{${members(attributes, new Map())}}`
      : attributes.length > 0
        ? withAttributes(head, attributes)
        : head;
  // The cut's own words may be longer than what they stand for; a text that is not cut is the same text.
  const text = attributes.length > 0 ? cut(whole, 2 * limit, encoding) : whole;
  return { text, flags: head !== message || text !== whole ? FLAG.TRUNCATED : 0 };
}

function withAttributes(message: string, attributes: readonly Attribute[]): string {
  const own = message.trim();
  const fields = own.startsWith('{') && own.endsWith('}') ? fieldsOf(own) : null;
  if (!fields) {
    const taken = new Map([['message', '']]);
    return `{"message":${quoted(message)},${members(attributes, taken)}${pairsOf(message, taken)}}`;
  }
  // Shippers that unpack a JSON message send its members a second time.
  const rest = attributes.filter(([key, json]) => fields.get(key) !== scalarOf(json));
  if (rest.length === 0) return message;
  const body = own.slice(0, -1).trimEnd();
  return `${body}${body.length > 1 ? ',' : ''}${members(rest, fields)}}`;
}

/** `key=value` pairs of a plain message, which inside JSON would be no fields any more; what an attribute says counts more. */
function pairsOf(message: string, taken: ReadonlyMap<string, string>): string {
  if (!message.includes('=')) return '';
  let pairs = '';
  for (const [key, value] of extractFields(message))
    if (!taken.has(key)) pairs += `,${JSON.stringify(key)}:${JSON.stringify(value)}`;
  return pairs;
}

/** Fields of a text that is a JSON object, by name; null when it is none. */
function fieldsOf(text: string): Map<string, string> | null {
  const fields = new Map<string, string>();
  return readJsonFields(text, (key, value) => fields.set(key, value)) ? fields : null;
}

const scalarOf = (json: string): string => (json.startsWith('"') ? (JSON.parse(json) as string) : json);

/** `"key":value,…`. Of two equal names the first counts everywhere, so an attribute whose name is taken gets another. */
function members(attributes: readonly Attribute[], taken: Map<string, string>): string {
  return attributes
    .map(([key, json]) => {
      let name = key;
      while (taken.has(name)) name = `attribute.${name}`;
      taken.set(name, json);
      return `${JSON.stringify(name)}:${json}`;
    })
    .join(',');
}

const NEEDS_ESCAPE = /["\\\u0000-\u0008\u000b\u000c\u000e-\u001f]/;
const ESCAPED = /["\\\u0000-\u0008\u000b\u000c\u000e-\u001f]/g;

function quoted(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`;
  return `"${text.replace(ESCAPED, (char) => JSON.stringify(char).slice(1, -1))}"`;
}

/** The head and what it is the head of, as the collector cuts long lines; the text itself when it is short enough. */
function cut(text: string, limit: number, encoding: Encoding): string {
  if (text.length * 3 <= limit || Buffer.byteLength(text, encoding) <= limit) return text;
  const whole = Buffer.from(text, encoding);
  let end = limit;
  while (encoding === 'utf8' && end > 0 && (whole[end] & 0xc0) === 0x80) end--;
  const tail = ` …[truncated: ${whole.length} bytes, sha1 ${createHash('sha1').update(whole).digest('hex')}]`;
  return whole.toString(encoding, 0, end) + Buffer.from(tail).toString(encoding);
}
