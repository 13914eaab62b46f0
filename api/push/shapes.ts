import { Type } from 'typebox';

const Name = (what: string) =>
  Type.Optional(Type.String({ maxLength: 512, description: `${what} of lines whose labels name none` }));

/** Parameters of every push route; clients add others of their own protocol, which are let pass. */
export const PushQuerySchema = Type.Object({ app: Name('App'), env: Name('Env'), host: Name('Host') });
export const PushedSchema = Type.Object({ stored: Type.Integer({ description: 'Lines the store has' }) });
/** What other products' protocols say; their documentation has the shapes. */
export const ForeignSchema = Type.Unknown();
