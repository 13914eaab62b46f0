import { describe, expect, test } from 'vitest';
import { type ContainerFacts, identify, identityEnvNames, keepNamedEnv } from '../../collector/identity/identity.ts';
import { cleanName } from '../../collector/identity/names.ts';
import { matchesGlob } from '../../model/glob.ts';

const config = { appEnvNames: ['APP_NAME'], envEnvNames: ['ENVIRONMENT'] };
const compose = {
  'com.docker.compose.project': 'site',
  'com.docker.compose.service': 'web',
  'com.docker.compose.container-number': '2',
};
const kubernetes = {
  'io.kubernetes.container.name': 'api',
  'io.kubernetes.pod.namespace': 'payments',
  'io.kubernetes.pod.name': 'api-7d4f9c-x2k1p',
};
const swarm = {
  'com.docker.swarm.service.name': 'shop_cart',
  'com.docker.stack.namespace': 'shop',
  'com.docker.swarm.task.name': 'shop_cart.3.k2j4h5',
};
const rancher = {
  'io.rancher.stack.name': 'crm',
  'io.rancher.stack_service.name': 'crm/mailer',
  'io.rancher.container.name': 'crm-mailer-4',
};

interface Case {
  what: string;
  facts: Partial<ContainerFacts>;
  /** app, its rule, env, its rule, instance */
  gives: [string, string, string, string, string];
}

