import { type Static, type TSchema, Type } from 'typebox';

/**
 * Shapes of every request and answer under /api/v1. OpenAPI, validation, serialisation, the dashboard's client and the CLI's types all
 * come from here. Times in answers are UTC ISO strings with six decimals. Lists are `{items, next, notes}` unless a route says otherwise.
 */
const Str = (description: string) => Type.String({ description });
const Maybe = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Time = Type.String({ description: 'UTC, ISO 8601 with six decimals', examples: ['2026-11-21T10:24:57.961032Z'] });
const Password = Type.String({ maxLength: 1024 });
/** What callers send: a name that is not known is refused, for it is mistyped. */
const Closed = <T extends Record<string, TSchema>>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });
const Level = Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);

/** Machine-readable remark on an answer; codes and their details are in docs/notes.md. */
export interface ApiNote {
  code: string;
  [detail: string]: unknown;
}
export const NoteSchema = Type.Unsafe<ApiNote>(
  Type.Object({ code: Type.String() }, { additionalProperties: true, description: 'See docs/notes.md' }),
);
/** 204. */
export const NothingSchema = Type.Unsafe<undefined>({ type: 'null', description: 'Done' });
export const StatsSchema = Type.Object({
  tookMs: Type.Number(),
  blocksRead: Type.Integer(),
  blocksTotal: Type.Integer(),
  bytesRead: Type.Number(),
});
export const GapSchema = Type.Object({
  host: Type.String(),
  app: Maybe(Type.String()),
  env: Maybe(Type.String()),
  from: Time,
  to: Maybe(Time),
  cause: Str('collector_silent, truncated, rotated_away, removed, deleted, damaged'),
  bytes: Maybe(Type.Number()),
});
export const RecordSchema = Type.Object({
  id: Type.String(),
  time: Time,
  app: Type.String(),
  env: Type.String(),
  host: Type.String(),
  container: Type.String(),
  containerName: Type.String(),
  instance: Type.String(),
  stream: Type.String(),
  path: Type.String(),
  level: Maybe(Level),
  message: Type.String(),
  fields: Type.Record(Type.String(), Type.String()),
  image: Type.String(),
  version: Type.String(),
  raw: Type.Optional(Str('Base64 of the exact bytes where the message holds bytes that are no UTF-8')),
  flags: Type.Optional(Type.Array(Str('truncated, mojibake, parse_error, lossy, redacted'))),
});

const Many = Type.Optional(Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: 200 })]));
/** `query`, range and the repeatable scope filters every log route takes. */
export const LogsFilter = {
  query: Type.Optional(
    Type.String({
      maxLength: 16_384,
      description: 'Query language of docs/query.md; empty matches everything but events',
    }),
  ),
  from: Type.Optional(Str('ISO time, epoch ms, µs (≥ 1e14) or `now-15m`; default `now-15m`')),
  to: Type.Optional(Str('As `from`, exclusive; default `now`')),
  app: Many,
  env: Many,
  host: Many,
  container: Many,
  level: Many,
};
export const LogsQuerySchema = Closed({
  ...LogsFilter,
  limit: Type.Optional(Type.Integer({ minimum: 1, default: 200 })),
  order: Type.Optional(Type.Enum(['desc', 'asc'])),
  cursor: Type.Optional(Type.String({ maxLength: 4096 })),
});
export const LogsAnswerSchema = Type.Object({
  records: Type.Array(RecordSchema),
  next: Maybe(Type.String()),
  completeTo: Maybe(Time),
  gaps: Type.Array(GapSchema),
  notes: Type.Array(NoteSchema),
  stats: StatsSchema,
});
export const HistogramQuerySchema = Closed({
  ...LogsFilter,
  interval: Type.Optional(Str('`auto` or a duration `500ms 5s 1m 1h 1d`')),
  by: Type.Optional(Type.Enum(['level', 'app', 'env', 'host'])),
});
export const HistogramAnswerSchema = Type.Object({
  interval: Str('Duration of a bucket, e.g. `30s`'),
  buckets: Type.Array(Type.Object({ time: Time, counts: Type.Record(Type.String(), Type.Integer()) })),
  gaps: Type.Array(GapSchema),
  completeTo: Maybe(Time),
  notes: Type.Array(NoteSchema),
  stats: StatsSchema,
});
export const FacetsQuerySchema = Closed({
  ...LogsFilter,
  fields: Type.Optional(Str('Comma-separated fields; default `level,app,env,host,instance`')),
  size: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 10 })),
});
export const FacetsAnswerSchema = Type.Object({
  facets: Type.Record(Type.String(), Type.Array(Type.Object({ value: Type.String(), count: Type.Integer() }))),
  notes: Type.Array(NoteSchema),
  stats: StatsSchema,
});
export const ContextQuerySchema = Closed({
  id: Type.String({ maxLength: 64 }),
  before: Type.Optional(Type.Integer({ minimum: 0, default: 50 })),
  after: Type.Optional(Type.Integer({ minimum: 0, default: 50 })),
  scope: Type.Optional(Type.Enum(['source', 'app', 'host'])),
});
export const ContextAnswerSchema = Type.Object({
  before: Type.Array(RecordSchema),
  anchor: RecordSchema,
  after: Type.Array(RecordSchema),
});
export const TailQuerySchema = Closed({
  query: LogsFilter.query,
  app: Many,
  env: Many,
  host: Many,
  container: Many,
  level: Many,
  last: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 10_000, default: 0, description: 'Rows sent first, the newest in order' }),
  ),
});
export const ExportQuerySchema = Closed({
  ...LogsFilter,
  format: Type.Optional(Type.Enum(['ndjson', 'text', 'csv'])),
  order: Type.Optional(Type.Enum(['asc', 'desc'])),
});

