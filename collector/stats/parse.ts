/** A count as the kernel writes it; undefined for anything else. Above 2^53 the nearest number that can be had. */
export function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,20}$/.test(text) ? Number(text) : undefined;
}

/** The number alone in a file; undefined for `max`, an empty file or none. */
export function alone(text: string | null): number | undefined {
  return text === null ? undefined : count(text.trim());
}

/** The value of one key of a file of `key value` lines (`memory.stat`, `cpu.stat`, `memory.events`). */
export function keyed(text: string | null, key: string): number | undefined {
  if (text === null) return undefined;
  let at = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1;
  if (at === 0 && !text.startsWith(`${key} `)) return undefined;
  at += key.length + 1;
  const end = text.indexOf('\n', at);
  return count(text.slice(at, end < 0 ? undefined : end).trim());
}

/** A count in other units; undefined stays so. */
export function scaled(value: number | undefined, unit: number): number | undefined {
  return value === undefined ? undefined : value / unit;
}

/** Without the keys that have no value: a figure that cannot be had is absent. */
export function known<T extends string>(values: Partial<Record<T, number | undefined>>): Partial<Record<T, number>> {
  const kept: Partial<Record<T, number>> = {};
  for (const key of Object.keys(values) as T[]) {
    const value = values[key];
    if (value !== undefined && Number.isFinite(value)) kept[key] = value;
  }
  return kept;
}
