import { isUtf8 } from 'node:buffer';
import { detectLevel } from '../../model/detect-level.ts';
import { extractFields } from '../../model/fields.ts';
import { UNDETECTED_LEVEL } from '../../model/level.ts';
import { createPatternHash } from '../../model/pattern.ts';
import { TOKEN_LIMIT } from '../../model/query/tokenize.ts';
import { FLAG } from '../../model/record.ts';
import { type Source, STREAMS } from '../../model/source.ts';
import { numberTerm, valueTerm } from './line-fields.ts';
import { splitRuns } from './split-runs.ts';

/** Lucene refuses terms over 32,766 bytes; a source with more labels than that keeps them out of the term. */
const SOURCE_TERM_BYTES = 30_000;

/** Fields of the source that queries ask for. */
export const SOURCE_FIELDS = [
  'app',
  'env',
  'host',
  'container',
  'containerName',
  'instance',
  'image',
  'version',
  'path',
] as const;

/** What a document needs of one record; the message is `messages[from, to)`. */
export interface RecordInput {
  fid: string;
  gen: number;
  time: number;
  offset: number;
  flags: number;
  level: number;
  messages: Buffer;
  from: number;
  to: number;
  /** Offsets of the raw lines behind the first that are joined in it. */
  joins: number[];
}

export type DocumentWriter = (source: SourcePart, record: RecordInput) => string;

/** The part of a document that all lines of a source share, as JSON members. */
export interface SourcePart {
  members: string;
}

export function sourcePart(source: Source): SourcePart {
  let json = JSON.stringify(source);
  if (Buffer.byteLength(json) > SOURCE_TERM_BYTES) json = JSON.stringify({ ...source, labels: {} });
  // An empty value is the same as none. Terms have a limit, and equality of longer values would be lost: so they are cut.
  const fields = SOURCE_FIELDS.filter((field) => source[field] !== '');
  const members = fields.map((field) => `${JSON.stringify(field)}:${JSON.stringify(source[field])}`);
  const numbers = fields.map((field) => numberTerm(field, source[field])).filter((term) => term !== null);
  if (numbers.length > 0) members.push(`"sourceNumbers":${JSON.stringify(numbers)}`);
  return { members: `${members.join(',')},"source":${JSON.stringify(json)}` };
}

/** A writer of documents as one line of JSON, with its own scratch memory. */
export function createDocumentWriter(): DocumentWriter {
  const hash = createPatternHash();
  const halves = new Uint32Array(2);

  return (source, record) => {
    const { messages, from, to } = record;
    const valid = isUtf8(messages.subarray(from, to));
    const flags = valid ? record.flags : record.flags | FLAG.LOSSY;
    const message = messages.toString('utf8', from, to);
    const level = record.level === UNDETECTED_LEVEL ? detectLevel(messages, from, to) : record.level;
    hash(messages, from, to, halves, 0);
    const pattern = halves[0].toString(16).padStart(8, '0') + halves[1].toString(16).padStart(8, '0');
    let json = `{"time":${record.time},${source.members},"stream":"${STREAMS[flags & FLAG.STREAM_MASK]}","level":${level}`;
    json += `,"fid":"${record.fid}","gen":${record.gen},"offset":${record.offset},"pattern":"${pattern}"`;
    const indexed = to - from > TOKEN_LIMIT && mayBeCut(messages, from, to) ? splitRuns(message) : message;
    const cut = indexed !== message;
    json += `,"bytes":${to - from},"message":${JSON.stringify(indexed)}`;
    if (record.joins.length > 0) json += `,"last":${record.joins[record.joins.length - 1]},"joins":[${record.joins}]`;
    if (cut) json += ',"cut":true';
    const fields = extractFields(message);
    if (fields.size > 0) json += fieldMembers(fields);
    if (flags !== 0 || cut) {
      const text = cut ? `,"text":${JSON.stringify(message)}` : '';
      json += `,"rest":{"flags":${flags}${raw(flags, messages, from, to)}${text}}`;
    }
    return `${json}}`;
  };
}

function raw(flags: number, messages: Buffer, from: number, to: number): string {
  return flags & FLAG.LOSSY ? `,"raw":"${messages.toString('base64', from, to)}"` : '';
}

function fieldMembers(fields: Map<string, string>): string {
  const values: string[] = [];
  const numbers: string[] = [];
  for (const [key, value] of fields) {
    values.push(valueTerm(key, value));
    const number = numberTerm(key, value);
    if (number !== null) numbers.push(number);
  }
  const more = numbers.length > 0 ? `,"nv":${JSON.stringify(numbers)}` : '';
  return `,"kv":${JSON.stringify(values)}${more}`;
}

/** True when bytes that may be word characters stand together so long that the tokenizer may cut them; never false when it does. */
function mayBeCut(bytes: Buffer, from: number, to: number): boolean {
  let start = from;
  for (let i = from; i < to; i++) {
    const byte = bytes[i];
    const word = byte >= 0x80 || (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39);
    if (word || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f) {
      if (i - start >= TOKEN_LIMIT) return true;
    } else start = i + 1;
  }
  return false;
}
