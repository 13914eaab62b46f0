import type { Query } from './tree.ts';

/** Names of the fields a query speaks of, each once, in the order written. */
export function fieldsIn(query: Query): string[] {
  const found = new Set<string>();
  const walk = (node: Query): void => {
    if (node.type === 'and' || node.type === 'or') node.items.forEach(walk);
    else if (node.type === 'not') walk(node.item);
    else if (node.type === 'field') found.add(node.field);
  };
  walk(query);
  return [...found];
}
