import type { FastifyReply, FastifyRequest } from 'fastify';
import { matchesGlob } from '../../model/glob.ts';
import { levelOrdinal } from '../../model/level.ts';
import type { SourceSummary } from '../../store/log-store.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import {
  type ApiContainer,
  type ApiHost,
  type ApiApp as App,
  AppSchema,
  ContainerSchema,
  ErrorSchema,
  HostParamsSchema,
  HostSchema,
  ListOf,
  ListQuerySchema,
  NothingSchema,
} from '../contract.ts';
import { type Figures, NO_TOTALS, readFigures, readHostFigures } from '../figures.ts';
import { values } from '../filters.ts';
import {
  accountsOf,
  instanceKey,
  lagOf,
  listed,
  newest,
  noFiles,
  runs,
  silence,
  sourceIdentity,
  writes,
} from '../fleet-lists.ts';
import type { FleetContainer } from '../fleet-view.ts';
import { forgetHost } from '../forget-host.ts';
import { goneSignal } from '../gone.ts';
import { rateKey } from '../line-rates.ts';
import { pageOf } from '../list-page.ts';
import { scopeAllows, scopeQuery, seesEverything } from '../scope.ts';
import { formatMaybe } from '../times.ts';

const DAY = 86_400e6;
/** A container further behind than this has most of its last minute still to come. */
const RATE_LAG_MS = 30_000;
const ERROR = levelOrdinal('error');

