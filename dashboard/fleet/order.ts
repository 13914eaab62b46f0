/** What a column is sorted by; null is "not known" and comes last, whichever way. */
export type SortValue = string | number | null;

const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Rows by one column, then by `tie`, so that equal rows keep a place of their own. */
export function sortRows<T>(
  rows: readonly T[],
  value: (row: T) => SortValue,
  desc: boolean,
  tie: (row: T) => string,
): T[] {
  const sign = desc ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === null || right === null) {
      if (left !== right) return left === null ? 1 : -1;
    } else {
      const by =
        typeof left === 'number' && typeof right === 'number'
          ? left - right
          : names.compare(String(left), String(right));
      if (by !== 0) return by * sign;
    }
    return names.compare(tie(a), tie(b));
  });
}

/** The order that moves nothing: rows stay where they were shown, those that left included, new ones follow at the end. */
export function holdOrder(shown: readonly string[], now: readonly string[]): string[] {
  const known = new Set(shown);
  return [...shown, ...now.filter((key) => !known.has(key))];
}
