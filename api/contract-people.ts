import { type Static, Type } from 'typebox';
import { Closed, Maybe, Password, Str, Time } from './contract-shapes.ts';

export const ScopeSchema = Closed({
  app: Type.String({ minLength: 1, maxLength: 512, description: 'Pattern, `*` for any run of characters' }),
  env: Type.String({ minLength: 1, maxLength: 512, description: 'Pattern' }),
});
export const RoleSchema = Type.Enum(['admin', 'reader', 'collector', 'push', 'metrics']);
export const MeSchema = Type.Object({
  name: Type.String(),
  kind: Type.Enum(['user', 'token', 'anonymous']),
  role: RoleSchema,
  scopes: Type.Array(ScopeSchema),
  version: Type.String(),
  insecure: Type.Boolean(),
});
export const LoginSchema = Closed({ name: Type.String({ maxLength: 128 }), password: Password });
export const SetupSchema = Closed({
  token: Type.String({ maxLength: 128 }),
  name: Type.String({ minLength: 1, maxLength: 128, pattern: '^[^\\s/:]+$' }),
  password: Password,
});
export const PasswordChangeSchema = Closed({ old: Password, password: Password });
export const UserSchema = Type.Object({
  name: Type.String(),
  role: RoleSchema,
  scopes: Type.Array(ScopeSchema),
  createdAt: Time,
  lastLoginAt: Maybe(Time),
  disabled: Type.Boolean(),
  provider: Type.Optional(Str('Issuer they sign in by; absent for local users')),
});
export const UserCreateSchema = Closed({
  name: Type.String({ minLength: 1, maxLength: 128, pattern: '^[^\\s/:]+$' }),
  password: Password,
  role: Type.Optional(Type.Enum(['admin', 'reader'])),
  scopes: Type.Optional(Type.Array(ScopeSchema, { maxItems: 100 })),
});
export const UserChangeSchema = Type.Object(
  {
    password: Type.Optional(Password),
    role: Type.Optional(Type.Enum(['admin', 'reader'])),
    scopes: Type.Optional(Type.Array(ScopeSchema, { maxItems: 100 })),
    disabled: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, minProperties: 1 },
);
export const TokenSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  role: RoleSchema,
  scopes: Type.Array(ScopeSchema),
  host: Maybe(Type.String()),
  createdAt: Time,
  createdBy: Type.String(),
  expiresAt: Maybe(Time),
  lastUsedAt: Maybe(Time),
});
export const TokenCreateSchema = Closed({
  name: Type.String({ minLength: 1, maxLength: 128 }),
  role: Type.Optional(RoleSchema),
  scopes: Type.Optional(Type.Array(ScopeSchema, { maxItems: 100 })),
  host: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'Role collector: the only host it may write; push: the host of lines that name none',
    }),
  ),
  days: Type.Optional(Type.Integer({ minimum: 1, maximum: 3650, description: 'Days until it expires; absent: never' })),
});
/** The secret is shown once. */
export const TokenCreatedSchema = Type.Object({ token: TokenSchema, secret: Type.String() });
export const ViewSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  owner: Type.String(),
  mine: Type.Boolean(),
  shared: Type.Boolean(),
  scope: Type.Optional(ScopeSchema),
  query: Type.String(),
  params: Type.Record(Type.String(), Type.String()),
  updatedAt: Time,
});
export const ViewWriteSchema = Closed({
  name: Type.String({ minLength: 1, maxLength: 200 }),
  query: Type.String({ maxLength: 16_384 }),
  params: Type.Optional(
    Type.Record(Type.String({ maxLength: 64 }), Type.String({ maxLength: 2_048 }), {
      maxProperties: 50,
      description: "Whatever else the page's URL holds: range, columns, filters",
    }),
  ),
  shared: Type.Optional(Type.Boolean()),
  scope: Type.Optional(ScopeSchema),
});
/** `elasticsearch` and `retention` are sections of the configuration (docs/config.md); what they leave out has its default. */
export const MoveStartSchema = Closed({
  to: Type.Enum(['elasticsearch']),
  elasticsearch: Type.Record(Type.String(), Type.Unknown()),
  retention: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});
export const MoveSchema = Type.Object({
  state: Type.Enum(['running', 'done', 'failed', 'stopped']),
  target: Str('The destination, without credentials'),
  startedAt: Time,
  records: Type.Integer({ description: 'Records this store has' }),
  moved: Type.Integer({ description: 'Of those, what the destination has been given' }),
  had: Type.Integer({ description: 'Records given that were there already' }),
  tooOld: Type.Integer({ description: 'Records given that the destination keeps no longer' }),
  at: Maybe(Time),
  people: Type.Object({ moved: Type.Integer(), kept: Type.Integer() }),
  error: Maybe(Type.String()),
});

export type Scope = Static<typeof ScopeSchema>;
export type Role = Static<typeof RoleSchema>;
export type Me = Static<typeof MeSchema>;
export type ApiUser = Static<typeof UserSchema>;
export type ApiToken = Static<typeof TokenSchema>;
export type ApiView = Static<typeof ViewSchema>;
export type ViewWrite = Static<typeof ViewWriteSchema>;
export type ApiMove = Static<typeof MoveSchema>;
