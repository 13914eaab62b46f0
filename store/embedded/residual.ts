import { levelName } from '../../model/level.ts';
import { compileMatch, type MatchView } from '../../model/query/match.ts';
import { type Query, RECORD_FIELDS } from '../../model/query/tree.ts';
import { type Source, STREAMS } from '../../model/source.ts';
import { CELLS } from './record-columns.ts';

/**
 * What is left of a query once source, stream and level of a record are known: `ALL` and `NONE` need no text, anything else is a
 * smaller tree. This is what lets counts be answered from the footers, and blocks be skipped.
 */
export const ALL: Query = { type: 'all' };
export const NONE: Query = { type: 'not', item: ALL };

const isRecordField = (field: string): boolean => (RECORD_FIELDS as readonly string[]).includes(field);

/** Per query: residuals of sources, in a small table of distinct ones. Entry 0 is NONE, entry 1 is ALL. */
export interface Residuals {
  /** The distinct residuals met so far. */
  readonly distinct: readonly Query[];
  /** Index into `distinct` per cell, for records of this source. The array is shared: do not change it. */
  of(source: Source): Uint8Array;
}

export const NONE_INDEX = 0;
export const ALL_INDEX = 1;

/** Distinct residuals of one query are bounded by its combinations of record fields; beyond this many they are not told apart. */
const MOST_DISTINCT = 250;

export function createResiduals(query: Query): Residuals {
  const distinct: Query[] = [NONE, ALL];
  const byText = new Map<string, number>([
    [JSON.stringify(NONE), NONE_INDEX],
    [JSON.stringify(ALL), ALL_INDEX],
  ]);
  const bySource = new Map<string, Uint8Array>();
  const leaves = new Map<Query, (view: MatchView) => boolean>();
  const fields = recordFields(query, leaves);
  const byCell = fields.has('level') || fields.has('stream');

  function indexOf(residual: Query): number {
    const text = JSON.stringify(residual);
    let index = byText.get(text);
    if (index === undefined) {
      if (distinct.length >= MOST_DISTINCT) return indexOf(query);
      index = distinct.push(residual) - 1;
      byText.set(text, index);
    }
    return index;
  }
  if (query.type !== 'all') indexOf(query);

  return {
    distinct,
    of(source) {
      const key = sourcePart(source, fields);
      let cells = bySource.get(key);
      if (cells) return cells;
      cells = new Uint8Array(CELLS);
      const view: MatchView = { source, stream: 'stdout', level: null, message: '' };
      if (!byCell) cells.fill(indexOf(reduce(query, view, leaves)));
      else
        for (let cell = 0; cell < CELLS; cell++) {
          view.stream = STREAMS[cell >>> 3];
          view.level = levelName(cell & 7);
          cells[cell] = indexOf(reduce(query, view, leaves));
        }
      bySource.set(key, cells);
      return cells;
    },
  };
}

/** Compiles the tests on record fields; returns which fields they are on. */
function recordFields(query: Query, leaves: Map<Query, (view: MatchView) => boolean>): Set<string> {
  const fields = new Set<string>();
  const walk = (node: Query): void => {
    if (node.type === 'and' || node.type === 'or') node.items.forEach(walk);
    else if (node.type === 'not') walk(node.item);
    else if (node.type === 'field' && isRecordField(node.field)) {
      fields.add(node.field);
      leaves.set(node, compileMatch(node));
    }
  };
  walk(query);
  return fields;
}

/** The values that tests on record fields can see, as a key. */
function sourcePart(source: Source, fields: Set<string>): string {
  const parts: string[] = [];
  for (const field of fields) {
    if (field === 'level' || field === 'stream') continue;
    if (field === 'container') parts.push(source.container, source.containerName);
    else parts.push(source[field as 'app' | 'env' | 'host' | 'instance' | 'path' | 'image' | 'version']);
  }
  return JSON.stringify(parts);
}

function reduce(node: Query, view: MatchView, leaves: Map<Query, (view: MatchView) => boolean>): Query {
  switch (node.type) {
    case 'and':
    case 'or': {
      const stop = node.type === 'and' ? NONE : ALL;
      const skip = node.type === 'and' ? ALL : NONE;
      const items: Query[] = [];
      for (const item of node.items) {
        const left = reduce(item, view, leaves);
        if (left === stop) return stop;
        if (left !== skip) items.push(left);
      }
      return items.length === 0 ? skip : items.length === 1 ? items[0] : { type: node.type, items };
    }
    case 'not': {
      const left = reduce(node.item, view, leaves);
      if (left === ALL) return NONE;
      if (left === NONE) return ALL;
      return { type: 'not', item: left };
    }
    case 'all':
      return ALL;
    case 'field': {
      const test = leaves.get(node);
      if (test) return test(view) ? ALL : NONE;
      return node;
    }
    default:
      return node;
  }
}
