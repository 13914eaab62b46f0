import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parsePodFolder } from '../../collector/discover/pods.ts';
import { type Recorder, record } from '../servers/discovery-recorder.ts';

const POD = 'payments_api-7d4f9c-x2k1p_0c1d2e3f-aaaa-bbbb-cccc-0123456789ab';
let dir: string;
let recorder: Recorder | null = null;

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'fleetlog-pods-')));
});

afterEach(async () => {
  await recorder?.close();
  recorder = null;
  rmSync(dir, { recursive: true, force: true });
});

function put(path: string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), '');
}

const files = (): string[] => [...recorder!.live.keys()].map((key) => key.replace(`cri:${dir}/`, '')).sort();

test('containers of pods are found with their identity; restarts are files of their own, rotated ones are not', async () => {
  for (const file of ['0.log', '1.log', '1.log.20261121-101500', '1.log.20261121-091500.gz', 'x.log', '2.log.tmp'])
    put(`${POD}/api/${file}`);
  put(`${POD}/sidecar/0.log`);
  put('not-a-pod/api/0.log');
  recorder = await record({ podLogsDir: dir, labels: ['io.kubernetes.pod.uid'] });
  expect(files()).toEqual([`${POD}/api/0.log`, `${POD}/api/1.log`, `${POD}/sidecar/0.log`]);
  expect(recorder.live.get(`cri:${dir}/${POD}/api/1.log`)).toMatchObject({
    kind: 'file',
    reader: 'cri',
    rotation: 'cri',
    root: dir,
    path: `${dir}/${POD}/api/1.log`,
    source: {
      container: '',
      containerName: 'api-7d4f9c-x2k1p/api',
      app: 'api',
      env: 'payments',
      instance: 'api-7d4f9c-x2k1p',
      reader: 'cri',
      named: { app: 'kubernetes container', env: 'kubernetes namespace' },
      labels: { 'io.kubernetes.pod.uid': '0c1d2e3f-aaaa-bbbb-cccc-0123456789ab' },
    },
  });
  expect(
    recorder.discovery
      .containers()
      .map(({ containerName, reader }) => `${containerName} ${reader}`)
      .sort(),
  ).toEqual(['api-7d4f9c-x2k1p/api cri', 'api-7d4f9c-x2k1p/sidecar cri']);
});

test('what runs has its id from the links beside the pods’ folder', async () => {
  for (const file of ['api/0.log', 'api/1.log', 'sidecar/0.log']) put(`pods/${POD}/${file}`);
  const [first, second, other] = ['a', 'b', 'c'].map((letter) => letter.repeat(64));
  mkdirSync(join(dir, 'containers'));
  const link = (name: string): void => symlinkSync('/elsewhere', join(dir, 'containers', `${name}.log`));
  link(`api-7d4f9c-x2k1p_payments_api-${first}`);
  link(`api-7d4f9c-x2k1p_payments_api-${second}`);
  link(`other_payments_api-${other}`);
  link('api-7d4f9c-x2k1p_payments_sidecar-0123');
  recorder = await record({ podLogsDir: join(dir, 'pods') });
  const running = recorder.discovery.running();
  expect(running.map((one) => one.id).sort()).toEqual([first, second]);
  const [one] = running;
  expect(one).toMatchObject({ docker: false, restarts: null, pid: null });
  expect(one.source).toMatchObject({ container: one.id, app: 'api', env: 'payments', instance: 'api-7d4f9c-x2k1p' });
  // The same whenever it is asked for: it tells starts apart.
  expect(recorder.discovery.running()).toEqual(running);
});

test('pods come, restart, rotate and go', async () => {
  recorder = await record({ podLogsDir: join(dir, 'pods') });
  const { until } = recorder;
  const live = (): string =>
    files()
      .map((file) => file.replace(`pods/${POD}/`, ''))
      .join(' ');
  put(`pods/${POD}/api/0.log`);
  await until('the first container', () => live() === 'api/0.log');
  put(`pods/${POD}/api/1.log`);
  await until('its restart', () => live() === 'api/0.log api/1.log');
  renameSync(join(dir, `pods/${POD}/api/1.log`), join(dir, `pods/${POD}/api/1.log.20261121-101500`));
  put(`pods/${POD}/api/1.log`);
  put(`pods/${POD}/job/0.log`);
  await until('another container', () => live().includes('job/0.log'));
  expect(recorder.calls.filter((call) => call.startsWith('gone'))).toEqual([]);
  rmSync(join(dir, `pods/${POD}/api/0.log`));
  await until('the old restart collected', () => live() === 'api/1.log job/0.log');
  rmSync(join(dir, `pods/${POD}`), { recursive: true });
  await until('the pod gone', () => live() === '');
});

test('docker’s links under Kubernetes’ names are left to the docker reader', async () => {
  put('elsewhere-json.log');
  mkdirSync(join(dir, POD, 'api'), { recursive: true });
  symlinkSync(join(dir, 'elsewhere-json.log'), join(dir, POD, 'api/0.log'));
  symlinkSync('/etc', join(dir, 'default_evil_0c1d2e3f'));
  recorder = await record({ podLogsDir: dir });
  expect(files()).toEqual([]);
});

test.each([
  [POD, { namespace: 'payments', pod: 'api-7d4f9c-x2k1p', uid: '0c1d2e3f-aaaa-bbbb-cccc-0123456789ab' }],
  ['kube-system_etcd-node.1_8f1c', { namespace: 'kube-system', pod: 'etcd-node.1', uid: '8f1c' }],
  ['a_b', null],
  ['a_b_c_d', null],
  ['../x_b_c', null],
])('pod folder %s', (name, pod) => {
  expect(parsePodFolder(name)).toEqual(pod);
});
