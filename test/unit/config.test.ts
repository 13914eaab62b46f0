import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ConfigOptions, loadConfig } from '../../cli/config.ts';
import { configKeys, envName } from '../../cli/config-keys.ts';
import { type Config, ConfigSchema } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import { nearest } from '../../model/nearest.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/config', import.meta.url));
let empty: string;

beforeAll(() => {
  empty = mkdtempSync(join(tmpdir(), 'fleetlog-config-'));
});
afterAll(() => rmSync(empty, { recursive: true, force: true }));

const load = (options: Partial<ConfigOptions> = {}) => loadConfig({ env: {}, cwd: empty, role: 'all', ...options });

async function refusal(options: Partial<ConfigOptions>): Promise<string> {
  const error = await load(options).then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason as Error,
  );
  if (!(error instanceof FleetlogError)) throw error;
  expect(error.code).toBe('bad_config');
  return error.message;
}

describe('fixtures', () => {
  const files = readdirSync(FIXTURES);
  test.each(files.filter((file) => file.endsWith('.good.yml')))('%s is accepted', async (file) => {
    await expect(load({ file, cwd: FIXTURES })).resolves.toBeDefined();
  });
  test.each(files.filter((file) => file.endsWith('.bad.yml')))('%s is refused with its message', async (file) => {
    const wanted = readFileSync(join(FIXTURES, file.replace(/\.yml$/, '.txt')), 'utf8').trimEnd();
    const message = await refusal({ file, cwd: FIXTURES });
    // The regular expression library's own words follow where the expectation ends in a colon.
    if (wanted.endsWith(':')) expect(message).toContain(wanted);
    else expect(message).toBe(wanted);
  });
  test('each bad one has a message, each message a bad one', () => {
    const names = (ending: string) => files.filter((file) => file.endsWith(ending)).map((file) => file.slice(0, -4));
    expect(names('.bad.txt')).toEqual(names('.bad.yml'));
    expect(names('.bad.yml').length).toBeGreaterThan(0);
  });
});

describe('where a value comes from', () => {
  test('defaults are those of the schema, as its own library fills them in', async () => {
    const defaults = Value.Default(ConfigSchema, {}) as Config;
    const { config } = await loadConfig({ env: {}, cwd: empty });
    const { dataDir, collector, ...rest } = config;
    expect(rest).toEqual({ ...defaults, dataDir: undefined, collector: undefined });
    expect(collector).toEqual({ ...defaults.collector, host: hostname() });
    expect(Value.Check(ConfigSchema, config)).toBe(true);
    expect(dataDir).toBe(join(empty, 'data'));
  });

  test('flag over environment over file over default', async () => {
    const cwd = join(empty, 'order');
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'fleetlog.yml'), 'http:\n  port: 1001\nretention:\n  days: 2\nquery:\n  maxRows: 5\n');
    const { config, from, file } = await load({
      cwd,
      env: { FLEETLOG_HTTP_PORT: '1002', FLEETLOG_RETENTION_DAYS: '3' },
      set: ['http.port=1003'],
    });
    const { http, retention, query, bus } = config;
    expect([http.port, retention.days, query.maxRows, bus.capacityBytes]).toEqual([1003, 3, 5, 64 << 20]);
    const sources = ['http.port', 'retention.days', 'query.maxRows', 'dataDir'].map((name) => from.get(name));
    expect(sources).toEqual(['flag', 'environment', 'file', 'default']);
    expect(file).toBe(join(cwd, 'fleetlog.yml'));
  });

  test('every key has an environment name that reaches it', async () => {
    for (const key of configKeys()) {
      const { schema } = key;
      const text =
        schema.type === 'boolean'
          ? 'true'
          : schema.type === 'integer'
            ? Math.max(schema.minimum ?? 0, 1)
            : (schema.enum?.[0] ?? (typeof schema.default === 'string' ? schema.default : ''));
      const { from } = await loadConfig({ env: { [key.env]: String(text) }, cwd: empty });
      expect(from.get(key.name), key.env).toBe('environment');
    }
  });

  test('names are upper snake case of the path', () => {
    expect(envName(['collector', 'containersDir'])).toBe('FLEETLOG_COLLECTOR_CONTAINERS_DIR');
    expect(envName(['dataDir'])).toBe('FLEETLOG_DATA_DIR');
  });

  test('lists are comma-separated, lists of objects JSON', async () => {
    const { config } = await load({
      env: {
        FLEETLOG_COLLECTOR_PATHS: '/a/{app}.log, /b/*.log',
        FLEETLOG_COLLECTOR_LABELS: '',
        FLEETLOG_COLLECTOR_MULTILINE: '[{"app":"shop","start":"^x"}]',
      },
    });
    expect(config.collector.paths).toEqual(['/a/{app}.log', '/b/*.log']);
    expect(config.collector.labels).toEqual([]);
    expect(config.collector.multiline).toEqual([{ app: 'shop', env: '*', start: '^x' }]);
  });

  test('an object among path templates gets its defaults', async () => {
    const { config } = await load({ set: ['collector.paths=["/srv/a.log",{"template":"/b/{app}.log"}]'] });
    expect(config.collector.paths).toEqual([
      '/srv/a.log',
      { template: '/b/{app}.log', app: '', env: 'default', time: '', zone: '' },
    ]);
  });

  test('a named file must exist; FLEETLOG_CONFIG names one too', async () => {
    expect(await refusal({ file: 'nowhere.yml' })).toBe('cannot read nowhere.yml: there is no such file');
    const { file } = await load({ env: { FLEETLOG_CONFIG: join(FIXTURES, 'empty.good.yml') } });
    expect(file).toBe(join(FIXTURES, 'empty.good.yml'));
  });

  test.each([
    ['all', 8080],
    ['api', 8080],
    ['collector', 8081],
    ['ingest', 8082],
  ] as const)('role %s listens on %d unless told otherwise', async (role, port) => {
    expect((await load({ role })).config.http.port).toBe(port);
    expect((await load({ role, set: ['http.port=8080'] })).config.http.port).toBe(8080);
  });

  test("the system's name stands in for an empty host", async () => {
    expect((await load()).config.collector.host).toBe(hostname());
  });
});

