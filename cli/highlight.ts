import { parseQuery } from '../model/query/parse.ts';
import type { Query } from '../model/query/tree.ts';

/**
 * What a query's positive text terms look like in a message, to mark them; null when there are none. An approximation of the query's
 * meaning for the eye: it marks words of a phrase with any punctuation between them, as the search matches them.
 */
export function matchPattern(query: string | undefined): RegExp | null {
  if (!query) return null;
  let tree: Query;
  try {
    tree = parseQuery(query);
  } catch {
    // The server says what is wrong with it.
    return null;
  }
  const patterns = texts(tree);
  return patterns.length > 0 ? new RegExp(patterns.join('|'), 'giu') : null;
}

function texts(query: Query): string[] {
  switch (query.type) {
    case 'and':
    case 'or':
      return query.items.flatMap(texts);
    case 'phrase': {
      const words = query.text.match(/[\p{L}\p{N}\p{M}_]+/gu);
      return words ? [words.map(escaped).join('[^\\p{L}\\p{N}\\p{M}_]+')] : [escaped(query.text)].filter(Boolean);
    }
    case 'substring':
      return [escaped(query.text)].filter(Boolean);
    default:
      return [];
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