const cases: Case[] = [
  { what: 'nothing but a name', facts: {}, gives: ['box', 'container name', 'default', 'default', 'box'] },
  {
    what: 'labels of ours before all else',
    facts: {
      labels: { ...kubernetes, 'fleetlog.app': 'mine', 'fleetlog.env': 'prod' },
      env: { APP_NAME: 'x', ENVIRONMENT: 'y' },
    },
    gives: ['mine', 'label fleetlog.app', 'prod', 'label fleetlog.env', 'api-7d4f9c-x2k1p'],
  },
  {
    what: 'app and env are answered apart',
    facts: { labels: { 'fleetlog.app': 'mine', ...compose } },
    gives: ['mine', 'label fleetlog.app', 'site', 'compose project', '2'],
  },
  {
    what: 'environment variables',
    facts: { env: { APP_NAME: 'shop', ENVIRONMENT: 'staging' } },
    gives: ['shop', 'env APP_NAME', 'staging', 'env ENVIRONMENT', 'box'],
  },
  {
    what: 'environment variables before Kubernetes',
    facts: { env: { APP_NAME: 'shop' }, labels: kubernetes },
    gives: ['shop', 'env APP_NAME', 'payments', 'kubernetes namespace', 'api-7d4f9c-x2k1p'],
  },
  {
    what: 'only the env variable',
    facts: { env: { ENVIRONMENT: 'prod' } },
    gives: ['box', 'container name', 'prod', 'env ENVIRONMENT', 'box'],
  },
  {
    what: 'an empty variable is no answer',
    facts: { env: { APP_NAME: '', ENVIRONMENT: '  ' }, labels: compose },
    gives: ['web', 'compose service', 'site', 'compose project', '2'],
  },
  {
    what: 'an empty label is no answer',
    facts: { labels: { 'fleetlog.app': '', 'fleetlog.env': '\t' } },
    gives: ['box', 'container name', 'default', 'default', 'box'],
  },
  {
    what: 'Kubernetes',
    facts: { labels: kubernetes },
    gives: ['api', 'kubernetes container', 'payments', 'kubernetes namespace', 'api-7d4f9c-x2k1p'],
  },
  {
    what: 'Kubernetes before compose',
    facts: { labels: { ...compose, ...kubernetes } },
    gives: ['api', 'kubernetes container', 'payments', 'kubernetes namespace', 'api-7d4f9c-x2k1p'],
  },
  {
    what: 'compose',
    facts: { labels: compose },
    gives: ['web', 'compose service', 'site', 'compose project', '2'],
  },
  {
    what: 'compose before swarm',
    facts: { labels: { ...swarm, ...compose } },
    gives: ['web', 'compose service', 'site', 'compose project', '2'],
  },
  {
    what: 'a swarm stack, said once',
    facts: { labels: swarm },
    gives: ['cart', 'swarm service', 'shop', 'swarm stack', '3'],
  },
  {
    what: 'a swarm service without a stack',
    facts: {
      labels: { 'com.docker.swarm.service.name': 'proxy', 'com.docker.swarm.task.name': 'proxy.1.abc' },
    },
    gives: ['proxy', 'swarm service', 'default', 'default', '1'],
  },
  {
    what: 'a global swarm service: the node is the slot',
    facts: {
      labels: { 'com.docker.swarm.service.name': 'agent', 'com.docker.swarm.task.name': 'agent.n0de1.abc' },
    },
    gives: ['agent', 'swarm service', 'default', 'default', 'n0de1'],
  },
  {
    what: 'a swarm task name that is not of the service',
    facts: { labels: { 'com.docker.swarm.service.name': 'a', 'com.docker.swarm.task.name': 'b.1.x' } },
    gives: ['a', 'swarm service', 'default', 'default', 'box'],
  },
  {
    what: 'swarm before Rancher',
    facts: { labels: { ...rancher, ...swarm } },
    gives: ['cart', 'swarm service', 'shop', 'swarm stack', '3'],
  },
  {
    what: 'Rancher',
    facts: { labels: rancher },
    gives: ['mailer', 'rancher service', 'crm', 'rancher stack', '4'],
  },
  {
    what: 'a Rancher sidekick, without the stack label',
    facts: { labels: { 'io.rancher.stack_service.name': 'crm/mailer/queue' } },
    gives: ['mailer/queue', 'rancher service', 'crm', 'rancher stack', 'box'],
  },
  {
    what: 'Rancher before Marathon',
    facts: { labels: rancher, env: { MARATHON_APP_ID: '/m/app' } },
    gives: ['mailer', 'rancher service', 'crm', 'rancher stack', '4'],
  },
  {
    what: 'Marathon: groups are the env',
    facts: { env: { MARATHON_APP_ID: '/prod/shop/web' } },
    gives: ['web', 'env MARATHON_APP_ID', 'prod/shop', 'env MARATHON_APP_ID', 'box'],
  },
  {
    what: 'Marathon without a group',
    facts: { env: { MARATHON_APP_ID: '/web' } },
    gives: ['web', 'env MARATHON_APP_ID', 'default', 'default', 'box'],
  },
  {
    what: 'Marathon with its task as the instance',
    facts: {
      env: {
        MARATHON_APP_ID: '/prod/web',
        MESOS_TASK_ID: 'prod_web.3f2a1b4c-0000-11ee-a5b6-0242ac110002',
      },
    },
    gives: [
      'web',
      'env MARATHON_APP_ID',
      'prod',
      'env MARATHON_APP_ID',
      'prod_web.3f2a1b4c-0000-11ee-a5b6-0242ac110002',
    ],
  },
  {
    what: 'a Mesos task alone',
    facts: { env: { MESOS_TASK_ID: 'batch_sum.3f2a1b4c-0000-11ee-a5b6-0242ac110002' } },
    gives: ['batch_sum', 'env MESOS_TASK_ID', 'default', 'default', 'batch_sum.3f2a1b4c-0000-11ee-a5b6-0242ac110002'],
  },
  {
    what: 'a newer Mesos task id',
    facts: { env: { MESOS_TASK_ID: 'web.instance-3f2a1b4c-0000-11ee-a5b6-0242ac110002._app.1' } },
    gives: [
      'web',
      'env MESOS_TASK_ID',
      'default',
      'default',
      'web.instance-3f2a1b4c-0000-11ee-a5b6-0242ac110002._app.1',
    ],
  },
  {
    what: 'another framework’s task id is kept whole',
    facts: { env: { MESOS_TASK_ID: 'chronos-job-7' } },
    gives: ['chronos-job-7', 'env MESOS_TASK_ID', 'default', 'default', 'chronos-job-7'],
  },
  {
    what: 'Nomad by variables',
    facts: { env: { NOMAD_JOB_NAME: 'ledger', NOMAD_NAMESPACE: 'finance', NOMAD_ALLOC_INDEX: '0' } },
    gives: ['ledger', 'nomad job', 'finance', 'nomad namespace', '0'],
  },
  {
    what: 'Nomad by labels',
    facts: {
      labels: {
        'com.hashicorp.nomad.job_name': 'ledger',
        'com.hashicorp.nomad.namespace': 'finance',
        'com.hashicorp.nomad.alloc_id': '8d1c2b3a-1111-2222-3333-444455556666',
      },
    },
    gives: ['ledger', 'nomad job', 'finance', 'nomad namespace', '8d1c2b3a'],
  },
  {
    what: 'Mesos before Nomad',
    facts: { env: { MESOS_TASK_ID: 'task', NOMAD_JOB_NAME: 'job' } },
    gives: ['task', 'env MESOS_TASK_ID', 'default', 'default', 'task'],
  },
  {
    what: 'the instance label before a slot',
    facts: { labels: { ...compose, 'fleetlog.instance': 'blue' } },
    gives: ['web', 'compose service', 'site', 'compose project', 'blue'],
  },
  {
    what: 'Chinese names',
    facts: { env: { APP_NAME: '订单服务', ENVIRONMENT: '生产' } },
    gives: ['订单服务', 'env APP_NAME', '生产', 'env ENVIRONMENT', 'box'],
  },
  {
    what: 'control characters become blanks',
    facts: { labels: { 'fleetlog.app': ' a\nb\u0007 ', 'fleetlog.env': '\u0000' } },
    gives: ['a b', 'label fleetlog.app', 'default', 'default', 'box'],
  },
  {
    what: 'a name that is missing too',
    facts: { name: '' },
    gives: ['unnamed', 'container name', 'default', 'default', 'unnamed'],
  },
];

