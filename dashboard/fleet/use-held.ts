import { useRef } from 'react';
import { holdOrder } from './order.ts';

interface Shown<T> {
  basis: string;
  keys: string[];
  rows: Map<string, T>;
}

/**
 * The rows to show: as they are, or, while somebody points at them or has the focus among them (`held`), each where it was, with its new
 * figures. A change of `basis`, which is what the reader asked for, always shows at once. `waiting` is true when letting go would move rows.
 */
export function useHeld<T extends { key: string }>(
  rows: readonly T[],
  basis: string,
  held: boolean,
): { rows: T[]; waiting: boolean } {
  const shown = useRef<Shown<T> | null>(null);
  const now = rows.map((row) => row.key);
  const before = shown.current;
  const fresh = new Map(rows.map((row) => [row.key, row]));
  const keys = held && before !== null && before.basis === basis ? holdOrder(before.keys, now) : now;
  for (const key of keys) {
    // One that left is shown as it was last.
    const last = before?.rows.get(key);
    if (!fresh.has(key) && last !== undefined) fresh.set(key, last);
  }
  shown.current = { basis, keys, rows: fresh };
  return {
    rows: keys.flatMap((key) => fresh.get(key) ?? []),
    waiting: keys.length !== now.length || keys.some((key, at) => key !== now[at]),
  };
}

/** Something beside the rows whose height moves them: it stays as it is as long as they do. */
export function useHeldValue<T>(value: T, basis: string, held: boolean): T {
  const shown = useRef({ basis, value });
  if (!held || shown.current.basis !== basis) shown.current = { basis, value };
  return shown.current.value;
}
