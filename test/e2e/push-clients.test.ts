import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiRecord } from '../../api/contract.ts';
import { freePort, type Product, startProduct } from '../../bench/product.ts';
import { dose } from '../doses.ts';
import { cannotInstall, findCommand, installPackages } from '../servers/apt.ts';
import { type GuardedProcess, startGuarded } from '../servers/guarded-process.ts';

const dir = mkdtempSync(join(tmpdir(), 'fleetlog-push-clients-'));
const LINES = dose(8_000, 500_000);
const WITHIN = { timeout: dose(60_000, 900_000), interval: 200 };

/** Why a client is missing: said on a laptop, an error where everything is to be tested. */
function missing(name: string, reason: string): null {
  if (process.env.CI === 'true') throw new Error(`${name} cannot be had: ${reason}`);
  console.warn(`skipped: ${name} cannot be had: ${reason}`);
  return null;
}

function findRsyslog(): string | null {
  const module = (): boolean =>
    ['x86_64', 'aarch64'].some((cpu) => existsSync(`/usr/lib/${cpu}-linux-gnu/rsyslog/omelasticsearch.so`));
  if (!module()) {
    const reason = cannotInstall();
    if (reason) return missing('rsyslog', reason);
    try {
      installPackages(['rsyslog', 'rsyslog-elasticsearch']);
    } catch (error) {
      return missing('rsyslog', String(error));
    }
  }
  return findCommand('rsyslogd');
}

/** A Python with OpenTelemetry's exporter, kept between runs. */
function findOtelPython(): string | null {
  const cache =
    process.env.FLEETLOG_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'fleetlog-test');
  const venv = join(cache, 'otel-python');
  const python = join(venv, 'bin/python');
  const works = (): boolean =>
    existsSync(python) &&
    spawnSync(python, ['-c', 'import opentelemetry.exporter.otlp.proto.http._log_exporter']).status === 0;
  if (works()) return python;
  const system = findCommand('python3');
  if (!system) return missing('OpenTelemetry for Python', 'there is no python3');
  mkdirSync(cache, { recursive: true });
  for (const [command, ...args] of [
    [system, '-m', 'venv', venv],
    [python, '-m', 'pip', 'install', '-q', 'opentelemetry-sdk', 'opentelemetry-exporter-otlp-proto-http'],
  ]) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 300_000 });
    if (status !== 0) return missing('OpenTelemetry for Python', error ? String(error) : stderr.slice(-500));
  }
  return works() ? python : missing('OpenTelemetry for Python', 'it was installed and cannot be imported');
}

const rsyslogd = findRsyslog();
const python = findOtelPython();
let product: Product;
let port: number;
const start = (): Promise<Product> =>
  startProduct({ dataDir: join(dir, 'data'), port, env: { FLEETLOG_COLLECTOR_HOST: 'here' } });

