import { nearest } from '../model/nearest.ts';
import { isSection, typeName, type ValueSchema } from './config-keys.ts';

/** One thing wrong with a value, and where in it. */
export interface Problem {
  path: (string | number)[];
  message: string;
}

/**
 * What is wrong with `value` under `schema`, each said with what was given and what is wanted. Missing properties are no
 * problem: they take their defaults. (The schema library's own messages name neither the given value nor the nearest key.)
 */
export function checkValue(schema: ValueSchema, value: unknown, path: (string | number)[] = []): Problem[] {
  if (schema.anyOf) {
    const fitting = schema.anyOf.find((choice) => sameShape(choice, value));
    return fitting ? checkValue(fitting, value, path) : [wanted(schema, value, path)];
  }
  if (schema.enum) return schema.enum.includes(value) ? [] : [wanted(schema, value, path)];
  if (!sameShape(schema, value)) return [wanted(schema, value, path)];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => checkValue(schema.items ?? {}, item, [...path, index]));
  }
  if (schema.type === 'object') return checkObject(schema, value as Record<string, unknown>, path);
  if (typeof value === 'number') {
    const below = schema.minimum !== undefined && value < schema.minimum;
    const above = schema.maximum !== undefined && value > schema.maximum;
    return below || above ? [wanted(schema, value, path)] : [];
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(String(value)))
    return [wanted(schema, value, path)];
  return [];
}

/**
 * A value that `checkValue` found nothing wrong with, with the defaults of whatever it leaves out. (`typebox/value` does this too, and takes
 * longer to load than everything else a client command needs.)
 */
export function withDefaults(schema: ValueSchema, value: unknown): unknown {
  const given = value === undefined ? structuredClone(schema.default) : value;
  if (Array.isArray(given)) return given.map((item) => withDefaults(schema.items ?? {}, item));
  if (typeof given !== 'object' || given === null) return given;
  const shape = schema.properties ? schema : schema.anyOf?.find((choice) => choice.properties);
  const known = given as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(shape?.properties ?? {}).map(([name, child]) => [name, withDefaults(child, known[name])]),
  );
}

function checkObject(schema: ValueSchema, value: Record<string, unknown>, path: (string | number)[]): Problem[] {
  const known = schema.properties ?? {};
  const problems: Problem[] = [];
  for (const [name, child] of Object.entries(value)) {
    const at = [...path, name];
    if (Object.hasOwn(known, name)) problems.push(...checkValue(known[name], child, at));
    else problems.push({ path: at, message: unknownKey(at, path, Object.keys(known), schema) });
  }
  for (const [name, child] of Object.entries(known)) {
    // Sections and keys have defaults; only items of lists can lack something they need.
    if (child.default === undefined && !isSection(child) && !Object.hasOwn(value, name)) {
      problems.push({ path, message: `${dotted(path)} needs \`${name}\`: ${child.description ?? typeName(child)}` });
    }
  }
  return problems;
}

function unknownKey(
  at: (string | number)[],
  parent: (string | number)[],
  names: string[],
  schema: ValueSchema,
): string {
  const word = String(at.at(-1));
  const near = nearest(word, names);
  const all = parent.length > 0 || !schema.properties?.dataDir ? ` (known: ${names.join(', ')})` : '';
  return `unknown key ${dotted(at)}${near === null ? all : `; did you mean ${dotted([...parent, near])}?`}`;
}

function sameShape(schema: ValueSchema, value: unknown): boolean {
  switch (schema.type) {
    case 'string':
    case 'boolean':
      return typeof value === schema.type;
    case 'integer':
      return Number.isSafeInteger(value);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return true;
  }
}

function wanted(schema: ValueSchema, value: unknown, path: (string | number)[]): Problem {
  return { path, message: `${dotted(path)} is ${shown(schema, value)}; wanted: ${typeName(schema)}` };
}

function shown(schema: ValueSchema, value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (schema.secret) return `a ${typeof value}`;
  const text = JSON.stringify(value) ?? String(value);
  const kind = Array.isArray(value) ? 'list' : typeof value === 'string' ? 'text' : typeof value;
  return `the ${kind} ${text.length > 60 ? `${text.slice(0, 57)}...` : text}`;
}

/** `collector.paths[2].template`. */
export function dotted(path: readonly (string | number)[]): string {
  let text = '';
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : text ? `.${part}` : part;
  return text || 'the configuration';
}
