import { type Static, Type } from 'typebox';
import { LogsFilter, NoteSchema, RecordSchema, StatsSchema } from './contract.ts';
import { Maybe, Str, Time } from './contract-shapes.ts';

/** Shapes of `logs/patterns` and `logs/explain`; their types are in contract.ts with all others. */

export const PatternsQuerySchema = Type.Object(
  {
    ...LogsFilter,
    compare: Type.Optional(
      Type.Enum(['none', 'previous'], {
        description: '`previous`: with the period of the same length before the range',
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, default: 500 })),
  },
  { additionalProperties: false },
);
export const PatternSchema = Type.Object({
  id: Str('The pattern (16 hex digits) with most lines; `pattern:` finds lines by it'),
  patterns: Type.Array(Type.String(), { description: 'All patterns merged into this one, the most frequent first' }),
  template: Str('Variable parts masked; `<*>` where merged patterns differ'),
  count: Type.Integer({ description: 'Lines of the whole range, exact' }),
  share: Type.Number({ description: 'Of all lines that match, 0…1' }),
  first: Maybe(Time),
  last: Maybe(Time),
  apps: Type.Array(Type.Object({ value: Type.String(), count: Type.Integer() })),
  trend: Type.Array(Type.Integer(), { description: 'Lines per `interval`, from the first bucket of the range' }),
  sample: Type.Union([RecordSchema, Type.Null()]),
  before: Type.Union([
    Type.Integer({ description: 'Lines in the period before; null when not compared' }),
    Type.Null(),
  ]),
  state: Type.Union([Type.Enum(['new', 'gone', 'changed', 'same']), Type.Null()]),
});
export const PatternsAnswerSchema = Type.Object({
  patterns: Type.Array(PatternSchema),
  total: Type.Integer({ description: 'Distinct patterns of the range before merging' }),
  lines: Type.Integer(),
  interval: Str('Duration of a step of `trend`'),
  notes: Type.Array(NoteSchema),
  stats: StatsSchema,
});
export const ExplainQuerySchema = Type.Object(
  {
    ...LogsFilter,
    baselineFrom: Type.Optional(Str('As `from`; default: as long as the range, directly before it')),
    baselineTo: Type.Optional(Str('As `to`')),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
  },
  { additionalProperties: false },
);
export const ChangeSchema = Type.Object({
  kind: Type.Enum(['field', 'pattern']),
  field: Type.String(),
  value: Type.String(),
  template: Type.Optional(Str('Of a pattern')),
  count: Type.Integer(),
  baseline: Type.Integer(),
  share: Type.Number({ description: 'Of the lines of the range, 0…1' }),
  baselineShare: Type.Number(),
  factor: Type.Union([
    Type.Number({ description: 'Rate in the range over rate in the baseline; null when it is new' }),
    Type.Null(),
  ]),
  score: Type.Number({ description: 'What the list is ordered by; higher says more about the change' }),
});
export const ExplainAnswerSchema = Type.Object({
  items: Type.Array(ChangeSchema),
  lines: Type.Integer(),
  baselineLines: Type.Integer(),
  from: Time,
  to: Time,
  baselineFrom: Time,
  baselineTo: Time,
  notes: Type.Array(NoteSchema),
  stats: StatsSchema,
});

export type PatternsQuery = Static<typeof PatternsQuerySchema>;
export type PatternsAnswer = Static<typeof PatternsAnswerSchema>;
export type ApiPattern = Static<typeof PatternSchema>;
export type ExplainQuery = Static<typeof ExplainQuerySchema>;
export type ExplainAnswer = Static<typeof ExplainAnswerSchema>;
export type ApiChange = Static<typeof ChangeSchema>;