export const AppSchema = Type.Object({
  app: Type.String(),
  env: Type.String(),
  instances: Type.Integer(),
  running: Type.Integer(),
  hosts: Type.Array(Type.String()),
  versions: Type.Array(Type.String()),
  lastLineAt: Maybe(Time),
  lines: Type.Integer({ description: 'Records of the last 24 h' }),
  errors: Type.Integer(),
  restarts: Type.Integer(),
  lagMs: Maybe(Type.Number()),
});
export const HostSchema = Type.Object({
  host: Type.String(),
  state: Type.Enum(['reporting', 'silent', 'unknown']),
  lastStatusAt: Maybe(Time),
  containers: Type.Integer(),
  running: Type.Integer(),
  apps: Type.Integer(),
  lastLineAt: Maybe(Time),
  lagMs: Maybe(Type.Number()),
  docker: Type.Object({ reachable: Type.Boolean(), reason: Type.Optional(Type.String()) }),
  version: Type.String(),
});
export const HostParamsSchema = Type.Object({ host: Type.String({ minLength: 1, maxLength: 512 }) });
export const ContainerSchema = Type.Object({
  container: Type.String(),
  containerName: Type.String(),
  app: Type.String(),
  env: Type.String(),
  host: Type.String(),
  instance: Type.String(),
  image: Type.String(),
  version: Type.String(),
  named: Type.Object({ app: Type.String(), env: Type.String() }),
  state: Type.String(),
  health: Maybe(Type.String()),
  createdAt: Maybe(Time),
  startedAt: Maybe(Time),
  finishedAt: Maybe(Time),
  exitCode: Maybe(Type.Integer()),
  oomKilled: Type.Boolean(),
  restarts: Type.Integer(),
  reader: Type.String(),
  lastLineAt: Maybe(Time),
  lagMs: Maybe(Type.Number()),
  warnings: Type.Array(Type.String()),
});
export const EventSchema = Type.Object({
  id: Type.String(),
  time: Time,
  type: Type.String(),
  app: Type.String(),
  env: Type.String(),
  host: Type.String(),
  container: Type.String(),
  containerName: Type.String(),
  exitCode: Type.Optional(Type.Integer()),
  image: Type.Optional(Type.String()),
  version: Type.Optional(Str('Of a deploy, as read from image or labels')),
  previousImage: Type.Optional(Type.String()),
  previousVersion: Type.Optional(Type.String()),
  health: Type.Optional(Str('Of a health event: healthy, unhealthy, starting')),
});
export const LedgerItemSchema = Type.Object({
  source: Type.Object({
    host: Type.String(),
    app: Type.String(),
    env: Type.String(),
    container: Type.String(),
    containerName: Type.String(),
    instance: Type.String(),
    path: Type.String(),
    reader: Type.String(),
    fid: Type.String(),
  }),
  state: Type.String(),
  reason: Maybe(Type.String()),
  size: Type.Number(),
  read: Type.Number(),
  searchable: Type.Number(),
  dropped: Type.Record(Type.String(), Type.Number()),
  inFlight: Type.Number(),
  lines: Type.Number(),
  lastLineAt: Maybe(Time),
});

