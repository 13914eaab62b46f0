import { levelName, levelOrdinal } from '../level.ts';
import type { FieldTest, Query } from './tree.ts';

/** What people write for a level, besides the canonical names. */
const LEVEL_NAMES: Readonly<Record<string, string>> = {
  verbose: 'trace',
  dbg: 'debug',
  information: 'info',
  notice: 'info',
  warning: 'warn',
  err: 'error',
  severe: 'error',
  critical: 'fatal',
  crit: 'fatal',
};

/** Key of records without a level in histograms and facets, and in `level:none`. */
export const NO_LEVEL_KEY = 'none';

/** `WARNING` → `warn`; null when the text names no level. */
export function canonicalLevel(text: string): string | null {
  const lower = text.toLowerCase();
  return levelName(levelOrdinal(Object.hasOwn(LEVEL_NAMES, lower) ? LEVEL_NAMES[lower] : lower));
}

const ALL: Query = { type: 'all' };

/** All of them: nested ands are flattened, `all` is dropped, no item gives `all`, one item is itself. */
export function and(...items: Query[]): Query {
  const flat = items
    .flatMap((item) => (item.type === 'and' ? item.items : [item]))
    .filter((item) => item.type !== 'all');
  return flat.length === 0 ? ALL : flat.length === 1 ? flat[0] : { type: 'and', items: flat };
}

/** Any of them: nested ors are flattened, an `all` makes it `all`, no item matches nothing, one item is itself. */
export function or(...items: Query[]): Query {
  const flat = items.flatMap((item) => (item.type === 'or' ? item.items : [item]));
  if (flat.some((item) => item.type === 'all')) return ALL;
  return flat.length === 0 ? not(ALL) : flat.length === 1 ? flat[0] : { type: 'or', items: flat };
}

export function not(item: Query): Query {
  return { type: 'not', item };
}

function field(name: string, test: FieldTest): Query {
  return { type: 'field', field: name, test };
}

export function fieldExists(name: string): Query {
  return field(name, { op: 'exists' });
}

/** Whole value, case-sensitive. An empty value is the same as none; `level` takes any of its names, `none` included. */
export function fieldEquals(name: string, value: string): Query {
  if (value === '') return not(fieldExists(name));
  if (name !== 'level') return field(name, { op: 'equals', value });
  if (value.toLowerCase() === NO_LEVEL_KEY) return not(fieldExists(name));
  return field(name, { op: 'equals', value: canonicalLevel(value) ?? value });
}

/** Whole value with `*` for any run of characters; without a star it is `fieldEquals`, a lone star is `fieldExists`. */
export function fieldGlob(name: string, pattern: string): Query {
  return fieldParts(name, pattern.split('*'));
}

/** The same with the literals between the stars, which may themselves hold stars. */
export function fieldParts(name: string, parts: string[]): Query {
  const lean = parts.filter((part, i) => part !== '' || i === 0 || i === parts.length - 1);
  if (lean.length < 2) return fieldEquals(name, lean[0] ?? '');
  if (lean.length === 2 && lean[0] === '' && lean[1] === '') return fieldExists(name);
  return field(name, { op: 'glob', parts: name === 'level' ? lean.map((part) => part.toLowerCase()) : lean });
}
