import type { Attribute, Lookup } from './line.ts';

/** A JSON object whose values keep the text they were written with: a 64-bit id keeps its digits. */
export interface JsonDocument {
  /** Members of the object itself, in order. */
  members: Attribute[];
  /** Text of a scalar by its key, or by a path of keys joined by dots. */
  lookup: Lookup;
}

/** Null when the text is no JSON object. */
export function readDocument(text: string): JsonDocument | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return isObject(value) ? documentOf(text, value) : null;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function documentOf(text: string, value: Record<string, unknown>): JsonDocument {
  const members = membersOf(text);
  return {
    members,
    lookup(key) {
      if (Object.hasOwn(value, key)) {
        const own = value[key];
        // Not String(own): a nanosecond count is more than a double holds.
        if (typeof own === 'number') return members.findLast(([name]) => name === key)?.[1];
        const text = scalarText(own);
        if (text !== undefined) return text;
      }
      return nestedText(value, key);
    },
  };
}

/** A scalar's text; null, arrays and objects have none. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** `host.name` as `{"host":{"name":…}}`, also where one of the keys has dots itself. */
function nestedText(value: Record<string, unknown>, path: string): string | undefined {
  for (let dot = path.indexOf('.'); dot > 0; dot = path.indexOf('.', dot + 1)) {
    const inner = Object.hasOwn(value, path.slice(0, dot)) ? value[path.slice(0, dot)] : undefined;
    if (!isObject(inner)) continue;
    const rest = path.slice(dot + 1);
    const found = (Object.hasOwn(inner, rest) ? scalarText(inner[rest]) : undefined) ?? nestedText(inner, rest);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Members of the object that `text` is known to be. */
function membersOf(text: string): Attribute[] {
  const members: Attribute[] = [];
  let at = text.indexOf('{') + 1;
  for (;;) {
    const open = text.indexOf('"', at);
    // Behind the last value there is no key any more.
    if (open < 0) return members;
    const close = stringEnd(text, open);
    const raw = text.slice(open, close);
    const key = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
    const from = notSpace(text, text.indexOf(':', close) + 1);
    const end = valueEnd(text, from);
    members.push([key, text.slice(from, end)]);
    at = end;
  }
}

function notSpace(text: string, at: number): number {
  let i = at;
  while (text.charCodeAt(i) <= 0x20) i++;
  return i;
}

/** Behind the string that opens at `open`. */
function stringEnd(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  for (;;) {
    let slashes = close;
    while (text.charCodeAt(slashes - 1) === 0x5c) slashes--;
    if ((close - slashes) % 2 === 0) return close + 1;
    close = text.indexOf('"', close + 1);
  }
}

function valueEnd(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return stringEnd(text, from);
  if (first !== '{' && first !== '[') {
    let end = from;
    while (!',}] \t\r\n'.includes(text[end])) end++;
    return end;
  }
  const mark = /["{}[\]]/g;
  mark.lastIndex = from;
  for (let depth = 0; ; ) {
    const { index } = mark.exec(text)!;
    const char = text[index];
    if (char === '"') mark.lastIndex = stringEnd(text, index);
    else if (char === '{' || char === '[') depth++;
    else if (--depth === 0) return index + 1;
  }
}
