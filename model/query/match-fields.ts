import { cutKey, cutValue } from '../fields.ts';
import { levelOrdinal } from '../level.ts';
import { createPatternHash } from '../pattern.ts';
import type { MatchView } from './match.ts';
import { patternAsked } from './pattern-asked.ts';
import { numericValue } from './scalar.ts';
import type { FieldTest, RecordField } from './tree.ts';

/** Value of a record field; empty is absent. */
const READ: Readonly<Record<Exclude<RecordField, 'container'>, (view: MatchView) => string>> = {
  app: (view) => view.source.app,
  env: (view) => view.source.env,
  host: (view) => view.source.host,
  instance: (view) => view.source.instance,
  stream: (view) => view.stream,
  path: (view) => view.source.path,
  image: (view) => view.source.image,
  version: (view) => view.source.version,
  level: (view) => view.level ?? '',
};

/** A test of one value; `''` is an absent one. */
export function compileTest(test: FieldTest): (value: string) => boolean {
  switch (test.op) {
    case 'exists':
      return (value) => value !== '';
    case 'equals':
      return (value) => value === test.value;
    case 'glob':
      return compileGlob(test.parts);
    case 'compare': {
      const holds = compileSign(test.sign, test.value);
      return (value) => {
        const number = value === '' ? null : numericValue(value);
        return number !== null && holds(number);
      };
    }
  }
}

function compileSign(sign: '>' | '>=' | '<' | '<=', than: number): (value: number) => boolean {
  switch (sign) {
    case '>':
      return (value) => value > than;
    case '>=':
      return (value) => value >= than;
    case '<':
      return (value) => value < than;
    case '<=':
      return (value) => value <= than;
  }
}

/** Literals in order, the first at the start and the last at the end; greedy from the left is exact for `*` alone. */
export function compileGlob(parts: string[]): (value: string) => boolean {
  if (parts.length < 2) return (value) => value !== '' && value === (parts[0] ?? '');
  const first = parts[0];
  const last = parts[parts.length - 1];
  const inner = parts.slice(1, -1).filter((part) => part !== '');
  const least = parts.reduce((sum, part) => sum + part.length, 0);
  return (value) => {
    if (value === '' || value.length < least || !value.startsWith(first) || !value.endsWith(last)) return false;
    let at = first.length;
    for (const part of inner) {
      const found = value.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= value.length - last.length;
  };
}

/** A test on a record field, or null when the field comes from the line's text. */
export function compileRecordField(field: string, test: FieldTest): ((view: MatchView) => boolean) | null {
  if (field === 'container') return compileContainer(test);
  const pattern = patternAsked(field, test);
  if (pattern !== null) return compilePattern(pattern);
  if (!Object.hasOwn(READ, field)) return null;
  if (field === 'level' && test.op === 'compare') {
    const holds = compileSign(test.sign, test.value);
    return (view) => view.level !== null && holds(levelOrdinal(view.level));
  }
  const read = READ[field as keyof typeof READ];
  const passes = compileTest(test);
  return (view) => passes(read(view));
}

function compilePattern(pattern: string): (view: MatchView) => boolean {
  const hash = createPatternHash();
  const encoder = new TextEncoder();
  const out = new Uint32Array(2);
  const [high, low] = [0, 8].map((at) => Number.parseInt(pattern.slice(at, at + 8), 16));
  return (view) => {
    const bytes = encoder.encode(view.message);
    hash(bytes, 0, bytes.length, out, 0);
    return out[0] === high && out[1] === low;
  };
}

/** A container is meant by its 64-hex id, by a prefix of it of 12 or more digits, or by its exact name. */
function compileContainer(test: FieldTest): (view: MatchView) => boolean {
  if (test.op === 'equals' && /^[0-9a-f]{12,64}$/.test(test.value)) {
    return ({ source }) => source.container.startsWith(test.value) || source.containerName === test.value;
  }
  if (test.op === 'equals' && test.value === '')
    return ({ source }) => source.container === '' && source.containerName === '';
  const passes = compileTest(test);
  return ({ source }) => passes(source.containerName) || passes(source.container);
}

/** A test on a field of the line's text, given the message and its fields. */
export function compileLineField(
  field: string,
  test: FieldTest,
): (message: string, fields: () => Map<string, string>) => boolean {
  const key = cutKey(field);
  const passes = compileTest(test.op === 'equals' ? { op: 'equals', value: cutValue(test.value) } : test);
  const name = key === field ? field.slice(field.lastIndexOf('.') + 1) : '';
  if (passes('')) return (_, fields) => passes(fields().get(key) ?? '');
  return (message, fields) => {
    // The last part of a key stands in the message as it is, unless JSON escapes hide it.
    if (!message.includes(name) && !message.includes('\\')) return false;
    return passes(fields().get(key) ?? '');
  };
}
