import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { startDockerProxy } from '../../collector/docker/proxy.ts';
import { systemClock } from '../../model/clock.ts';
import { dose } from '../doses.ts';
import { type Recorder, record } from '../servers/discovery-recorder.ts';
import { IMAGE, startDocker } from '../servers/docker.ts';

const docker = await startDocker();
const state = mkdtempSync(join(tmpdir(), 'fleetlog-e2e-'));
let recorder: Recorder | null = null;

afterEach(async () => {
  await recorder?.close();
  recorder = null;
  if (!docker) return;
  const left = await docker.api.listContainers({ all: true });
  await Promise.all(left.map(({ Id }) => docker.remove(Id).catch(() => {})));
});

afterAll(async () => {
  await docker?.stop();
  rmSync(state, { recursive: true, force: true });
});

const told = (name: string): string[] =>
  recorder!.events.filter(({ source }) => source.containerName === name).map(({ type }) => type);
const status = (name: string) => recorder!.discovery.containers().findLast((one) => one.containerName === name);

describe.skipIf(!docker)('discovery with a real Docker engine', () => {
  const engine = docker!;
  const reach = () => ({ dockerSocket: engine.socket, containersDir: engine.containersDir });

  test('20 containers by every rule: names, apps, envs and instances are right, each before its first byte', async () => {
    const early = await engine.run({ name: 'early', app: 'early', env: 'prod', command: ['sleep', '100'] });
    recorder = await record(reach());
    expect(recorder.live.has(`docker:${early}`)).toBe(true);
    const compose = {
      'com.docker.compose.project': 'site',
      'com.docker.compose.service': 'web',
      'com.docker.compose.container-number': '2',
    };
    const swarm = {
      'com.docker.swarm.service.name': 's_cart',
      'com.docker.stack.namespace': 's',
      'com.docker.swarm.task.name': 's_cart.3.x',
    };
    const made: {
      run: Omit<Parameters<typeof engine.run>[0], 'command' | 'name'>;
      expected: [string, string, string | null];
    }[] = [
      ...Array.from({ length: 14 }, (_, i) => ({
        run: { app: `app-${i % 5}`, env: ['prod', 'test', 'dev'][i % 3] },
        expected: [`app-${i % 5}`, ['prod', 'test', 'dev'][i % 3], null] as [string, string, null],
      })),
      {
        run: { labels: { 'fleetlog.app': '订单', 'fleetlog.env': '生产', 'fleetlog.instance': 'blue' } },
        expected: ['订单', '生产', 'blue'],
      },
      { run: { labels: compose }, expected: ['web', 'site', '2'] },
      { run: { labels: swarm }, expected: ['cart', 's', '3'] },
      {
        run: { envVars: { MARATHON_APP_ID: '/prod/pay', MESOS_TASK_ID: 'prod_pay.1' } },
        expected: ['pay', 'prod', 'prod_pay.1'],
      },
      {
        run: { envVars: { NOMAD_JOB_NAME: 'ledger', NOMAD_ALLOC_INDEX: '4', PASSWORD: 'x' } },
        expected: ['ledger', 'default', '4'],
      },
      { run: {}, expected: ['plain-19', 'default', null] },
    ];
    const ids = await Promise.all(
      made.map(({ run }, i) =>
        engine.run({ name: `plain-${i}`, command: ['sh', '-c', 'echo first; sleep 100'], ...run }),
      ),
    );
    await recorder.until('all of them', () => ids.every((id) => recorder!.live.has(`docker:${id}`)));
    ids.forEach((id, i) => {
      const { source } = recorder!.live.get(`docker:${id}`)!;
      const [app, env, instance] = made[i].expected;
      expect([source.app, source.env, source.instance, source.containerName]).toEqual([
        app,
        env,
        instance ?? `plain-${i}`,
        `plain-${i}`,
      ]);
      expect(recorder!.firstFound.get(`docker:${id}`)?.bytes).toBe(0);
      expect(status(`plain-${i}`)).toMatchObject({
        image: IMAGE,
        version: '1',
        reader: 'json-file',
        logDriver: 'json-file',
        warnings: [],
      });
    });
    await recorder.until('all of them running', () => ids.every((_, i) => status(`plain-${i}`)?.state === 'running'));
    await recorder.until('their events', () => ids.every((_, i) => told(`plain-${i}`).join() === 'create,start'));
    expect(recorder.discovery.docker()).toEqual({ reachable: true });
  });

  test('lifecycle: exit codes, OOM, health, pause, rename, restart, deploy, removal', async () => {
    recorder = await record(reach());
    const { until } = recorder;
    const exits = await engine.run({ name: 'exits', app: 'shop', env: 'prod', command: ['sh', '-c', 'exit 7'] });
    await until('the exit', () => told('exits').includes('die'));
    const die = recorder.events.find(({ type }) => type === 'die');
    expect(die).toMatchObject({
      attributes: { exitCode: '7' },
      source: { app: 'shop', env: 'prod', container: exits, reader: 'event' },
    });
    expect(Math.abs(die!.time - systemClock.nowUs())).toBeLessThan(60e6);
    expect(status('exits')).toMatchObject({ state: 'exited', exitCode: 7 });

    await engine.run({ name: 'sick', healthcheck: ['false'], command: ['sleep', '100'] });
    await until('its health', () => told('sick').includes('health'));
    expect(status('sick')?.health).toBe('unhealthy');

    const box = await engine.run({ name: 'boxed', command: ['sleep', '100'] });
    const container = engine.api.getContainer(box);
    await container.pause();
    await until('pause', () => status('boxed')?.state === 'paused');
    await container.unpause();
    await container.rename({ name: 'renamed' });
    await until('rename', () => recorder!.live.get(`docker:${box}`)?.source.containerName === 'renamed');
    await container.restart({ t: 0 });
    await until('restart', () => told('renamed').includes('restart'));
    // A stream of events that is opened again begins a little before its end: the same event, known by its time, may be told twice.
    const once = new Map(
      recorder.events.map((event) => [`${event.source.container} ${event.type} ${event.time}`, event]),
    );
    expect(
      [...once.values()]
        .filter(({ source, type }) => source.container === box && type !== 'stop')
        .map(({ type }) => type),
    ).toEqual(['create', 'start', 'pause', 'unpause', 'rename', 'die', 'start', 'restart']);

    await engine.remove(exits);
    await until('removal', () => !recorder!.live.has(`docker:${exits}`));
    await until('its event', () => told('exits').includes('destroy'));
    expect(status('exits')?.state).toBe('removed');
    const next = await engine.image('shop:2.0');
    await engine.run({ name: 'exits', app: 'shop', env: 'prod', image: next, command: ['sleep', '100'] });
    await until('the deploy', () => told('exits').includes('deploy'));
    const deploy = recorder.events.find(({ type }) => type === 'deploy');
    expect(deploy?.attributes).toEqual({
      image: 'shop:2.0',
      version: '2.0',
      previousImage: IMAGE,
      previousVersion: '1',
    });
  });

  test('an OOM kill is told', async (context) => {
    recorder = await record(reach());
    // tail keeps the last line in memory, and /dev/zero has no end of line.
    const hungry = await engine.run({
      name: 'hungry',
      memoryBytes: 8 << 20,
      command: ['sh', '-c', 'tail /dev/zero; exit 137'],
    });
    await engine.wait(hungry);
    await recorder.until('the end', () => told('hungry').includes('die'));
    const { State } = await engine.api.getContainer(hungry).inspect();
    if (!State.OOMKilled) context.skip('this kernel or sandbox reports no OOM kills to Docker');
    await recorder.until('the OOM event', () => told('hungry').includes('oom'));
    expect(status('hungry')?.oomKilled).toBe(true);
  });

  test('--rm containers that end at once are all found before their first byte', async () => {
    recorder = await record(reach());
    const count = dose(20, 1_000);
    const ids: string[] = [];
    for (let i = 0; i < count; i += 4) {
      const some = Array.from({ length: Math.min(4, count - i) }, (_, k) => `brief-${i + k}`);
      ids.push(
        ...(await Promise.all(
          some.map((name) => engine.run({ name, app: name, rm: true, command: ['echo', 'one line'] })),
        )),
      );
    }
    await recorder.until(
      'all of them gone',
      () => ids.every((id) => recorder!.calls.includes(`gone docker:${id}`)),
      120_000,
    );
    const late = ids.filter((id) => recorder!.firstFound.get(`docker:${id}`)?.bytes !== 0);
    expect(late).toEqual([]);
    await recorder.until('their events', () =>
      ids.every((_, i) => told(`brief-${i}`).join() === 'create,start,die,destroy'),
    );
  }, 1_800_000);

  test('rotation by the engine is no end of a container, and max-file=1 is warned about', async () => {
    recorder = await record(reach());
    const script =
      'i=0; while [ $i -lt 3000 ]; do echo "line $i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; i=$((i+1)); done; sleep 100';
    const one = await engine.run({ name: 'one', logOpts: { 'max-size': '20k' }, command: ['sh', '-c', script] });
    const three = await engine.run({
      name: 'three',
      logOpts: { 'max-size': '20k', 'max-file': '3' },
      command: ['sh', '-c', script],
    });
    const log = (id: string): string => join(engine.containersDir, id, `${id}-json.log`);
    await recorder.until('rotations', () => statSync(`${log(three)}.2`, { throwIfNoEntry: false }) !== undefined);
    expect([...recorder.live.keys()].sort()).toEqual([`docker:${one}`, `docker:${three}`].sort());
    expect(recorder.calls.filter((call) => call.startsWith('gone'))).toEqual([]);
    expect(status('one')?.warnings.join()).toContain('max-file=1');
    expect(status('three')?.warnings).toEqual([]);
  });

  test('the daemon restarts: events go on, and what was missed is told from the state', async () => {
    recorder = await record(reach());
    await engine.run({ name: 'steady', restart: 'always', command: ['sleep', '1000'] });
    await engine.run({ name: 'fragile', command: ['sleep', '1000'] });
    await recorder.until('both', () => told('steady').includes('start') && told('fragile').includes('start'));
    await engine.stopDaemon();
    await recorder.until('the loss is noticed', () => !recorder!.discovery.docker().reachable);
    expect(recorder.discovery.docker().reason).toMatch(/Docker/);
    await recorder.until('the deaths', () => told('steady').includes('die') && told('fragile').includes('die'));
    await engine.startDaemon();
    await recorder.until('the engine again', () => recorder!.discovery.docker().reachable);
    await recorder.until('the restart', () => told('steady').filter((type) => type === 'start').length === 2);
    await engine.run({ name: 'after', command: ['sh', '-c', 'exit 3'] });
    await recorder.until('a new one', () => told('after').includes('die'));
    expect(told('fragile').filter((type) => type === 'die').length).toBe(1);
    expect(told('steady').filter((type) => type === 'die').length).toBe(1);
    expect(told('after')).toEqual(['create', 'start', 'die']);
    expect(recorder.calls.filter((call) => call.startsWith('gone'))).toEqual([]);
  });

  test('an engine that comes later is found', async () => {
    await engine.stopDaemon();
    recorder = await record({ dockerSocket: engine.socket });
    expect(recorder.discovery.docker().reachable).toBe(false);
    await engine.startDaemon();
    await recorder.until('the engine', () => recorder!.discovery.docker().reachable);
    const id = await engine.run({ name: 'new', app: 'new', command: ['sleep', '100'] });
    await recorder.until('its container', () => recorder!.live.has(`api:${id}`));
    expect(status('new')?.warnings.join()).toContain('its log file cannot be reached');
  });

  test('without the socket the files tell who they are and what happens', async () => {
    recorder = await record({ containersDir: engine.containersDir });
    const id = await engine.run({
      name: 'offline',
      app: 'shop',
      env: 'qa',
      labels: { 'fleetlog.instance': 'i1' },
      command: ['sh', '-c', 'echo x; sleep 0.5; exit 5'],
    });
    await recorder.until('its end', () => told('offline').includes('die'));
    expect(recorder.live.get(`docker:${id}`)?.source).toMatchObject({
      app: 'shop',
      env: 'qa',
      instance: 'i1',
      image: IMAGE,
    });
    expect(recorder.firstFound.get(`docker:${id}`)?.bytes).toBe(0);
    expect(told('offline')).toEqual(['create', 'start', 'die']);
    expect(recorder.events.find(({ type }) => type === 'die')?.attributes).toEqual({ exitCode: '5' });
    await engine.remove(id);
    await recorder.until('its removal', () => told('offline').includes('destroy'));
  });

  test('events of the time the collector was down are told after its start, once', async () => {
    const sinceUs = systemClock.nowUs();
    const id = await engine.run({ name: 'meanwhile', app: 'shop', command: ['sh', '-c', 'exit 9'] });
    await engine.wait(id);
    const gone = await engine.run({ name: 'passed-by', labels: { 'fleetlog.app': 'batch' }, command: ['true'] });
    await engine.wait(gone);
    await engine.remove(gone);
    recorder = await record(reach(), { eventsSinceUs: sinceUs });
    await recorder.until('the past', () => told('meanwhile').includes('die') && told('passed-by').includes('destroy'));
    await engine.run({ name: 'now', command: ['true'] });
    await recorder.until('the present', () => told('now').includes('die'));
    expect(told('meanwhile')).toEqual(['create', 'start', 'die']);
    expect(told('passed-by')).toEqual(['create', 'start', 'die', 'destroy']);
    expect(recorder.events.find(({ source }) => source.containerName === 'passed-by')?.source.app).toBe('batch');
  });

  test('behind the docker-proxy everything but the API’s log stream works, and that says why', async () => {
    const proxy = await startDockerProxy({
      socket: engine.socket,
      listen: { port: 0 },
      envNames: ['APP_NAME', 'ENVIRONMENT'],
    });
    try {
      recorder = await record({ dockerSocket: proxy.address, containersDir: engine.containersDir });
      expect(recorder.discovery.docker()).toEqual({ reachable: true });
      const id = await engine.run({ name: 'hidden', app: 'shop', env: 'prod', command: ['sh', '-c', 'exit 4'] });
      await recorder.until('its death', () => told('hidden').includes('die'));
      expect(recorder.live.get(`docker:${id}`)?.source).toMatchObject({ app: 'shop', env: 'prod' });
      expect(status('hidden')).toMatchObject({ state: 'exited', exitCode: 4, logDriver: 'json-file', image: IMAGE });
      const local = await engine.run({ name: 'local', logDriver: 'local', command: ['echo', 'x'] });
      await recorder.until('the local one', () => recorder!.live.has(`api:${local}`));
      const target = recorder.live.get(`api:${local}`);
      if (target?.kind !== 'stream') throw new Error('no stream target');
      await expect(target.open(0, new AbortController().signal)[Symbol.asyncIterator]().next()).rejects.toThrow(
        'does not let container logs through',
      );
      expect(status('local')?.warnings.join()).toContain('does not let container logs through');
    } finally {
      await proxy.close();
    }
  });
});
