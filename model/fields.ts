import { readJsonFields } from './json-fields.ts';
import { readLogfmtFields } from './logfmt-fields.ts';

export { numericValue, parseScalar } from './query/scalar.ts';

/** Most fields of one line; the rest stays searchable as text. Keeps a line with many keys from becoming an index of its own. */
export const FIELD_LIMIT = 200;
/** Code points kept of keys and values, the same in every store, so that equality means the same. */
export const KEY_LIMIT = 128;
export const VALUE_LIMIT = 512;

/** The first `limit` code points. */
function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let end = 0;
  for (let i = 0; i < limit && end < text.length; i++) end += (text.codePointAt(end) as number) > 0xffff ? 2 : 1;
  return text.slice(0, end);
}

/** A field's name as it is kept and asked for. */
export function cutKey(key: string): string {
  return cut(key, KEY_LIMIT);
}

/** A field's value as it is kept and compared. */
export function cutValue(value: string): string {
  return cut(value, VALUE_LIMIT);
}

/**
 * The fields of a message, in order, at most FIELD_LIMIT. A message that is one JSON object gives its leaves: nested keys joined by
 * dots, strings decoded, numbers, booleans and whole arrays as written, `null` left out. Any other message gives its logfmt pairs
 * (`key=value`, `key="a value"`), wherever they stand in it. Empty values are left out (empty and absent are the same); of a
 * repeated key the first counts. JSON behind other text is text.
 */
export function extractFields(message: string): Map<string, string> {
  const fields = new Map<string, string>();
  const take = (key: string, value: string): boolean => {
    if (value !== '' && fields.size < FIELD_LIMIT) {
      const name = cutKey(key);
      if (!fields.has(name)) fields.set(name, cutValue(value));
    }
    return fields.size < FIELD_LIMIT;
  };
  if (/^\s*\{/.test(message)) {
    if (readJsonFields(message, take)) return fields;
    fields.clear();
  }
  if (message.includes('=')) readLogfmtFields(message, take);
  return fields;
}