export function registerFleet(app: ApiApp, context: ApiContext): void {
  const { config, store, clock, fleet } = context;
  const { maxRows } = config.query;
  const silent = silence(context);
  const route = <T extends Parameters<typeof ListOf>[0]>(summary: string, item: T) => ({
    config: { access: 'read' as const },
    schema: {
      summary,
      tags: ['fleet'],
      querystring: ListQuerySchema,
      response: { 200: ListOf(item), '4xx': ErrorSchema },
    },
  });
  const figuresFor = (
    { principal }: FastifyRequest,
    reply: FastifyReply,
    by: Parameters<typeof readFigures>[2],
  ): Promise<Figures> => {
    const signal = goneSignal(reply);
    return context.gate.run(principal.id, signal, () => readFigures(context, principal, by, signal));
  };
  const filtersOf = ({ app: apps, env, host, container }: Record<string, unknown>) => ({ apps, env, host, container });

  app.get('/api/v1/containers', route('What runs, and what ran', ContainerSchema), async (request, reply) => {
    const { principal, query } = request;
    const figures = await figuresFor(request, reply, ['app', 'env', 'host', 'container']);
    const details = await fleet.details();
    const lag = lagOf(await fleet.hosts(), details, silent);
    const among = listed(principal, query);
    const accounts = accountsOf(details.sources.filter((one) => among(sourceIdentity(one))));
    const rates = await context.lineRates.read();
    // What has not arrived yet is in no count: a silent host's lines, and those of a source that is behind by the whole minute.
    const rateOf = (c: FleetContainer): number | null => {
      const lagMs = writes(c) ? lag.of(c) : 0;
      return rates === null || lagMs === null || lagMs > RATE_LAG_MS ? null : (rates.get(rateKey(c)) ?? 0);
    };
    const items = details.containers.filter(among).map(
      (c): ApiContainer => ({
        container: c.container,
        containerName: c.containerName,
        app: c.app,
        env: c.env,
        host: c.host,
        instance: c.instance,
        image: c.image,
        version: c.version,
        named: c.named,
        state: c.state,
        health: c.health,
        createdAt: formatMaybe(c.createdAt),
        startedAt: formatMaybe(c.startedAt),
        finishedAt: formatMaybe(c.finishedAt),
        exitCode: c.exitCode,
        oomKilled: c.oomKilled,
        restarts: c.restarts,
        reader: c.reader,
        lastLineAt: formatMaybe(c.lastLineAt),
        lagMs: writes(c) ? lag.of(c) : null,
        warnings: c.warnings,
        linesPerSecond: rateOf(c),
        ...(accounts.get(instanceKey(c)) ?? noFiles()),
        // A name may have been another container's before.
        figures: figures.of(runs(c) ? { ...c, container: c.containerName } : {}),
      }),
    );
    const key = (c: ApiContainer): string => [c.app, c.env, c.host, c.instance, c.container].join('\0');
    return pageOf(items, key, { ...query, maxRows, filters: filtersOf(query) });
  });

  app.get('/api/v1/hosts', route('Hosts that report, or did', HostSchema), async (request, reply) => {
    const { principal, query } = request;
    const figures = await figuresFor(request, reply, ['host']);
    const totals = await readHostFigures(context, principal, goneSignal(reply));
    const details = await fleet.details();
    const hosts = await fleet.hosts();
    const lag = lagOf(hosts, details, silent);
    const mine = groupBy(details.containers.filter(listed(principal, query)), (c) => c.host);
    const sources = groupBy(
      details.sources.filter((s) => listed(principal, query)({ ...s.source, host: s.host })),
      (s) => s.host,
    );
    // A host that runs nothing still reports; but whoever sees or asks for a part sees the hosts of that part.
    const part = !seesEverything(principal) || query.app || query.env || query.container;
    const named = values(query.host);
    const items = hosts
      .filter((host) => !part || mine.has(host.host) || sources.has(host.host))
      .filter((host) => named.length === 0 || named.some((name) => matchesGlob(name, host.host)))
      .map((host): ApiHost => {
        const containers = mine.get(host.host) ?? [];
        const reporting = !silent(host);
        return {
          host: host.host,
          state: host.receivedAt === 0 ? 'unknown' : reporting ? 'reporting' : 'silent',
          lastStatusAt: host.receivedAt === 0 ? null : formatMaybe(host.receivedAt),
          containers: containers.filter((c) => c.state !== 'removed').length,
          running: containers.filter(runs).length,
          apps: new Set(containers.filter((c) => c.state !== 'removed').map((c) => `${c.app}\0${c.env}`)).size,
          lastLineAt: formatMaybe(
            newest([
              ...containers.map((c) => c.lastLineAt),
              ...(sources.get(host.host) ?? []).map((s) => s.lastLineAt),
            ]),
          ),
          lagMs: reporting ? Math.max(0, ...containers.filter(writes).map((c) => lag.of(c) ?? 0)) : null,
          docker: host.docker.reason
            ? { reachable: host.docker.reachable, reason: host.docker.reason }
            : { reachable: host.docker.reachable },
          version: host.version,
          figures: figures.of({ host: host.host }),
          totals: totals.get(host.host) ?? NO_TOTALS,
        };
      });
    return pageOf(items, (host) => host.host, { ...query, maxRows, filters: filtersOf(query) });
  });

  app.delete(
    '/api/v1/hosts/:host',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Forget a host that is no more: its gap, containers and ledger; its lines stay',
        tags: ['fleet'],
        params: HostParamsSchema,
        response: { 204: NothingSchema, '4xx': ErrorSchema },
      },
    },
    async ({ principal, params }, reply) => {
      await forgetHost(context.state, params.host, silent);
      fleet.refresh();
      context.log.info({ who: principal.id, host: params.host }, 'forgot a host');
      return reply.code(204).send();
    },
  );

  app.get('/api/v1/apps', route('Apps with what they run and write', AppSchema), async (request, reply) => {
    const { principal, query } = request;
    const signal = goneSignal(reply);
    const figures = await figuresFor(request, reply, ['app', 'env']);
    const details = await fleet.details();
    const lag = lagOf(await fleet.hosts(), details, silent);
    const now = clock.nowUs();
    const tree = scopeQuery(principal);
    const written = await context.gate.run(principal.id, signal, () =>
      store.sources({ query: tree, from: now - DAY, to: now + DAY, signal, timeoutMs: config.query.timeoutMs }),
    );
    const among = listed(principal, query);
    const byApp = (one: { app: string; env: string }): string => JSON.stringify([one.app, one.env]);
    const containers = groupBy(details.containers.filter(among), byApp);
    const sources = groupBy(
      written.filter((s) => scopeAllows(principal, s.source.app, s.source.env) && among(s.source)),
      (s) => byApp(s.source),
    );
    const items = [...new Set([...containers.keys(), ...sources.keys()])].map((key): App => {
      const [name, env] = JSON.parse(key) as [string, string];
      const own = containers.get(key) ?? [];
      const wrote = sources.get(key) ?? [];
      const running = own.filter(runs);
      const lags = own
        .filter(writes)
        .map((c) => lag.of(c))
        .filter((ms) => ms !== null);
      return {
        app: name,
        env,
        instances: own.filter((c) => c.state !== 'removed').length,
        running: running.length,
        hosts: distinct([...own.map((c) => c.host), ...wrote.map((s) => s.source.host)]),
        versions: distinct((running.length > 0 ? running : own).map((c) => c.version)),
        lastLineAt: formatMaybe(newest([...own.map((c) => c.lastLineAt), ...wrote.map((s) => s.last)])),
        lines: sum(wrote, (s) => s.records),
        errors: sum(wrote, errorsOf),
        restarts: sum(own, (c: FleetContainer) => c.restarts),
        lagMs: lags.length === 0 ? null : Math.max(...lags),
        figures: figures.of({ app: name, env }),
      };
    });
    return pageOf(items, (one) => `${one.app}\0${one.env}`, { ...query, maxRows, filters: filtersOf(query) });
  });
}

const errorsOf = (summary: SourceSummary): number => summary.levels.slice(ERROR).reduce((total, n) => total + n, 0);

function groupBy<T>(items: T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

const distinct = (values: string[]): string[] => [...new Set(values)].filter((value) => value !== '').sort();

function sum<T>(items: T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
