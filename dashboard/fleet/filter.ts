import { matchesParts } from '../../model/glob.ts';

/** What a row is found by: values of named fields; a word without a field is looked for in all of them. */
export type Searchable = Readonly<Record<string, string>>;

export type RowFilter = (row: Searchable) => boolean;

const TERM = /(-?)(?:([a-z]+):)?("[^"]*"|\S+)/g;

/**
 * What is typed above a list → a test of its rows. Words are looked for anywhere, `*` makes a word a glob of the whole value, `app:` and the like
 * name a field, `-` excludes, quotes mean exactly this value; all must hold, upper and lower case are the same. Full-width punctuation is read
 * as what it stands for.
 */
export function readFilter(text: string, fields: readonly string[]): RowFilter {
  const plain = text.replace(/[：＊“”－]/g, (found) => ({ '：': ':', '＊': '*', '－': '-' })[found] ?? '"');
  const tests = [...plain.matchAll(TERM)].map(([whole, minus, field, value]) => {
    // A colon after anything else belongs to the word: an image is `shop:1.4`.
    const known = field !== undefined && fields.includes(field);
    const wanted = known || field === undefined ? value : whole.slice(minus.length);
    const test = valueTest(wanted);
    const searched = known ? [field] : fields;
    const found = (row: Searchable) => searched.some((name) => test((row[name] ?? '').toLowerCase()));
    return minus === '' ? found : (row: Searchable) => !found(row);
  });
  return (row) => tests.every((test) => test(row));
}

function valueTest(written: string): (value: string) => boolean {
  const wanted = written.toLowerCase();
  if (wanted.length > 1 && wanted.startsWith('"') && wanted.endsWith('"')) {
    const exact = wanted.slice(1, -1);
    return (value) => value === exact;
  }
  if (!wanted.includes('*')) return (value) => value.includes(wanted);
  const parts = wanted.split('*');
  return (value) => matchesParts(parts, value);
}

/** `app:"shop"`: a term that means this value and no other. */
export function exactTerm(field: string, value: string): string {
  // A quote cannot be written inside quotes; any run of characters stands for it.
  return value.includes('"') ? `${field}:${value.replace(/["\s]+/g, '*')}` : `${field}:"${value}"`;
}
