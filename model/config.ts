import { type Static, Type } from 'typebox';
import { flag, list, path, secret, section, text, whole } from './config-fields.ts';
import { STATS_KEYS } from './config-stats.ts';

/** Which apps and envs a rule speaks of; `*` stands for any run of characters. */
const where = {
  app: text('App it applies to; `*` matches any run of characters.', '*'),
  env: text('Env it applies to.', '*'),
};

const PathTemplate = Type.Object(
  {
    template: Type.String({
      description:
        'Absolute path; `{app}`, `{env}`, `{instance}` and `*` each match within one path part, `**` any depth.',
    }),
    app: text('App, when the template has no `{app}`.'),
    env: text('Env, when the template has no `{env}`.', 'default'),
    time: text('Layout of the stamp at the line start (`yyyy-MM-dd HH:mm:ss.SSS`); empty tries the known list.'),
    zone: text("Time zone of stamps without one, as an IANA name or an offset; empty is the host's."),
  },
  { additionalProperties: false },
);

const Multiline = Type.Object(
  {
    ...where,
    start: Type.String({
      description: 'RE2 pattern that the first line of a record matches; other lines join the record before.',
    }),
  },
  { additionalProperties: false },
);

const LineFilter = Type.Object(
  {
    ...where,
    include: text('RE2 pattern; when set, only lines that match are kept.'),
    exclude: text('RE2 pattern; lines that match are dropped and counted as `excluded`.'),
  },
  { additionalProperties: false },
);

const RedactionRule = Type.Object(
  {
    name: Type.String({ description: 'Shown in counts and in the replacement.' }),
    pattern: Type.String({ description: 'RE2 pattern; with a group only the group is replaced.' }),
    replacement: text('Text put in its place; empty is `[redacted:NAME]`.'),
  },
  { additionalProperties: false },
);

const RetentionClass = Type.Object(
  {
    name: Type.String({ description: 'Name of the class, `[a-z0-9-]{1,32}`.', pattern: '^[a-z0-9-]{1,32}$' }),
    ...where,
    days: whole('Days it keeps lines.', 30, 1, 36_500),
    bytes: whole('Bytes on disk it may hold; 0 is no limit of its own.', 0),
  },
  { additionalProperties: false },
);

const OidcGroup = Type.Object(
  {
    group: Type.String({ description: 'Value of the groups claim; `*` is everyone who can log in.' }),
    role: Type.Enum(['admin', 'reader'], { default: 'reader', description: 'Role of its members.' }),
    ...where,
  },
  { additionalProperties: false },
);

/**
 * The one schema of the configuration: types, defaults, docs/config.md and environment names are all derived from it.
 * Every property has a default and a description; objects of fixed shape nest, everything else is one key.
 * Durations are milliseconds (`…Ms`), sizes bytes (`…Bytes`), unless the name says days or hours.
 */
