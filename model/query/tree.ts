/** The query as a tree; the only form stores ever see. Positions (`span`) are UTF-16 offsets in the text, for errors and editors. */
export type Query =
  | { type: 'all' }
  | { type: 'and'; items: Query[] }
  | { type: 'or'; items: Query[] }
  | { type: 'not'; item: Query }
  | PhraseQuery
  | { type: 'substring'; text: string; span?: Span }
  | { type: 'regexp'; pattern: string; span?: Span }
  | { type: 'field'; field: string; test: FieldTest; span?: Span };

/**
 * Token sequence on the message (fl-1), adjacent and in order. `prefix`: the last token matches by prefix, when the text ends in a
 * word character. Text without any token is a literal substring. `quoted` only tells `print` how it was written.
 */
export interface PhraseQuery {
  type: 'phrase';
  text: string;
  prefix: boolean;
  quoted: boolean;
  span?: Span;
}

export type FieldTest =
  | { op: 'exists' }
  /** Whole value, case-sensitive. */
  | { op: 'equals'; value: string }
  /** Whole value with `*` for any run of characters; `parts` are the literals between stars. */
  | { op: 'glob'; parts: string[] }
  /** Numbers, durations (`5s` = milliseconds), sizes (`10MB` = bytes); `level` compares by ordinal. `text` is what was written. */
  | { op: 'compare'; sign: '>' | '>=' | '<' | '<='; value: number; text: string };

export interface Span {
  start: number;
  end: number;
}

/** Fields that come from the source or the record itself, not from the line's text. */
export const RECORD_FIELDS = [
  'app',
  'env',
  'host',
  'container',
  'instance',
  'stream',
  'path',
  'image',
  'version',
  'level',
] as const;
export type RecordField = (typeof RECORD_FIELDS)[number];
