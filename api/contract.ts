import { type Static, type TSchema, Type } from 'typebox';
import { FiguresSchema, HostFiguresSchema } from './contract-figures.ts';
import { Closed, Maybe, Str, Time } from './contract-shapes.ts';

/**
 * Shapes of every request and answer under /api/v1. OpenAPI, validation, serialisation, the dashboard's client and the CLI's types all
 * come from here. Times in answers are UTC ISO strings with six decimals. Lists are `{items, next, notes}` unless a route says otherwise.
 */
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
  figures: FiguresSchema,
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
  figures: FiguresSchema,
  totals: HostFiguresSchema,
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
  linesPerSecond: Maybe(
    Type.Number({ description: 'Stored lines of the last minute a second; null while nobody can know' }),
  ),
  files: Type.Integer({ description: 'In the ledger; the figures below are their sums, in bytes' }),
  read: Type.Number(),
  searchable: Type.Number(),
  dropped: Type.Record(Type.String(), Type.Number()),
  inFlight: Type.Number(),
  figures: FiguresSchema,
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
    named: Type.Object(
      { app: Type.String(), env: Type.String() },
      { description: 'Which rule gave app and env: `label fleetlog.app`, `compose service`, `path template` …' },
    ),
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
  behind: Maybe(
    Type.Object(
      { cause: Str('As in docs/notes.md'), completeTo: Maybe(Time) },
      { description: 'Why it is not searchable to its end, and up to when it is; null when it is' },
    ),
  ),
  gaps: Type.Array(
    Type.Object({ cause: Str('As in docs/notes.md'), from: Time, to: Time, bytes: Maybe(Type.Number()) }),
    {
      description: 'What of it is known to be lost',
    },
  ),
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
export type { FieldsAnswer, FieldsQuery, FoundField } from './contract-fields.ts';
export type { ApiRedaction, ApiRetentionClass, RetentionAnswer } from './contract-keeping.ts';
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
export type { ApiAuditEntry, AuditListQuery, AuditVerdict } from './audit/shapes.ts';
export type { LoginMethods } from './auth/oidc-shapes.ts';
export type { ApiFigures, ApiHostFigures } from './contract-figures.ts';
export * from './contract-people.ts';
export type { MetricSeriesAnswer, MetricSeriesQuery, MetricTopAnswer, MetricTopQuery } from './metrics/shapes.ts';
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
