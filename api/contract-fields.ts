import { type Static, Type } from 'typebox';
import { LogsFilter, NoteSchema, StatsSchema } from './contract.ts';
import { Closed } from './contract-shapes.ts';

/** Shapes of `logs/fields`; their types are in contract.ts with all others. */

export const FieldsQuerySchema = Closed({
  ...LogsFilter,
  prefix: Type.Optional(
    Type.String({ maxLength: 128, description: 'Only names that begin with it, in upper or lower case' }),
  ),
  size: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 200 })),
});
export const FoundFieldSchema = Type.Object({
  name: Type.String(),
  kind: Type.Enum(['number', 'boolean', 'text'], { description: 'What every value looked at can be read as' }),
  lines: Type.Integer({ description: 'So many of the lines looked at have it' }),
});
export const FieldsAnswerSchema = Type.Object({
  fields: Type.Array(FoundFieldSchema, { description: 'In most lines first, then by name' }),
  looked: Type.Integer({ description: 'Lines looked at: the newest of each of the apps with most lines' }),
  notes: Type.Array(NoteSchema),
  stats: StatsSchema,
});
export type FieldsQuery = Static<typeof FieldsQuerySchema>;
export type FoundField = Static<typeof FoundFieldSchema>;
export type FieldsAnswer = Static<typeof FieldsAnswerSchema>;
