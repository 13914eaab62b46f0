import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePathTemplate } from '../../collector/discover/path-template.ts';
import { isCompressed, liveNames } from '../../collector/discover/rotated-names.ts';
import { type Recorder, record } from '../servers/discovery-recorder.ts';

let dir: string;
let open: Recorder[] = [];

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'fleetlog-paths-')));
});

afterEach(async () => {
  for (const recorder of open.splice(0)) await recorder.close();
  rmSync(dir, { recursive: true, force: true });
});

async function find(...paths: Parameters<typeof record>[0]['paths'] & object): Promise<Recorder> {
  const recorder = await record({ paths });
  open = [...open, recorder];
  return recorder;
}

function put(path: string, text = 'line\n'): string {
  const whole = join(dir, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
  return whole;
}

/** Relative paths of the targets told of, sorted. */
const files = (recorder: Recorder): string[] =>
  [...recorder.live.keys()].map((key) => key.replace(`file:${dir}/`, '')).sort();
const named = (recorder: Recorder, path: string) => recorder.live.get(`file:${join(dir, path)}`)?.source;

describe('path templates', () => {
  test('app, env and instance come from the path', async () => {
    put('logs/prod/shop/shop-1/app.log');
    put('logs/prod/shop/shop-1/access.log');
    put('logs/test/订单/b/app.log');
    put('logs/test/订单/b/app.txt');
    put('logs/test/stray.log');
    const recorder = await find(`${dir}/logs/{env}/{app}/{instance}/*.log`);
    expect(files(recorder)).toEqual([
      'logs/prod/shop/shop-1/access.log',
      'logs/prod/shop/shop-1/app.log',
      'logs/test/订单/b/app.log',
    ]);
    expect(named(recorder, 'logs/test/订单/b/app.log')).toEqual({
      host: 'host-1',
      container: '',
      containerName: 'b',
      image: '',
      version: '',
      app: '订单',
      env: 'test',
      instance: 'b',
      path: join(dir, 'logs/test/订单/b/app.log'),
      reader: 'file',
      named: { app: 'path {app}', env: 'path {env}' },
      labels: {},
    });
    expect(
      recorder.discovery.containers().map(({ app, env, containerName, reader }) => [app, env, containerName, reader]),
    ).toEqual([
      ['shop', 'prod', 'shop-1', 'file'],
      ['订单', 'test', 'b', 'file'],
    ]);
  });

  test('what the path does not say comes from the template, the file name and the host', async () => {
    put('a/nginx.log');
    put('b/x.log');
    const recorder = await find(`${dir}/a/*.log`, {
      template: `${dir}/b/*.log`,
      app: 'batch',
      env: 'qa',
      time: 'HH:mm',
      zone: '+08:00',
    });
    expect(named(recorder, 'a/nginx.log')).toMatchObject({ app: 'nginx', env: 'default', instance: 'host-1' });
    expect(named(recorder, 'b/x.log')).toMatchObject({
      app: 'batch',
      env: 'qa',
      named: { app: 'collector.paths app' },
    });
    expect(recorder.live.get(`file:${dir}/b/x.log`)).toMatchObject({
      kind: 'file',
      reader: 'file',
      rotation: 'logrotate',
      root: `${dir}/b`,
      time: { layout: 'HH:mm', zone: '+08:00' },
    });
  });

  test('** means any depth, and names may stand inside a part', async () => {
    for (const path of ['r/x.log', 'r/1/x.log', 'r/1/2/3/x.log', 'r/.hidden/x.log', 'r/1/y.txt']) put(path);
    put('s/shop-prod-7.log');
    const deep = await find(`${dir}/r/**/*.log`, `${dir}/s/{app}-{env}-{instance}.log`);
    expect(files(deep)).toEqual(['r/.hidden/x.log', 'r/1/2/3/x.log', 'r/1/x.log', 'r/x.log', 's/shop-prod-7.log']);
    expect(named(deep, 's/shop-prod-7.log')).toMatchObject({ app: 'shop', env: 'prod', instance: '7' });
  });

  test('new folders and files are found, and gone ones let go', async () => {
    const recorder = await find(`${dir}/logs/{app}/{instance}/*.log`);
    expect(recorder.warnings.join()).toContain('does not exist (yet)');
    put('logs/shop/1/app.log');
    await recorder.until('a folder that did not exist', () => files(recorder).length === 1);
    put('logs/shop/2/app.log');
    put('logs/shop/1/gc.log');
    await recorder.until('a new instance and a new file', () => files(recorder).length === 3);
    rmSync(join(dir, 'logs/shop/1'), { recursive: true });
    await recorder.until('a removed instance', () => files(recorder).join() === 'logs/shop/2/app.log');
    rmSync(join(dir, 'logs'), { recursive: true });
    await recorder.until('the whole root removed', () => files(recorder).length === 0);
    put('logs/shop/3/app.log');
    await recorder.until('the root made anew', () => files(recorder).join() === 'logs/shop/3/app.log');
  });

  test('a rotation is no end of the file, a deletion is', async () => {
    put('l/x.log');
    const recorder = await find(`${dir}/l/*.log*`);
    renameSync(join(dir, 'l/x.log'), join(dir, 'l/x.log.1'));
    put('l/y.log');
    await recorder.until('a look at the folder without it', () => files(recorder).includes('l/y.log'));
    put('l/x.log');
    put('l/z.log');
    await recorder.until('a look at the folder with it', () => files(recorder).includes('l/z.log'));
    expect(recorder.calls.filter((call) => call.startsWith('gone'))).toEqual([]);
    expect(files(recorder)).toEqual(['l/x.log', 'l/y.log', 'l/z.log']);
    unlinkSync(join(dir, 'l/y.log'));
    await recorder.until('the deleted one let go', () => files(recorder).join() === 'l/x.log,l/z.log');
  }, 30_000);

  test('rotated siblings are no targets of their own, unless nothing else is meant', async () => {
    for (const name of [
      'x.log',
      'x.log.1',
      'x.log.2.gz',
      'x.log-20261121',
      'x.log-20261120.gz',
      'x.log.2026-11-21',
      'x.log.old',
    ])
      put(`l/${name}`);
    put('dated/app.2026-11-21.log');
    put('dated/app.2026-11-20.log');
    put('only/x.log.2026-11-20');
    const recorder = await find(`${dir}/l/*`, `${dir}/dated/*.log`, `${dir}/only/x.log.*`);
    expect(files(recorder)).toEqual([
      'dated/app.2026-11-20.log',
      'dated/app.2026-11-21.log',
      'l/x.log',
      'only/x.log.2026-11-20',
    ]);
  });

  test('a rotated name whose live file never comes is read after a while: nothing is silently absent', async () => {
    put('l/x.log.2026-11-21');
    const recorder = await find(`${dir}/l/*`);
    expect(files(recorder)).toEqual([]);
    await recorder.until('the dated file alone', () => files(recorder).join() === 'l/x.log.2026-11-21');
  }, 30_000);

  test('links are followed below the root only', async () => {
    put('logs/shop/1/app.log');
    put('outside/secret.log');
    put('logs/shop/real-20261121.txt');
    mkdirSync(join(dir, 'logs/links/1'), { recursive: true });
    const link = (target: string, name: string): void => symlinkSync(target, join(dir, 'logs/links/1', name));
    link('/etc/passwd', 'passwd.log');
    link('../../../outside/secret.log', 'secret.log');
    link('../../shop/real-20261121.txt', 'current.log');
    link('../../shop/1/app.log', 'same.log');
    link('nowhere', 'dangling.log');
    link('circle.log', 'circle.log');
    symlinkSync('../../outside', join(dir, 'logs/links/2'));
    symlinkSync('shop', join(dir, 'logs/alias'));
    const recorder = await find(`${dir}/logs/{app}/{instance}/*.log`);
    expect(files(recorder)).toEqual(['logs/shop/1/app.log', 'logs/shop/real-20261121.txt']);
    expect(named(recorder, 'logs/shop/real-20261121.txt')).toMatchObject({ app: 'links', instance: '1' });
    expect(named(recorder, 'logs/shop/1/app.log')?.app).toMatch(/^(shop|links)$/);
    const warnings = recorder.warnings.join('\n');
    for (const path of ['passwd.log', 'secret.log', 'links/2']) expect(warnings).toContain(path);
    expect(warnings).toContain('leads in a circle');
    expect(warnings).not.toContain('dangling');
  });

  test('a link that changes its target: the new one is read, the old one drained', async () => {
    put('l/app-1.txt');
    put('l/app-2.txt');
    symlinkSync('app-1.txt', join(dir, 'l/app.log'));
    const recorder = await find(`${dir}/l/*.log`);
    expect(files(recorder)).toEqual(['l/app-1.txt']);
    symlinkSync('app-2.txt', join(dir, 'l/next'));
    renameSync(join(dir, 'l/next'), join(dir, 'l/app.log'));
    await recorder.until('the new target', () => files(recorder).includes('l/app-2.txt'));
    await recorder.until('the old one gone', () => files(recorder).join() === 'l/app-2.txt');
  }, 30_000);

  test('FIFOs, devices and sockets are passed over without being opened', async () => {
    put('l/x.log');
    expect(spawnSync('mkfifo', [join(dir, 'l/pipe.log')]).status).toBe(0);
    symlinkSync('/dev/zero', join(dir, 'l/zero.log'));
    symlinkSync('pipe.log', join(dir, 'l/linked-pipe.log'));
    mkdirSync(join(dir, 'l/folder.log'));
    const recorder = await find(`${dir}/l/*.log`);
    expect(files(recorder)).toEqual(['l/x.log']);
    expect(recorder.warnings.filter((warning) => warning.includes('no regular file')).length).toBe(2);
  });

  test('a loop of links costs nothing', async () => {
    put('l/a/x.log');
    symlinkSync('..', join(dir, 'l/a/up'));
    symlinkSync('../..', join(dir, 'l/a/out'));
    symlinkSync('.', join(dir, 'l/a/self'));
    symlinkSync('a', join(dir, 'l/b'));
    symlinkSync('b', join(dir, 'l/c'));
    const recorder = await find(`${dir}/l/**/*.log`);
    expect(files(recorder)).toEqual(['l/a/x.log']);
    expect(recorder.calls.length).toBe(1);
    put('l/a/deep/y.log');
    await recorder.until('life goes on', () => files(recorder).length === 2);
    expect(recorder.calls.length).toBe(2);
  });

  test('a busy file does not make its folder be listed', async () => {
    const busy = put('l/x.log');
    const recorder = await find(`${dir}/l/*.log`);
    for (let i = 0; i < 200; i++) appendFileSync(busy, 'more\n');
    put('l/y.log');
    await recorder.until('the new file', () => files(recorder).length === 2);
    expect(recorder.calls).toEqual([`found file:${dir}/l/x.log`, `found file:${dir}/l/y.log`]);
  });
});

test.each([
  ['logs/*.log', 'it is not absolute'],
  ['/data/logs/', 'it names no file'],
  ['/*/x.log', 'its first folder is a pattern'],
  ['/data/**', 'it names no file'],
  ['/data/a**/x.log', '** stands for whole folders'],
  ['/data/{user}/x.log', '{user} is no name'],
  ['/data/{app/x.log', '{ is no name'],
  ['/data/{app}/{app}.log', '{app} stands twice'],
])('template %s is refused: %s', (template, why) => {
  expect(() => parsePathTemplate(template)).toThrow(why);
});

test.each([
  ['x.log', []],
  ['x.log.1', ['x.log']],
  ['x.log.12.gz', ['x.log.12', 'x.log']],
  ['x.log-20261121', ['x.log']],
  ['x.log-20261121.gz', ['x.log-20261121', 'x.log']],
  ['x.log.20261121-153000', ['x.log']],
  ['x.log.2026-11-21_15', ['x.log']],
  ['x.2026-11-21.log', []],
  ['catalina.out.bak', ['catalina.out']],
  ['x.log.2026-11-21.3', ['x.log.2026-11-21', 'x.log']],
])('%s may be a rotated sibling of %j', (name, lives) => {
  expect(liveNames(name)).toEqual(lives);
  expect(isCompressed(name)).toBe(name.endsWith('.gz'));
});