describe('identify', () => {
  test.each(cases)('$what', ({ facts, gives }) => {
    const whole = { name: 'box', image: 'img', labels: {}, env: {}, ...facts };
    const { app, env, named, instance } = identify(whole, config);
    expect([app, named.app, env, named.env, instance]).toEqual(gives);
  });

  test('configured names of variables count, in their order, and the default ones then do not', () => {
    const other = { appEnvNames: ['SERVICE', 'APP'], envEnvNames: ['STAGE'] };
    const facts = { name: 'box', image: '', labels: {}, env: { APP: 'second', STAGE: 'qa', APP_NAME: 'no' } };
    expect(identify(facts, other)).toMatchObject({
      app: 'second',
      env: 'qa',
      named: { app: 'env APP', env: 'env STAGE' },
    });
    expect(identify({ ...facts, env: { ...facts.env, SERVICE: 'first' } }, other).app).toBe('first');
  });

  test('labels called like object properties are data', () => {
    const labels = JSON.parse('{"__proto__": "x", "constructor": "y"}') as Record<string, string>;
    expect(identify({ name: 'box', image: '', labels, env: {} }, config).app).toBe('box');
  });
});

describe('version', () => {
  const digest = 'a'.repeat(64);
  test.each([
    ['shop:1.2', {}, '1.2'],
    ['registry:5000/team/shop:1.2', {}, '1.2'],
    ['registry:5000/team/shop', {}, 'latest'],
    ['shop', {}, 'latest'],
    [`shop:1.2@sha256:${digest}`, {}, '1.2'],
    [`shop@sha256:${digest}`, {}, `sha256:${'a'.repeat(12)}`],
    [`sha256:${digest}`, {}, ''],
    [digest, {}, ''],
    ['', {}, ''],
    ['shop:1.2', { 'org.opencontainers.image.version': '2.0' }, '2.0'],
    ['shop:1.2', { 'org.opencontainers.image.version': '2.0', 'fleetlog.version': '3' }, '3'],
  ])('%s %o → %s', (image, labels, version) => {
    expect(identify({ name: 'box', image, labels: labels as Record<string, string>, env: {} }, config).version).toBe(
      version,
    );
  });
});

test('of the environment only named variables are kept', () => {
  const names = identityEnvNames({ appEnvNames: ['APP_NAME'], envEnvNames: ['ENVIRONMENT', 'APP_NAME'] });
  const kept = keepNamedEnv(['APP_NAME=a=b', 'PASSWORD=secret', 'ENVIRONMENT', 'PATH=/bin', 'NOMAD_JOB_NAME=j'], names);
  expect({ ...kept }).toEqual({ APP_NAME: 'a=b', ENVIRONMENT: '', NOMAD_JOB_NAME: 'j' });
  expect({ ...keepNamedEnv(null, names) }).toEqual({});
});

test('long names are cut at whole code points', () => {
  expect([...cleanName('😀'.repeat(300))].length).toBe(200);
  expect(cleanName(`\ud800x`)).toBe('�x');
});

test.each([
  ['shop-*', 'shop-1', true],
  ['shop-*', 'cart-1', false],
  ['*', '', true],
  ['*-test-*', 'a-test-b', true],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['a.b', 'axb', false],
  ['shop', 'shop', true],
  ['*x*y*', '1x2y3', true],
  ['*x*y*', '1y2x3', false],
])('name pattern %s on %s: %s', (pattern, name, matches) => {
  expect(matchesGlob(pattern, name)).toBe(matches);
});
