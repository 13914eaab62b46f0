import { readQueryText, type TextClause } from './query-text.ts';

/** How a field's value is written, e.g. `app:shop` or `app:"two words"`; given by model/query so that the parser reads back the same. */
export type WriteClause = (field: string, value: string) => string;

/** Whether the text asks for this value, refuses it, or says nothing about it. */
export function valueState(text: string, field: string, value: string): 'in' | 'out' | null {
  const { clauses, mixed } = readQueryText(text);
  if (mixed) return null;
  for (const clause of clauses) {
    if (clause.field !== field) continue;
    if (clause.values?.includes(value)) return clause.negated ? 'out' : 'in';
    if (value === '' && clause.negated && clause.values === null && text.slice(clause.start, clause.end).endsWith('*'))
      return 'in';
  }
  return null;
}

/** Adds the value to what is asked for, or takes it away again: `app:a` → `app:(a b)` → `app:b`. */
export function toggleValue(text: string, field: string, value: string, write: WriteClause): string {
  const read = readQueryText(text);
  if (valueState(text, field, value) === 'in') return withoutValue(text, field, value, write);
  const base = withoutValue(text, field, value, write);
  if (value === '') return append(withoutField(base, field), `-${field}:*`);
  const positive = readQueryText(base).clauses.find(
    (clause) => clause.field === field && !clause.negated && clause.values !== null,
  );
  if (positive === undefined || read.mixed) return append(base, write(field, value), read.mixed);
  return replace(base, positive, group(field, [...positive.values!, value], write));
}

/** Asks for this value alone. */
export function onlyValue(text: string, field: string, value: string, write: WriteClause): string {
  const mixed = readQueryText(text).mixed;
  const clause = value === '' ? `-${field}:*` : write(field, value);
  return append(mixed ? text : withoutField(text, field), clause, mixed);
}

/** Refuses this value, or no longer does. */
export function excludeValue(text: string, field: string, value: string, write: WriteClause): string {
  const mixed = readQueryText(text).mixed;
  if (valueState(text, field, value) === 'out') return withoutValue(text, field, value, write);
  const clause = value === '' ? `${field}:*` : `-${write(field, value)}`;
  return append(mixed ? text : withoutValue(text, field, value, write), clause, mixed);
}

/** The text without any top-level clause of that field; unchanged when OR stands at the top. */
export function withoutField(text: string, field: string): string {
  const { clauses, mixed } = readQueryText(text);
  if (mixed) return text;
  return cut(
    text,
    clauses.filter((clause) => clause.field === field),
  );
}

/** Only words, phrases and groups: every top-level field clause is dropped. */
export function wordsOnly(text: string): string {
  const { clauses, mixed } = readQueryText(text);
  return mixed
    ? text
    : cut(
        text,
        clauses.filter((clause) => clause.field !== null),
      );
}

/** Number of values the text asks for or refuses, for the badge on the filter button. */
export function activeCount(text: string, fields: readonly string[]): number {
  return readQueryText(text).clauses.filter((clause) => clause.field !== null && fields.includes(clause.field)).length;
}

/** The text and one clause more; unchanged when it is there already. */
export function addClause(text: string, clause: string): string {
  const { clauses, mixed } = readQueryText(text);
  if (!mixed && clauses.some((one) => text.slice(one.start, one.end) === clause)) return text;
  return append(text, clause, mixed);
}

function withoutValue(text: string, field: string, value: string, write: WriteClause): string {
  const { clauses, mixed } = readQueryText(text);
  if (mixed) return text;
  if (value === '')
    return cut(
      text,
      clauses.filter((c) => c.field === field && c.values === null && text.slice(c.start, c.end).endsWith('*')),
    );
  const clause = clauses.find((c) => c.field === field && c.values?.includes(value));
  if (clause === undefined) return text;
  const rest = clause.values!.filter((other) => other !== value);
  if (rest.length === 0) return cut(text, [clause]);
  return replace(text, clause, `${clause.negated ? '-' : ''}${group(field, rest, write)}`);
}

function group(field: string, values: string[], write: WriteClause): string {
  if (values.length === 1) return write(field, values[0]);
  const written = values.map((value) => write(field, value));
  const name = written[0].slice(0, commonName(written));
  return `${name}(${written.map((clause) => clause.slice(name.length)).join(' OR ')})`;
}

/** Length of `field:` (or `@"odd name":`) that all the clauses begin with. */
function commonName(written: string[]): number {
  return written[0].startsWith('@"') ? written[0].indexOf('":') + 2 : written[0].indexOf(':') + 1;
}

function append(text: string, clause: string, mixed = false): string {
  const trimmed = text.trim();
  if (trimmed === '') return clause;
  return mixed ? `(${trimmed}) ${clause}` : `${trimmed} ${clause}`;
}

function replace(text: string, clause: TextClause, by: string): string {
  return text.slice(0, clause.start) + by + text.slice(clause.end);
}

function cut(text: string, clauses: TextClause[]): string {
  let out = text;
  for (const clause of clauses.toReversed())
    out = `${out.slice(0, clause.start).trimEnd()} ${out.slice(clause.end).trimStart()}`;
  return out.trim().replace(/^AND\s+|\s+AND$/g, '');
}
