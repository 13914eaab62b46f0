/** Named number columns that grow together; how footers are put together. */
export interface GrowingTable<Name extends string> {
  readonly length: number;
  push(row: Record<Name, number>): void;
  at(name: Name, row: number): number;
  set(name: Name, row: number, value: number): void;
  /** The columns, cut to length. */
  finish(): Record<Name, Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>;
}

export function createGrowingTable<Wide extends string, Narrow extends string>(
  wide: readonly Wide[],
  narrow: readonly Narrow[],
): GrowingTable<Wide | Narrow> {
  type Name = Wide | Narrow;
  let capacity = 64;
  let length = 0;
  const names: Name[] = [...wide, ...narrow];
  const fresh = (name: Name, n: number) =>
    (wide as readonly string[]).includes(name) ? new Float64Array(n) : new Uint32Array(n);
  const columns = Object.fromEntries(names.map((name) => [name, fresh(name, capacity)])) as Record<
    Name,
    Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>
  >;
  return {
    get length() {
      return length;
    },
    push(row) {
      if (length === capacity) {
        capacity *= 2;
        for (const name of names) {
          const grown = fresh(name, capacity);
          grown.set(columns[name]);
          columns[name] = grown;
        }
      }
      for (const name of names) columns[name][length] = row[name];
      length++;
    },
    at: (name, row) => columns[name][row],
    set(name, row, value) {
      columns[name][row] = value;
    },
    finish() {
      const out = { ...columns };
      for (const name of names) out[name] = columns[name].subarray(0, length);
      return out;
    },
  };
}
