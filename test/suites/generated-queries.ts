import { extractFields } from '../../model/fields.ts';
import { LEVELS } from '../../model/level.ts';
import { fieldEquals, fieldExists, fieldParts, not } from '../../model/query/build.ts';
import { tokenize } from '../../model/query/tokenize.ts';
import type { Query } from '../../model/query/tree.ts';
import type { LogRecord } from '../../model/record.ts';
import { createRandom, type Random } from './random.ts';

/** A piece of a text, cut between characters. */
function piece(random: Random, text: string, longest: number): string {
  const chars = [...text];
  if (chars.length === 0) return '';
  const start = random.below(chars.length);
  return chars.slice(start, start + 1 + random.below(longest)).join('');
}

/** Some words of the message as written, one after the other. */
function words(random: Random, message: string): string {
  const all = message.split(/\s+/).filter((word) => word !== '');
  const start = random.below(Math.max(1, all.length));
  return all.slice(start, start + 1 + random.below(3)).join(' ');
}

function phrase(text: string, prefix: boolean): Query {
  return { type: 'phrase', text, prefix: prefix && tokenize(text).length > 0, quoted: true };
}

function swapCase(random: Random, text: string): string {
  return random.chance(0.3) ? text.toUpperCase() : random.chance(0.3) ? text.toLowerCase() : text;
}

function textQuery(random: Random, message: string): Query {
  switch (random.below(8)) {
    case 0:
      return { type: 'substring', text: swapCase(random, piece(random, message, 14)) };
    case 1:
      return { type: 'substring', text: piece(random, message, 3) };
    case 2: {
      const tokens = tokenize(message);
      const token = tokens.length === 0 ? 'x' : random.pick(tokens);
      return phrase([...token].slice(0, 1 + random.below(6)).join(''), true);
    }
    case 3:
      return phrase(piece(random, message, 12), random.chance(0.4));
    case 4:
      return phrase(words(random, message), random.chance(0.3));
    case 5:
      return { type: 'regexp', pattern: pattern(random, piece(random, message, 10)) };
    default: {
      const tokens = tokenize(message);
      return phrase(swapCase(random, tokens.length === 0 ? 'x' : random.pick(tokens)), false);
    }
  }
}

/** A pattern around a text: escaped, with classes, options and alternatives put in. */
function pattern(random: Random, text: string): string {
  const escaped = [...text].map((char) => (/[\\^$.*+?()[\]{}|]/.test(char) ? `\\${char}` : char));
  const loose = escaped.map((char) =>
    /^\d$/.test(char) && random.chance(0.6) ? '\\d' : random.chance(0.1) ? '.' : char,
  );
  const body = loose.join('');
  switch (random.below(6)) {
    case 0:
      return `${body}|zzz[0-9]+`;
    case 1:
      return `(?:${body})+`;
    case 2:
      return `(?-i)${body}`;
    case 3:
      return `(${body}|timeout)`;
    case 4:
      return `${body}.*[a-z\\p{Han}]`;
    default:
      return body;
  }
}

const RECORD_FIELD_VALUES: ((record: LogRecord) => [string, string])[] = [
  ({ source }) => ['app', source.app],
  ({ source }) => ['env', source.env],
  ({ source }) => ['host', source.host],
  ({ source }) => ['instance', source.instance],
  ({ source }) => ['container', source.containerName],
  ({ source }) => ['container', source.container],
  ({ source }) => ['container', source.container.slice(0, 12)],
  ({ source }) => ['image', source.image],
  ({ source }) => ['version', source.version],
  ({ source }) => ['path', source.path],
  ({ stream }) => ['stream', stream],
  ({ level }) => ['level', level ?? 'none'],
];

function globOf(random: Random, field: string, value: string): Query {
  const parts = [...value];
  for (let i = 0; i <= random.below(2); i++) {
    const at = random.below(parts.length + 1);
    parts.splice(at, random.below(3), '\0');
  }
  return fieldParts(field, parts.join('').split('\0'));
}

function fieldQuery(random: Random, record: LogRecord): Query {
  const fields = [...extractFields(record.message)];
  const fromLine = fields.length > 0 && random.chance(0.6);
  const [field, value] = fromLine ? random.pick(fields) : random.pick(RECORD_FIELD_VALUES)(record);
  switch (random.below(6)) {
    case 0:
      return fieldExists(field);
    case 1:
    case 2:
      return globOf(random, field, value);
    case 3: {
      if (field === 'level' || random.chance(0.2)) {
        const ordinal = 1 + random.below(LEVELS.length);
        const sign = random.pick(['>', '>=', '<', '<='] as const);
        return {
          type: 'field',
          field: 'level',
          test: { op: 'compare', sign, value: ordinal, text: LEVELS[ordinal - 1] },
        };
      }
      const number = Number(value);
      const than = Number.isFinite(number) && random.chance(0.7) ? number : random.below(1000);
      const sign = random.pick(['>', '>=', '<', '<='] as const);
      return { type: 'field', field, test: { op: 'compare', sign, value: than, text: String(than) } };
    }
    default:
      return fieldEquals(field, value);
  }
}

function anyQuery(random: Random, records: LogRecord[], depth: number): Query {
  const roll = random.next();
  if (depth > 0 && roll < 0.35) {
    const items = Array.from({ length: 2 + random.below(2) }, () => anyQuery(random, records, depth - 1));
    return { type: random.chance(0.5) ? 'and' : 'or', items };
  }
  if (depth > 0 && roll < 0.45) return not(anyQuery(random, records, depth - 1));
  if (roll < 0.46) return { type: 'all' };
  const record = random.pick(records);
  return random.chance(0.6) ? textQuery(random, record.message) : fieldQuery(random, record);
}

/** `n` query trees made from the records' own texts and fields, so that many match some of them; all node kinds occur. */
export function generatedQueries(seed: number, n: number, records: LogRecord[]): Query[] {
  const random = createRandom(seed ^ 0x5eed);
  return Array.from({ length: n }, () => anyQuery(random, records, random.below(3)));
}