beforeAll(async () => {
  port = await freePort();
  product = await start();
  await product.ready();
});
afterAll(async () => {
  if (product.alive()) await product.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function records(query: string): Promise<ApiRecord[]> {
  const path = `logs/export?order=asc&format=ndjson&from=now-1h&to=now%2B1h&query=${encodeURIComponent(query)}`;
  const text = await (await product.get(path)).text();
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ApiRecord);
}

async function newToken(name: string, app: string): Promise<string> {
  const made = await product.post<{ secret: string }>('tokens', { name, role: 'push', scopes: [{ app, env: '*' }] });
  return made.secret;
}

describe.skipIf(!rsyslogd)("Debian's rsyslog with omelasticsearch", () => {
  let running: GuardedProcess | null = null;
  afterAll(() => running?.stop());

  test('sends a file through a killed receiver: no line is lost, and each has its app, host and level', async () => {
    const secret = await newToken('rsyslog', 'shop');
    const input = join(dir, 'shop.log');
    const work = join(dir, 'rsyslog');
    mkdirSync(work);
    writeFileSync(input, '');
    writeFileSync(
      join(dir, 'rsyslog.conf'),
      `global(workDirectory="${work}")
module(load="imfile")
module(load="omelasticsearch")
template(name="line" type="list" option.jsonf="on") {
  property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="severity" name="syslogseverity-text" format="jsonf")
  property(outname="facility" name="syslogfacility-text" format="jsonf")
  property(outname="programname" name="programname" format="jsonf")
}
input(type="imfile" file="${input}" tag="shop" severity="warning" facility="local3" freshStartTail="off")
action(type="omelasticsearch" server="http://127.0.0.1:${port}/api/v1/push/elastic" uid="rsyslog" pwd="${secret}"
  template="line" searchIndex="shop" searchType="" bulkmode="on" errorfile="${join(dir, 'rsyslog.errors')}"
  action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="linkedList" queue.size="200000" queue.dequeueBatchSize="500")
`,
    );
    writeFileSync(input, Array.from({ length: LINES }, (_, i) => `order seq=${i} paid "quoted" 支付成功\n`).join(''));
    running = startGuarded({
      command: rsyslogd!,
      args: ['-n', '-f', join(dir, 'rsyslog.conf'), '-i', join(dir, 'rsyslog.pid')],
      log: join(dir, 'rsyslog.log'),
    });
    const stored = async (): Promise<number> => {
      const { buckets } = await product.json<{ buckets: { counts: Record<string, number> }[] }>(
        'logs/histogram?query=app:shop&from=now-1h&to=now%2B1h&by=app',
      );
      return buckets.reduce((sum, { counts }) => sum + (counts.shop ?? 0), 0);
    };
    await expect.poll(stored, WITHIN).toBeGreaterThan(0);
    await product.kill();
    product = await start();
    await product.ready();
    // Some come twice, so their number says nothing yet.
    await expect.poll(stored, WITHIN).toBeGreaterThanOrEqual(LINES);
    const distinct = async (): Promise<number> =>
      new Set((await records('app:shop')).map((one) => one.fields.seq)).size;
    await expect.poll(distinct, { timeout: 30_000, interval: 1_000 }).toBe(LINES);
    const all = await records('app:shop');
    expect(all[0]).toMatchObject({ env: 'default', level: 'warn', fields: { facility: 'local3' } });
    expect(all[0].host).toMatch(/\w/);
    expect(all[0].message).toContain('"message":"order seq=');
    // A request that was stored and not answered comes again: rsyslog sends no Idempotency-Key.
    expect(all.length - LINES).toBeLessThanOrEqual(1_000);
    expect(existsSync(join(dir, 'rsyslog.errors')) ? readFileSync(join(dir, 'rsyslog.errors'), 'utf8') : '').toBe('');
  });
});

const EXPORTER = `
import logging, sys
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

url, token = sys.argv[1:3]
provider = LoggerProvider(resource=Resource.create({
    'service.name': 'pay', 'deployment.environment.name': 'prod', 'host.name': 'py-1', 'cloud.region': 'eu-1'}))
exporter = OTLPLogExporter(endpoint=url, headers={'Authorization': 'Bearer ' + token}, compression=Compression.Gzip)
provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
log = logging.getLogger('pay.api')
log.setLevel(logging.DEBUG)
log.addHandler(LoggingHandler(level=logging.DEBUG, logger_provider=provider))
tracer = TracerProvider().get_tracer('t')
with tracer.start_as_current_span('checkout') as span:
    print(format(span.get_span_context().trace_id, '032x'))
    for i in range(1000):
        log.info('支付 seq=%d', i, extra={'order_id': i})
    try:
        raise ValueError('card "declined"')
    except ValueError:
        log.exception('cannot pay')
log.critical('done')
provider.shutdown()
`;

describe.skipIf(!python)("OpenTelemetry's exporter for Python", () => {
  test('sends lines that are found by trace, attribute and level', async () => {
    const secret = await newToken('otel', 'pay');
    const script = join(dir, 'export.py');
    writeFileSync(script, EXPORTER);
    const run = spawnSync(python!, [script, `${product.url}/api/v1/push/otlp/v1/logs`, secret], { encoding: 'utf8' });
    expect(run.stderr).not.toMatch(/Failed to export|Traceback/);
    const trace = run.stdout.trim();
    expect(trace).toMatch(/^[0-9a-f]{32}$/);
    const all = await records(`trace_id:${trace}`);
    expect(all).toHaveLength(1_001);
    expect(all.slice(0, 1_000).map((one) => one.fields.order_id)).toEqual(
      Array.from({ length: 1_000 }, (_, i) => String(i)),
    );
    expect(all[0]).toMatchObject({ app: 'pay', env: 'prod', host: 'py-1', level: 'info' });
    expect(all[0].fields).toMatchObject({ 'cloud.region': 'eu-1', 'otel.scope.name': 'pay.api' });
    const [failed] = await records('app:pay level:error exception.type:ValueError');
    expect(failed.fields['exception.message']).toBe('card "declined"');
    expect(await records('app:pay level:fatal done')).toHaveLength(1);
  });

  test('is told what is wrong with its token', async () => {
    const secret = await newToken('other', 'not-pay');
    const run = spawnSync(python!, [join(dir, 'export.py'), `${product.url}/api/v1/push/otlp/v1/logs`, secret], {
      encoding: 'utf8',
    });
    expect(run.stderr).toContain('403');
  });
});