/** `{items, next, notes}`. */
export const ListOf = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next: Maybe(Type.String()), notes: Type.Array(NoteSchema) });

export const ListQuerySchema = Closed({
  app: Many,
  env: Many,
  host: Many,
  container: Many,
  limit: Type.Optional(Type.Integer({ minimum: 1 })),
  cursor: Type.Optional(Type.String({ maxLength: 4096 })),
});
export const EventsQuerySchema = Closed({
  app: Many,
  env: Many,
  host: Many,
  container: Many,
  type: Many,
  from: LogsFilter.from,
  to: LogsFilter.to,
  limit: Type.Optional(Type.Integer({ minimum: 1 })),
  cursor: Type.Optional(Type.String({ maxLength: 4096 })),
});

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
export const ErrorSchema = Type.Object({
  error: Type.Object({
    code: Type.String(),
    message: Type.String(),
    hint: Type.Optional(Type.String()),
    position: Type.Optional(Type.Object({ start: Type.Integer(), end: Type.Integer() })),
    action: Type.Optional(
      Type.Object(
        { label: Type.String(), query: Type.String() },
        { description: 'A query that mends it, e.g. "search as text"' },
      ),
    ),
  }),
});

export type ApiRecord = Static<typeof RecordSchema>;
export type ApiGap = Static<typeof GapSchema>;
export type LogsQuery = Static<typeof LogsQuerySchema>;
export type LogsAnswer = Static<typeof LogsAnswerSchema>;
export type HistogramQuery = Static<typeof HistogramQuerySchema>;
export type HistogramAnswer = Static<typeof HistogramAnswerSchema>;
export type FacetsQuery = Static<typeof FacetsQuerySchema>;
export type FacetsAnswer = Static<typeof FacetsAnswerSchema>;
export type {
  ApiChange,
  ApiPattern,
  ExplainAnswer,
  ExplainQuery,
  PatternsAnswer,
  PatternsQuery,
} from './contract-patterns.ts';
export type ContextQuery = Static<typeof ContextQuerySchema>;
export type ContextAnswer = Static<typeof ContextAnswerSchema>;
export type TailQuery = Static<typeof TailQuerySchema>;
export type ExportQuery = Static<typeof ExportQuerySchema>;
export type ApiApp = Static<typeof AppSchema>;
export type ApiHost = Static<typeof HostSchema>;
export type ApiContainer = Static<typeof ContainerSchema>;
export type ApiEvent = Static<typeof EventSchema>;
export type LedgerItem = Static<typeof LedgerItemSchema>;
export type { MetricSeriesAnswer, MetricSeriesQuery, MetricTopAnswer, MetricTopQuery } from './metrics/shapes.ts';
export type Scope = Static<typeof ScopeSchema>;
export type Role = Static<typeof RoleSchema>;
export type Me = Static<typeof MeSchema>;
export type ApiUser = Static<typeof UserSchema>;
export type ApiToken = Static<typeof TokenSchema>;
export type ApiView = Static<typeof ViewSchema>;
export type ViewWrite = Static<typeof ViewWriteSchema>;
export type ApiMove = Static<typeof MoveSchema>;
export type { LoginMethods } from './auth/oidc-shapes.ts';
export type ApiErrorBody = Static<typeof ErrorSchema>;

/** Server-sent events of `logs/tail`: `record` carries an ApiRecord, `skipped` and `watermark` these. */
export interface TailSkipped {
  count: number;
  /**
   * `slow_client`: matching lines this connection did not take in time. `busy`: lines the server had no time to test against the
   * query, so at most this many match.
   */
  reason: 'slow_client' | 'busy';
  from: string;
  to: string;
}
export interface TailWatermark {
  completeTo: string | null;
}
/** `end`: the server closes this tail for good; connecting again will not help unless the reason is `shutdown`. */
export interface TailEnd {
  reason: 'revoked' | 'shutdown';
}
