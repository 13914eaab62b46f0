import { compileRecordField } from '../model/query/match-fields.ts';
import type { FieldTest, Query } from '../model/query/tree.ts';
import type { Source, Stream } from '../model/source.ts';

/** Fields that are the same for all lines of a source (or of a host); the others a query may speak of are unknown. */
export type KnownFields = Partial<Omit<Source, 'reader' | 'named' | 'labels'>> & { stream?: Stream };

/**
 * What remains to be asked of each line once these fields are known: `all` when every line matches, `not all` when none can.
 * It lets a tail skip whole sources, and the watermark leave out what a query cannot reach.
 */
export function restFor(query: Query, known: KnownFields): Query {
  switch (query.type) {
    case 'and':
    case 'or': {
      const stop = query.type === 'or';
      const rest: Query[] = [];
      for (const item of query.items) {
        const left = restFor(item, known);
        if (decided(left) === stop) return left;
        if (decided(left) === null) rest.push(left);
      }
      return rest.length === 0 ? constant(!stop) : rest.length === 1 ? rest[0] : { type: query.type, items: rest };
    }
    case 'not': {
      const left = restFor(query.item, known);
      const value = decided(left);
      return value === null ? { type: 'not', item: left } : constant(!value);
    }
    case 'field': {
      const value = test(query.field, query.test, known);
      return value === null ? query : constant(value);
    }
    default:
      return query;
  }
}

/** True or false when lines no longer matter, else null. */
export function decided(query: Query): boolean | null {
  if (query.type === 'all') return true;
  return query.type === 'not' && query.item.type === 'all' ? false : null;
}

const constant = (value: boolean): Query => (value ? { type: 'all' } : { type: 'not', item: { type: 'all' } });

const NOBODY: Source = {
  host: '',
  container: '',
  containerName: '',
  image: '',
  version: '',
  app: '',
  env: '',
  instance: '',
  path: '',
  reader: 'file',
  named: { app: '', env: '' },
  labels: {},
};

/** The reference evaluator's answer where the field is known, else null. */
function test(field: string, ask: FieldTest, known: KnownFields): boolean | null {
  if (!Object.hasOwn(known, field) || (field === 'container' && known.containerName === undefined)) return null;
  const passes = compileRecordField(field, ask);
  if (!passes) return null;
  const { stream = 'stdout', ...source } = known;
  return passes({ source: { ...NOBODY, ...source }, stream, level: null, message: '' });
}
