import { type TSchema, Type } from 'typebox';

/** What the shapes of the contract are made of. */
export const Str = (description: string) => Type.String({ description });
export const Maybe = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const Time = Type.String({
  description: 'UTC, ISO 8601 with six decimals',
  examples: ['2026-11-21T10:24:57.961032Z'],
});
export const Password = Type.String({ maxLength: 1024 });
/** What callers send: a name that is not known is refused, for it is mistyped. */
export const Closed = <T extends Record<string, TSchema>>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });
