import { FleetlogError } from '../model/errors.ts';
import { typeName, type ValueSchema } from './config-keys.ts';

/**
 * Turns the text of an environment variable or of `--set` into the value its schema wants: lists are comma-separated (lists
 * of objects, and maps, are JSON), `true|false|1|0|yes|no` for flags. Throws `bad_config` that says what was given and wanted.
 */
export function valueOfText(schema: ValueSchema, text: string, name: string): unknown {
  if (schema.type === 'boolean') return flagOf(text) ?? refuse(schema, text, name);
  if (schema.type === 'integer' || schema.type === 'number') return numberOf(text) ?? refuse(schema, text, name);
  if (schema.type === 'array') return listOf(schema, text, name);
  if (schema.type === 'object') return jsonOf(schema, text, name);
  return text;
}

function flagOf(text: string): boolean | null {
  const word = text.trim().toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(word)) return true;
  if (['false', '0', 'no', 'off'].includes(word)) return false;
  return null;
}

function numberOf(text: string): number | null {
  const trimmed = text.trim().replaceAll('_', '');
  return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : null;
}

function listOf(schema: ValueSchema, text: string, name: string): unknown[] {
  const trimmed = text.trim();
  if (trimmed === '') return [];
  if (trimmed.startsWith('[')) {
    const value = jsonOf(schema, trimmed, name);
    return Array.isArray(value) ? value : refuse(schema, text, name);
  }
  if (schema.items?.type === 'object') return refuse(schema, text, name);
  // Braces of a path template may hold commas one day; today's templates and names hold none.
  return trimmed
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function jsonOf(schema: ValueSchema, text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    return refuse(schema, text, name, cause);
  }
}

function refuse(schema: ValueSchema, text: string, name: string, cause?: unknown): never {
  const given = schema.secret ? 'a secret' : JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
  const json = schema.type === 'object' || schema.items?.type === 'object' ? ' as JSON' : '';
  throw new FleetlogError('bad_config', `${name} is ${given}; wanted: ${typeName(schema)}${json}`, { cause });
}
