import { LEVELS, levelOrdinal } from '../../model/level.ts';
import { compileTest } from '../../model/query/match-fields.ts';
import { patternAsked } from '../../model/query/pattern-asked.ts';
import { type FieldTest, RECORD_FIELDS } from '../../model/query/tree.ts';
import { STREAMS } from '../../model/source.ts';
import { keyEnd, keyStart, orderedNumber, valuePart, valueTerm, wholeValue } from './line-fields.ts';
import { type Clause, either, escapeWildcard, MATCH_NONE, term, without } from './translate-text.ts';

/** A test of one field, exact. */
export function fieldClause(field: string, test: FieldTest): Clause {
  if (field === 'level') return levelClause(test);
  if (field === 'container') return containerClause(test);
  const pattern = patternAsked(field, test);
  if (pattern !== null) return term('pattern', pattern);
  if ((RECORD_FIELDS as readonly string[]).includes(field)) return sourceClause(field, test);
  return lineClause(field, test);
}

/** Levels are seven: the test itself says which pass. */
function levelClause(test: FieldTest): Clause {
  const ordinals = [0, ...LEVELS.map((level) => levelOrdinal(level))];
  const passes = compileTest(test);
  const passing =
    test.op === 'compare'
      ? ordinals.filter((n) => n > 0 && compileTest({ ...test })(String(n)))
      : ordinals.filter((n) => passes(n === 0 ? '' : LEVELS[n - 1]));
  return oneOf('level', passing);
}

function oneOf(field: string, values: (string | number)[]): Clause {
  if (values.length === 0) return MATCH_NONE;
  return values.length === 1 ? term(field, values[0]) : { terms: { [field]: values } };
}

/** A container is meant by its id, by a prefix of it of 12 or more digits, or by its exact name. */
function containerClause(test: FieldTest): Clause {
  if (test.op === 'equals' && /^[0-9a-f]{12,64}$/.test(test.value)) {
    return either([{ prefix: { container: { value: test.value } } }, term('containerName', test.value)]);
  }
  if (test.op === 'equals' && test.value === '')
    return { bool: { must_not: [{ exists: { field: 'container' } }, { exists: { field: 'containerName' } }] } };
  return either([sourceClause('containerName', test), sourceClause('container', test)]);
}

function sourceClause(field: string, test: FieldTest): Clause {
  if (field === 'stream') {
    const passes = compileTest(test);
    return oneOf('stream', STREAMS.filter(passes));
  }
  switch (test.op) {
    case 'exists':
      return { exists: { field } };
    case 'equals':
      return test.value === '' ? without({ exists: { field } }) : term(field, test.value.toWellFormed());
    case 'glob':
      return globClause(field, '', test.parts);
    case 'compare':
      return numberClause('sourceNumbers', field, test);
  }
}

/** Fields of lines are terms `key U+001F value`; absent ones have none. */
function lineClause(field: string, test: FieldTest): Clause {
  switch (test.op) {
    case 'exists':
      return { prefix: { kv: { value: keyStart(field) } } };
    case 'equals':
      if (test.value === '') return without({ prefix: { kv: { value: keyStart(field) } } });
      return term('kv', valueTerm(field, wholeValue(test.value)));
    case 'glob':
      return globClause('kv', keyStart(field), test.parts.map(valuePart));
    case 'compare':
      return numberClause('nv', field, test);
  }
}

function globClause(field: string, start: string, parts: string[]): Clause {
  if (parts.length < 2) return parts.length === 0 || parts[0] === '' ? MATCH_NONE : term(field, start + parts[0]);
  const last = parts[parts.length - 1];
  const inner = parts.slice(1, -1).some((part) => part !== '');
  const first = (start + parts[0]).toWellFormed();
  if (!inner && last === '') return first === '' ? { exists: { field } } : { prefix: { [field]: { value: first } } };
  const value = [first, ...parts.slice(1)].map((part) => escapeWildcard(part.toWellFormed())).join('*');
  return { wildcard: { [field]: { value } } };
}

function numberClause(field: string, key: string, test: Extract<FieldTest, { op: 'compare' }>): Clause {
  if (Number.isNaN(test.value)) return MATCH_NONE;
  const at = keyStart(key) + orderedNumber(test.value);
  switch (test.sign) {
    case '>':
      return range(field, { gt: at, lt: keyEnd(key) });
    case '>=':
      return range(field, { gte: at, lt: keyEnd(key) });
    case '<':
      return range(field, { gte: keyStart(key), lt: at });
    case '<=':
      return range(field, { gte: keyStart(key), lte: at });
  }
}

function range(field: string, bounds: Record<string, string>): Clause {
  return { range: { [field]: bounds } };
}