describe('relative paths', () => {
  test("are the file's in the file, the working directory's elsewhere", async () => {
    const other = join(empty, 'etc');
    mkdirSync(other);
    const file = join(other, 'f.yml');
    writeFileSync(file, 'dataDir: logs\nhttp: {tlsCert: c.pem, tlsKey: /k.pem}\ncollector: {paths: [app/*.log]}\n');
    const fromFile = (await load({ file })).config;
    expect(fromFile.dataDir).toBe(join(other, 'logs'));
    expect(fromFile.http).toMatchObject({ tlsCert: join(other, 'c.pem'), tlsKey: '/k.pem' });
    expect(fromFile.collector.paths).toEqual([join(other, 'app/*.log')]);
    const set = (await load({ file, env: { FLEETLOG_DATA_DIR: 'here' } })).config;
    expect(set.dataDir).toBe(join(empty, 'here'));
    expect((await load()).config.dataDir).toBe(join(empty, 'data'));
  });

  test('leave addresses and empty values alone', async () => {
    const { config } = await load({ set: ['collector.dockerSocket=tcp://proxy:2375', 'collector.podLogsDir='] });
    expect(config.collector.dockerSocket).toBe('tcp://proxy:2375');
    expect(config.collector.podLogsDir).toBe('');
  });
});

describe('the environment', () => {
  test('refuses unknown names with the nearest known one', async () => {
    expect(await refusal({ env: { FLEETLOG_COLECTOR_HOST: 'a' } })).toBe(
      'unknown environment variable FLEETLOG_COLECTOR_HOST; did you mean FLEETLOG_COLLECTOR_HOST?',
    );
    expect(await refusal({ env: { FLEETLOG_PORT: '9000' } })).toContain('did you mean FLEETLOG_HTTP_PORT?');
  });

  test('says which variable is wrong, what it holds and what is wanted', async () => {
    expect(await refusal({ env: { FLEETLOG_HTTP_PORT: 'http' } })).toBe(
      'FLEETLOG_HTTP_PORT is "http"; wanted: whole number from 0 to 65535',
    );
    expect(await refusal({ env: { FLEETLOG_HTTP_INSECURE: 'maybe' } })).toContain('wanted: true or false');
    expect(await refusal({ env: { FLEETLOG_RETENTION_CLASSES: 'a,b' } })).toContain('as JSON');
    expect(await refusal({ set: ['http.prot=1'] })).toBe('unknown key http.prot in --set; did you mean http.port?');
    expect(await refusal({ set: ['http.port'] })).toContain('wanted: --set key=value');
  });

  test('knows the names that are no keys, and those Kubernetes makes up for a service called fleetlog', async () => {
    const env = {
      FLEETLOG_URL: 'http://x',
      FLEETLOG_TOKEN: 't',
      FLEETLOG_SOAK: '1',
      FLEETLOG_SERVICE_HOST: '10.0.0.1',
      FLEETLOG_SERVICE_PORT: '80',
      FLEETLOG_SERVICE_PORT_HTTP: '80',
      FLEETLOG_PORT: 'tcp://10.0.0.1:80',
      FLEETLOG_PORT_80_TCP: 'tcp://10.0.0.1:80',
      FLEETLOG_PORT_80_TCP_ADDR: '10.0.0.1',
      FLEETLOG_API_SERVICE_HOST: '10.0.0.2',
    };
    await expect(load({ env })).resolves.toBeDefined();
  });

  test('never repeats a secret', async () => {
    const message = await refusal({ set: ['collector.token=hunter2', 'http.port=x'] });
    expect(message).not.toContain('hunter2');
  });
});

describe('hostile files', () => {
  test('keys of the prototype are unknown keys', async () => {
    for (const key of ['__proto__', 'constructor', 'toString']) {
      const file = join(empty, 'hostile.yml');
      writeFileSync(file, `${key}:\n  polluted: true\n`);
      expect(await refusal({ file })).toContain(`unknown key ${key}`);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    }
  });

  test('aliases that unfold without end are refused', async () => {
    const file = join(empty, 'laughs.yml');
    const levels = Array.from({ length: 12 }, (_, i) => {
      const items = Array(9).fill(i === 0 ? 'x' : `*l${i - 1}`);
      return `l${i}: &l${i} [${items}]`;
    });
    writeFileSync(file, levels.join('\n'));
    expect(await refusal({ file })).toContain('laughs.yml');
  });

  test('any text is either loaded or refused as bad_config', async () => {
    const file = join(empty, 'any.yml');
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        writeFileSync(file, text);
        await load({ file }).catch((error) => {
          if (!(error instanceof FleetlogError)) throw error;
        });
      }),
      { numRuns: 200 },
    );
  });
});

describe('the nearest known name', () => {
  const known = ['search', 'tail', 'token', 'context', 'containers'];
  test.each([
    ['serach', 'search'],
    ['contxt', 'context'],
    ['cont', 'context'],
    ['tokens', 'token'],
    ['xyzzy', null],
  ])('of %s is %s', (word, wanted) => expect(nearest(word, known)).toBe(wanted));

  test('of a known name is itself', () => {
    const names = configKeys().map((key) => key.name);
    for (const name of names) expect(nearest(name, names)).toBe(name);
  });
});
