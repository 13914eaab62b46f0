import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import Value from 'typebox/value';
import { createPasswords } from '../../api/auth/passwords.ts';
import type { ApiHost, ApiToken, Role, Scope } from '../../api/contract.ts';
import type { Api, ApiDeps } from '../../api/server.ts';
import { createApi } from '../../api/server.ts';
import { formatTime } from '../../api/times.ts';
import type { LinesBatch, StatusBatch } from '../../model/batch.ts';
import type { Clock } from '../../model/clock.ts';
import { type Config, ConfigSchema } from '../../model/config.ts';
import { HOST_KIND, type HostDoc } from '../../model/fleet.ts';
import type { LogStore } from '../../store/log-store.ts';
import { createSqliteStateStore } from '../../store/sqlite/state-store.ts';
import type { StateStore } from '../../store/state-store.ts';
import { decodeBatch, encodeBatch } from '../../transport/batch-codec.ts';
import type { Bus } from '../../transport/bus.ts';
import { createMemoryBus } from '../../transport/memory-bus.ts';
import { createMemoryLogStore } from './memory-log-store.ts';

/** 2026-11-21T00:00:00Z, µs; batches of `linesBatch` begin here. */
export const T0 = 1_795_219_200_000_000;

/** The wall stands at T0 + 10 min unless moved; the monotonic side runs, for caches and timers are real. */
export function movableClock(start = T0 + 600e6): Clock & { set(us: number): void } {
  let now = start;
  return {
    nowUs: () => now,
    monotonicMs: () => performance.now(),
    set(us) {
      now = us;
    },
  };
}

export interface LogLine {
  level: string;
  details: Record<string, unknown>;
  message: string;
}

export interface Harness {
  api: Api;
  url: string;
  store: LogStore;
  state: StateStore;
  bus: Bus;
  clock: ReturnType<typeof movableClock>;
  config: Config;
  logged: LogLine[];
  /** An admin's token. */
  admin: string;
  /** Stores batches as ingest would: they are searchable, then tails see them. */
  feed(...batches: LinesBatch[]): Promise<void>;
  /** A host that has reported up to `time`; resolves when the API knows. */
  report(host: string, time: number, rest?: Partial<HostDoc>): Promise<void>;
  token(role: Role, scopes?: Scope[], rest?: { host?: string }): Promise<{ secret: string; token: ApiToken }>;
  get(path: string, token?: string | null): Promise<Answer>;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Closes and opens again over the same state and store. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into field by field, and held to the contract elsewhere
  json: any;
}

export function defaultConfig(change: (config: Config) => void = () => {}): Config {
  const config = Value.Default(ConfigSchema, {}) as Config;
  config.http.port = 0;
  change(config);
  return config;
}

export async function startHarness(
  options: { config?: (config: Config) => void; deps?: Partial<ApiDeps>; store?: LogStore } = {},
): Promise<Harness> {
  const dir = await mkdtemp(join(tmpdir(), 'fleetlog-api-'));
  const clock = movableClock();
  const config = defaultConfig(options.config);
  const store = options.store ?? createMemoryLogStore();
  const state = await createSqliteStateStore({ file: join(dir, 'state.db'), clock });
  const logged: LogLine[] = [];
  const log = Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map((level) => [
      level,
      (details: Record<string, unknown>, message: string) => logged.push({ level, details, message }),
    ]),
  ) as unknown as ApiDeps['log'];

  async function startBus(): Promise<Bus> {
    const bus = createMemoryBus({ capacityBytes: 256 << 20 });
    await bus.consume(async (deliveries) => {
      const batches = deliveries.map(({ batch }) => decodeBatch(batch));
      await store.append(
        batches.filter((batch): batch is LinesBatch => batch.kind === 'lines' || batch.kind === 'events'),
      );
    });
    return bus;
  }

  async function start(): Promise<void> {
    harness.bus = await startBus();
    harness.api = await createApi({
      config,
      store,
      state,
      bus: harness.bus,
      clock,
      log,
      version: '0.0.0-test',
      dashboardDir: null,
      telemetry: new Registry(),
      readiness: () => ({ ready: true, parts: { store: 'open' } }),
      // As in the product but quick: its cost is held by a test of its own.
      passwords: createPasswords({ N: 2 ** 10, r: 8, p: 1 }),
      ...options.deps,
    });
    harness.url = (await harness.api.listen()).url;
  }

  const harness = {
    store,
    state,
    clock,
    config,
    logged,
    async feed(...batches) {
      await Promise.all(batches.map((batch) => harness.bus.publish(encodeBatch(batch))));
    },
    async report(host, time, rest = {}) {
      await state.put<HostDoc>(HOST_KIND, host, {
        host,
        time,
        receivedAt: clock.nowUs(),
        epoch: 'e',
        version: '0',
        docker: { reachable: true },
        behind: [],
        gaps: [],
        counters: {},
        ...rest,
      });
      // The API looks once a second.
      const at = formatTime(rest.receivedAt ?? clock.nowUs());
      const known = async (): Promise<boolean> =>
        (await harness.get(`/api/v1/hosts?host=${host}`)).json.items.some((one: ApiHost) => one.lastStatusAt === at);
      await until(known, (yes) => yes);
    },
    async token(role, scopes, rest = {}) {
      const answer = await harness.send('POST', '/api/v1/tokens', { name: role, role, scopes, ...rest });
      if (answer.status !== 201) throw new Error(answer.text);
      return answer.json;
    },
    async get(path, token = harness.admin) {
      return read(await fetch(harness.url + path, { headers: token ? { authorization: `Bearer ${token}` } : {} }));
    },
    async send(method, path, body, headers = { authorization: `Bearer ${harness.admin}` }) {
      const type = body === undefined ? undefined : 'application/json';
      const text = body === undefined ? undefined : JSON.stringify(body);
      const all = { ...(type && { 'content-type': type }), ...headers };
      return read(await fetch(harness.url + path, { method, body: text, headers: all }));
    },
    async restart() {
      await harness.api.close();
      await harness.bus.close();
      await start();
    },
    async close() {
      await harness.api.close();
      await harness.bus.close();
      await state.close();
      await rm(dir, { recursive: true });
    },
  } as Harness;
  await start();
  const { ensureCliToken } = await import('../../api/auth/cli-token.ts');
  harness.admin = await ensureCliToken({ dataDir: dir, state });
  return harness;
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  let json: unknown = null;
  if (/json/.test(response.headers.get('content-type') ?? '') && text !== '') {
    try {
      json = JSON.parse(text);
    } catch {
      // Streams of JSON lines are looked at as text.
    }
  }
  return { status: response.status, headers: response.headers, text, json };
}

/** A status with nothing in it, for the fields a test is about. */
export function statusBatch(rest: Partial<StatusBatch> = {}): StatusBatch {
  return {
    kind: 'status',
    host: 'h1',
    time: T0,
    epoch: 'e',
    seq: 1,
    version: '0',
    full: true,
    docker: { reachable: true },
    sources: [],
    containers: [],
    behind: [],
    gaps: [],
    counters: {},
    ...rest,
  };
}

/** Asks until the answer is right; for what happens a moment later. */
export async function until<T>(ask: () => Promise<T> | T, right: (value: T) => boolean, ms = 10_000): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const value = await ask();
    if (right(value)) return value;
    if (performance.now() > end) throw new Error(`it never came to be; last: ${JSON.stringify(value)?.slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
