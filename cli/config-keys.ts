import type { TSchema } from 'typebox';
import { ConfigSchema } from '../model/config.ts';

/** A value's schema as plain JSON Schema, as far as configuration uses it. */
export interface ValueSchema {
  type?: 'string' | 'boolean' | 'integer' | 'number' | 'array' | 'object';
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  enum?: unknown[];
  items?: ValueSchema;
  anyOf?: ValueSchema[];
  properties?: Record<string, ValueSchema>;
  /** A path of the file system. */
  path?: boolean;
  /** Never shown. */
  secret?: boolean;
}

/** One key of the configuration: everything that has a default of its own. */
export interface ConfigKey {
  /** Dotted, as in the file: `collector.containersDir`. */
  name: string;
  /** `FLEETLOG_COLLECTOR_CONTAINERS_DIR`. */
  env: string;
  path: string[];
  schema: ValueSchema;
}

export interface ConfigSection {
  name: string;
  description: string;
}

/** The environment name of a key: upper snake case of its path. */
export function envName(path: readonly string[]): string {
  return `FLEETLOG_${path.map((part) => part.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()).join('_')}`;
}

/** Names under FLEETLOG_ that are no configuration keys: the client's address and token, the file, and the tests' dose. */
export const OTHER_ENV_NAMES = ['FLEETLOG_URL', 'FLEETLOG_TOKEN', 'FLEETLOG_CONFIG', 'FLEETLOG_SOAK'] as const;

/** Every key in the schema's order. */
export function configKeys(schema: TSchema = ConfigSchema): ConfigKey[] {
  const keys: ConfigKey[] = [];
  walk(schema as ValueSchema, [], (path, at) => {
    if (!isSection(at)) keys.push({ name: path.join('.'), env: envName(path), path, schema: at });
  });
  return keys;
}

/** Every section in the schema's order, the unnamed top one first. */
export function configSections(schema: TSchema = ConfigSchema): ConfigSection[] {
  const sections: ConfigSection[] = [];
  walk(schema as ValueSchema, [], (path, at) => {
    if (isSection(at)) sections.push({ name: path.join('.'), description: at.description ?? '' });
  });
  return sections;
}

export function isSection(schema: ValueSchema): boolean {
  return schema.type === 'object' && schema.properties !== undefined;
}

/** The type as a person reads it: `whole number 0–65535`, `one of local, none`, `list of text`. */
export function typeName(schema: ValueSchema): string {
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  if (schema.anyOf) return schema.anyOf.map(typeName).join(' or ');
  if (schema.type === 'array') return `list of ${typeName(schema.items ?? {})}`;
  if (schema.type === 'object') return `{${Object.keys(schema.properties ?? {}).join(', ')}}`;
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'integer' || schema.type === 'number') {
    const noun = schema.type === 'integer' ? 'whole number' : 'number';
    const { minimum, maximum } = schema;
    if (minimum === undefined) return noun;
    if (maximum === undefined || maximum === Number.MAX_SAFE_INTEGER) return `${noun} of at least ${minimum}`;
    return `${noun} from ${minimum} to ${maximum}`;
  }
  if (schema.path) return 'path';
  return schema.pattern ? `text like ${schema.pattern}` : 'text';
}

function walk(schema: ValueSchema, path: string[], visit: (path: string[], schema: ValueSchema) => void): void {
  visit(path, schema);
  if (!isSection(schema)) return;
  for (const [name, child] of Object.entries(schema.properties ?? {})) walk(child, [...path, name], visit);
}