export const ConfigSchema = Type.Object(
  {
    dataDir: path('Where everything is kept; one process at a time.', './data'),
    log: section("The product's own log (JSON lines on standard error).", {
      level: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
        default: 'info',
        description: 'Least level written.',
      }),
    }),
    http: section('The listener for API, dashboard, health and metrics.', {
      host: text('Address to bind.', '127.0.0.1'),
      port: whole(
        'Port; 0 picks a free one. A collector alone defaults to 8081, an ingest alone to 8082.',
        8080,
        0,
        65_535,
      ),
      publicUrl: text('Address people and chat messages use; empty is the bound address.'),
      tlsCert: path('PEM file with the certificate chain.'),
      tlsKey: path('PEM file with the private key.'),
      trustProxy: flag('A TLS proxy stands before this port: believe X-Forwarded-* and mark cookies Secure.', false),
      insecure: flag('Allow plain HTTP off loopback. Cookies lose `__Host-` and `Secure`; every page warns.', false),
      bodyBytes: whole('Largest request body, after inflating.', 32 << 20, 1024),
      metricsToken: secret(
        'Token that reads `/metrics` from other hosts, beside those of role `metrics`: 24 characters at least. The only one for a collector or ingest alone, which know no users.',
        { pattern: '^(\\S{24,})?$' },
      ),
      drainMs: whole(
        'How long `/readyz` says 503 at a stop before the API takes no more; gives load balancers the time to notice.',
        0,
        0,
        8_000,
      ),
    }),
    auth: section('Who may read what.', {
      mode: Type.Enum(['local', 'oidc', 'none'], {
        default: 'local',
        description:
          '`local`: users, sessions and tokens. `oidc`: people come from a provider; local users and tokens stay. `none`: everyone is admin, on loopback only.',
      }),
      sessionIdleHours: whole('A session ends after this long without a request.', 24, 1),
      sessionHours: whole('A session ends after this long in any case.', 168, 1),
      loginsPerMinute: whole('Login attempts a minute for one address and for one name.', 10, 1),
      passwordLength: whole('Shortest password accepted.', 10, 8, 128),
      oidc: section(
        'The provider of `auth.mode: oidc`. Its redirect address is `<http.publicUrl>/api/v1/oidc/callback`.',
        {
          issuer: text('Issuer address; its `/.well-known/openid-configuration` is read.'),
          clientId: text('Client id at the provider.'),
          clientSecret: secret('Client secret; empty for a public client (PKCE is used in both cases).'),
          scopes: list('Scopes asked for.', Type.String(), ['openid', 'profile', 'email']),
          nameClaim: text('Claim that names the person.', 'preferred_username'),
          groupsClaim: text('Claim with the list of groups.', 'groups'),
          label: text('Name of the provider on the button of the login page; empty is its host.'),
          clockSkewMs: whole("How far the provider's clock may differ from this host's.", 60_000, 0, 600_000),
          tokenDays: whole(
            'Tokens that a person made rest when their last sign-in is longer ago: what the provider knows of leavers is learnt at sign-in.',
            30,
            1,
            3_650,
          ),
          caFile: path("PEM file of the provider's certificate authority; empty uses the system's."),
          groups: list(
            'What the members of a group may do; all that match are added up. Nobody gets in without a match.',
            OidcGroup,
          ),
        },
      ),
    }),
    query: section('Limits on reads.', {
      maxRangeDays: whole('Longest time range of one query.', 400, 1),
      maxRows: whole('Largest `limit`.', 10_000, 1, 100_000),
      timeoutMs: whole('A query gives what it has, or 504, after this long.', 15_000, 100),
      concurrency: whole('Queries that run at once, over all callers.', 8, 1),
      perPrincipal: whole('Queries of one principal that run at once.', 4, 1),
      waitMs: whole('How long a query waits for its turn before 429.', 5_000, 0),
      maxBuckets: whole('Most histogram buckets.', 1_500, 10),
      maxSteps: whole('Most points of one series of figures.', 300, 10, 11_000),
      maxSeries: whole('Most series of one answer; of more the highest are given.', 200, 1, 10_000),
      maxExports: whole('Exports that run at once.', 4, 1),
      maxTails: whole('Live tails open at once.', 100, 1),
      tailBufferRows: whole('Rows held for a slow tail before they are counted as skipped.', 10_000, 100),
    }),
    collector: section('Reading logs on this host.', {
      enabled: flag('Collect on this host when the whole product is started.', true),
      host: text("Name of this host in every record; empty is the system's."),
      dockerSocket: path(
        'Docker Engine API: a unix socket path, or `tcp://host:port` of `fleetlog docker-proxy`; empty uses none.',
        '/var/run/docker.sock',
      ),
      containersDir: path("Docker's directory of json-file logs; empty uses none.", '/var/lib/docker/containers'),
      podLogsDir: path('CRI logs of Kubernetes pods; empty uses none.', '/var/log/pods'),
      paths: list(
        'Path templates for log files of apps outside docker logging; a string is a template with defaults.',
        Type.Union([Type.String(), PathTemplate]),
      ),
      excludeContainers: list('Names of containers not to read; `*` allowed.', Type.String()),
      appEnvNames: list('Environment variables of a container that name its app.', Type.String(), ['APP_NAME']),
      envEnvNames: list('Environment variables of a container that name its env.', Type.String(), ['ENVIRONMENT']),
      labels: list('Container labels kept with the source.', Type.String()),
      to: text(
        'Address of a central Fleetlog that takes the batches (`https://logs.example:8080`); empty keeps them in this process.',
      ),
      token: secret('Token of role `collector` for `to`.'),
      ...STATS_KEYS,
      statusMs: whole('Interval of status batches.', 2_000, 100),
      sweepMs: whole('Interval of the fstat sweep that backs up directory watches.', 1_000, 100),
      readBytes: whole('Bytes read from a file at once.', 256 << 10, 4 << 10, 4 << 20),
      batchBytes: whole('Message bytes after which a batch is cut.', 512 << 10, 4 << 10, 8 << 20),
      flushMs: whole('Longest a line waits for its batch to fill.', 20, 0, 10_000),
      inFlightBytes: whole('Bytes read and not yet acknowledged, over all files.', 32 << 20, 1 << 20),
      openFiles: whole('Idle files kept open; more are closed and opened again when they grow.', 4_096, 16),
      lineBytes: whole(
        'Longest line kept; of longer ones the head, the length and a hash are kept.',
        1 << 20,
        1 << 10,
        8 << 20,
      ),
      multilineMs: whole('Longest an unfinished trace is held for its next line.', 500, 10, 60_000),
      multilineLines: whole('Most lines joined into one record.', 1_000, 2, 100_000),
      multilineBytes: whole('Most bytes joined into one record.', 1 << 20, 1 << 10, 8 << 20),
      multiline: list('Start patterns per app; they replace the built-in trace rules for those apps.', Multiline),
      filters: list('Lines to keep or drop per app.', LineFilter),
      redact: flag('Apply the built-in redaction rules.', true),
      redactCards: flag('Also redact payment card numbers (log ids often look like them).', false),
      redaction: list('Redaction rules of your own.', RedactionRule),
      checkpointMs: whole('Longest between an acknowledgement and its journal record.', 200, 10, 60_000),
      spoolBytes: whole('Disk for bytes of files about to vanish while nothing accepts batches.', 1 << 30, 0),
    }),
    bus: section('Between collector and ingest in one process.', {
      capacityBytes: whole('Batches held before collectors stop reading.', 64 << 20, 1 << 20),
    }),
    store: section('The embedded log store.', {
      flushBytes: whole('Message bytes in memory before a segment is written.', 64 << 20, 1 << 20, 512 << 20),
      flushMinutes: whole('A segment is written after this long even when small.', 60, 1),
      workers: whole('Threads for scans and flushes; 0 is one a core, two at least.', 0, 0, 64),
      blockBytes: whole('Message bytes in one block of a segment.', 1 << 20, 64 << 10, 8 << 20),
      freePercent: whole('Below this much free disk the oldest segments go first, then lines are refused.', 5, 0, 50),
      syncMs: whole('Longest an accepted batch waits for others to share its fdatasync.', 5, 0, 1_000),
    }),
    retention: section('How long lines are kept.', {
      days: whole('Days, for the class `default`.', 30, 1, 36_500),
      bytes: whole('Bytes on disk for all classes together; 0 is 80 % of the disk.', 0),
      classes: list('Classes by app and env; the first that matches counts, else `default`.', RetentionClass),
      maintainMs: whole('Interval of retention and merging.', 60_000, 1_000),
    }),
    metrics: section('The embedded store of figures; with `prometheus.url` that one keeps them.', {
      rawDays: whole('Days figures are kept as they came.', 2, 1, 365),
      minuteDays: whole('Days their least, average and highest by minute are kept.', 14, 2, 3_650),
      tenMinuteDays: whole('Days the same by ten minutes is kept.', 400, 2, 36_500),
    }),
    ingest: section('Writing batches to the store.', {
      silentMs: whole('A host without status for this long leaves the watermark and becomes a gap.', 30_000, 1_000),
      deadLetterBytes: whole(
        'Disk for batches that cannot be read; beyond it the oldest go, counted.',
        256 << 20,
        1 << 20,
      ),
      volumeSeries: whole(
        'Most series of lines by app, env, host and level at `/metrics`; lines beyond are counted as overflow.',
        10_000,
        0,
      ),
      volumeIdleMs: whole('Such a series goes after this long without a line.', 3_600_000, 60_000),
    }),
    push: section('Lines from other shippers (`/api/v1/push/…`).', {
      maxLines: whole('Most lines of one request.', 100_000, 1),
      maxSources: whole('Most sources (app, env, host, instance, path) of one request.', 1_000, 1),
      documentBytes: whole(
        'Largest JSON body of Loki and OpenTelemetry, which is read as a whole; it takes many times its size in memory.',
        8 << 20,
        1024,
      ),
      arrivalHours: whole(
        'How long a request with an `Idempotency-Key` may be repeated without changing the time of lines that have none.',
        24,
        1,
      ),
      appKeys: list('Labels or attributes that name the app, the first found counts.', Type.String(), [
        'app',
        'service.name',
        'service_name',
        'kubernetes.labels.app',
        'k8s.container.name',
        'kubernetes.container_name',
        'container.name',
        'container_name',
        'job',
        'programname',
        'appname',
      ]),
      envKeys: list('Labels or attributes that name the env.', Type.String(), [
        'env',
        'deployment.environment.name',
        'deployment.environment',
        'deployment_environment_name',
        'service.environment',
        'k8s.namespace.name',
        'kubernetes.namespace_name',
        'namespace',
      ]),
      hostKeys: list('Labels or attributes that name the host.', Type.String(), [
        'host',
        'host.name',
        'hostname',
        'kubernetes.host',
        'k8s.node.name',
      ]),
    }),
    audit: section('The log of logins, reads, changes and refusals.', {
      days: whole('Days it is kept; the chain begins anew from a signed-off head.', 365, 1, 36_500),
      flushMs: whole(
        'Longest until the entry of a read is durable, and what a SIGKILL may lose; changes are answered when theirs is.',
        1_000,
        10,
        60_000,
      ),
      reads: flag('Also write searches, tails and exports, not only changes and refusals.', true),
    }),
    kafka: section('Kafka in place of the in-process bus.', {
      brokers: list('Addresses `host:port`; not empty switches the bus.', Type.String()),
      topic: text('Topic of batches; made when it is missing.', 'fleetlog.batches'),
      deadLetterTopic: text('Topic of batches that cannot be read; made when it is missing.', 'fleetlog.dead-letters'),
      group: text('Consumer group of the ingest processes.', 'fleetlog-ingest'),
      partitions: whole(
        'Partitions of a topic that is made; the most ingest processes that share the work.',
        12,
        1,
        10_000,
      ),
      replicas: whole("Replicas of a topic that is made; 0 is the broker's default.", 0, 0, 9),
      retentionHours: whole(
        'How long the broker keeps batches: the longest outage of the store that loses nothing.',
        72,
        1,
      ),
      recordBytes: whole("Largest record sent; stay under the broker's message.max.bytes.", 900_000, 10_000, 64 << 20),
      inFlightBytes: whole(
        'Bytes fetched and not yet stored before fetching pauses, over all partitions.',
        32 << 20,
        1 << 20,
      ),
      sessionTimeoutMs: whole('A killed ingest process is noticed after this long.', 10_000, 1_000, 300_000),
      compression: Type.Enum(['zstd', 'none'], { default: 'zstd', description: 'Compression of record batches.' }),
      tls: flag('Talk TLS to the brokers.', false),
      caFile: path("PEM file of the brokers' certificate authority; empty uses the system's."),
      certFile: path('PEM file of a client certificate.'),
      keyFile: path('PEM file of its key.'),
      saslMechanism: Type.Enum(['none', 'plain', 'scram-sha-256', 'scram-sha-512'], {
        default: 'none',
        description: 'How to log in to the brokers.',
      }),
      username: text('Name for SASL.'),
      password: secret('Password for SASL.'),
    }),
    elasticsearch: section('Elasticsearch in place of the embedded store.', {
      nodes: list('Addresses (`https://es1:9200`); not empty switches the store.', Type.String()),
      username: text('Name for basic authentication.'),
      password: secret('Its password.'),
      apiKey: secret('API key, in place of name and password.'),
      caFile: path("PEM file of the cluster's certificate authority; empty uses the system's."),
      prefix: text('Beginning of the name of every index, `[a-z0-9-]{1,32}`.', 'fleetlog'),
      shards: whole('Primary shards of a daily index.', 1, 1, 64),
      replicas: whole('Replicas of each shard; a cluster of one node stays yellow with more than 0.', 1, 0, 8),
      refreshMs: whole('Longest until a stored line is searchable.', 1_000, 100, 60_000),
      codec: Type.Enum(['default', 'best_compression'], {
        default: 'default',
        description: '`best_compression` takes a fifth off the disk and makes fetching rows eight times slower.',
      }),
      bulkBytes: whole('Bytes of one bulk request.', 4 << 20, 64 << 10, 64 << 20),
      bulkConcurrency: whole('Bulk requests at once; fewer while the cluster refuses.', 2, 1, 32),
      timeoutMs: whole('Longest for one request.', 30_000, 1_000),
      ilm: flag('Hand deletion by age to a lifecycle policy of the cluster; needs one that has them.', false),
    }),
    prometheus: section('Prometheus in place of the embedded metric store.', {
      url: text(
        'Address of a PromQL endpoint (Prometheus, Thanos, Mimir, VictoriaMetrics); not empty switches the store.',
      ),
      username: text('Name for basic authentication.'),
      password: secret('Its password.'),
      token: secret('Bearer token, in place of name and password.'),
      caFile: path("PEM file of its certificate authority; empty uses the system's."),
      timeoutMs: whole('Longest for one request.', 15_000, 100),
      scrapeMs: whole(
        'Interval at which it scrapes Fleetlog (`scrape_interval`); a rate is taken over four of them at least.',
        15_000,
        100,
        600_000,
      ),
    }),
  },
  { additionalProperties: false },
);

export type Config = Static<typeof ConfigSchema>;
export type CollectorConfig = Config['collector'];
export type StoreConfig = Config['store'];
export type RetentionConfig = Config['retention'];
export type MetricsConfig = Config['metrics'];
export type KafkaConfig = Config['kafka'];
export type ElasticsearchConfig = Config['elasticsearch'];
export type PrometheusConfig = Config['prometheus'];
