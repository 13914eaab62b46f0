import { FleetlogError } from '../model/errors.ts';
import { LEVELS } from '../model/level.ts';
import { canonicalLevel, fieldExists, fieldGlob, NO_LEVEL_KEY, not, or } from '../model/query/build.ts';
import type { Query } from '../model/query/tree.ts';

export interface Filters {
  app?: string | string[];
  env?: string | string[];
  host?: string | string[];
  container?: string | string[];
  level?: string | string[];
}

export const FILTER_FIELDS = ['app', 'env', 'host', 'container', 'level'] as const;

/** A parameter given once, more than once, or not at all; empty values count as not given. */
export function values(given: string | string[] | undefined): string[] {
  const list = given === undefined ? [] : Array.isArray(given) ? given : [given];
  return list.filter((value) => value !== '');
}

/** One value of a parameter is enough, all parameters must hold; `*` in a value matches any run of characters. */
export function filterQueries(filters: Filters): Query[] {
  return FILTER_FIELDS.flatMap((field) => {
    const given = values(filters[field]);
    if (given.length === 0) return [];
    return [or(...given.map((value) => (field === 'level' ? levelTest(value) : fieldGlob(field, value))))];
  });
}

function levelTest(value: string): Query {
  if (value.toLowerCase() === NO_LEVEL_KEY) return not(fieldExists('level'));
  if (value.includes('*') || canonicalLevel(value)) return fieldGlob('level', value);
  throw new FleetlogError('bad_request', `cannot use the level ${JSON.stringify(value.slice(0, 40))}`, {
    hint: `one of: ${LEVELS.join(', ')}, ${NO_LEVEL_KEY}`,
  });
}
