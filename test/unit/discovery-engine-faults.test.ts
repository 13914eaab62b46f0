import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Recorder, record } from '../servers/discovery-recorder.ts';

const id = (n: number): string => n.toString(16).padStart(64, '0');
const T = 1_795_276_707_372_154;

/** An engine that misbehaves as told; real ones cannot be made to. */
let dir: string;
let server: Server;
let streams: ServerResponse[] = [];
let asked: string[] = [];
let containers: number[] = [];
let fault: (url: string, response: ServerResponse) => boolean = () => false;
let recorder: Recorder | null = null;

const inspect = (n: number) => ({
  Id: id(n),
  Name: `/box-${n}`,
  Created: '2026-01-02T03:04:05Z',
  Image: 'sha256:1',
  RestartCount: 0,
  State: { Running: true, StartedAt: '2026-01-02T03:04:06Z', FinishedAt: '0001-01-01T00:00:00Z' },
  Config: { Image: 'box:1', Labels: {}, Env: [] },
  HostConfig: { LogConfig: { Type: 'json-file', Config: {} } },
});

function say(n: number, action: string, time: number): void {
  const message = { Type: 'container', Action: action, Actor: { ID: id(n), Attributes: { name: `box-${n}` } } };
  const line = JSON.stringify({ ...message, timeNano: 0 }).replace('"timeNano":0', `"timeNano":${time}000`);
  for (const stream of streams) stream.write(`${line}\n`);
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetlog-engine-'));
  [streams, asked, containers] = [[], [], [1, 2]];
  fault = () => false;
  server = createServer((incoming, response) => {
    const url = incoming.url ?? '';
    asked.push(url);
    if (fault(url, response)) return;
    if (url.startsWith('/events')) {
      response.flushHeaders();
      streams.push(response);
    } else if (url.startsWith('/containers/json')) response.end(JSON.stringify(containers.map((n) => ({ Id: id(n) }))));
    else {
      const n = containers.find((one) => url.includes(id(one)));
      response
        .writeHead(n === undefined ? 404 : 200)
        .end(JSON.stringify(n === undefined ? { message: 'no' } : inspect(n)));
    }
  });
  await new Promise<void>((resolve) => server.listen(join(dir, 'engine.sock'), resolve));
});

afterEach(async () => {
  await recorder?.close();
  recorder = null;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

const start = async (): Promise<Recorder> => (recorder = await record({ dockerSocket: join(dir, 'engine.sock') }));
const fail = (response: ServerResponse, status: number): true => {
  response.writeHead(status).end('{"message":"broken"}');
  return true;
};

describe('discovery with an engine that misbehaves', () => {
  test('one container it cannot inspect does not hide the others, and is found when that is over', async () => {
    let broken = true;
    fault = (url, response) => broken && url.includes(id(1)) && fail(response, 500);
    const { live, until, discovery, warnings } = await start();
    expect([...live.keys()]).toEqual([`api:${id(2)}`]);
    expect(discovery.docker()).toEqual({ reachable: true });
    expect(warnings.join()).toContain('cannot inspect container');
    broken = false;
    await until('the other one', () => live.has(`api:${id(1)}`));
  });

  test('events of a container nobody can describe are told by what they say, and it is asked for again', async () => {
    let broken = true;
    fault = (url, response) => broken && url.includes(id(3)) && fail(response, 500);
    const { live, until, events } = await start();
    containers.push(3);
    say(3, 'create', T);
    await until('the event', () => events.length === 1);
    expect(events[0]).toMatchObject({ type: 'create', time: T, source: { containerName: 'box-3', app: 'box-3' } });
    expect(live.has(`api:${id(3)}`)).toBe(false);
    broken = false;
    say(3, 'start', T + 1);
    await until('the container', () => live.has(`api:${id(3)}`));
  });

  test('a refusal is no reachable engine, says why, and is tried again', async () => {
    let refuse = true;
    fault = (url, response) => refuse && url.startsWith('/containers/json') && fail(response, 403);
    const { discovery, until, live } = await start();
    expect(discovery.docker()).toMatchObject({ reachable: false, reason: expect.stringContaining('403') });
    refuse = false;
    await until('the engine', () => discovery.docker().reachable);
    expect(live.size).toBe(2);
  });

  test('a lost connection asks for the events since the last one, and tells none of them twice', async () => {
    const { events, until, discovery } = await start();
    say(1, 'pause', T);
    say(1, 'unpause', T + 5);
    await until('the events', () => events.length === 2);
    fault = (url, response) => {
      if (!url.startsWith('/events')) return false;
      response.flushHeaders();
      streams = [response];
      say(1, 'unpause', T + 5);
      say(1, 'pause', T + 9);
      return true;
    };
    for (const stream of streams) stream.destroy();
    await until('the missed one', () => events.length === 3);
    await until('the engine', () => discovery.docker().reachable);
    expect(events.map(({ type, time }) => [type, time - T])).toEqual([
      ['pause', 0],
      ['unpause', 5],
      ['pause', 9],
    ]);
    const since = asked.filter((url) => url.startsWith('/events')).map((url) => /since=([\d.]+)/.exec(url)?.[1]);
    expect(since).toEqual([undefined, `${Math.floor((T + 5) / 1e6)}.${String((T + 5) % 1e6).padStart(6, '0')}000`]);
  });

  test('a container removed while the connection was lost is gone', async () => {
    const { live, until } = await start();
    expect(live.size).toBe(2);
    containers = [2];
    for (const stream of streams.splice(0)) stream.destroy();
    await until('its end', () => live.size === 1);
    expect(live.has(`api:${id(2)}`)).toBe(true);
  });

  test('an answer that is older than an event does not set the state back', async () => {
    let answer: (() => void) | null = null;
    const { discovery, until } = await start();
    const state = () => discovery.containers().find(({ container }) => container === id(1))?.state;
    fault = (url, response) => {
      if (!url.includes(id(1))) return false;
      answer = () => response.end(JSON.stringify(inspect(1)));
      return true;
    };
    const looking = discovery.rescan();
    await until('the question', () => answer !== null);
    say(1, 'die', T);
    await until('the death', () => state() === 'exited');
    answer!();
    await looking;
    expect(state()).toBe('exited');
  });

  test('closing does not wait for an engine that hangs', async () => {
    fault = (url) => url.startsWith('/containers/');
    const slow = record({ dockerSocket: join(dir, 'engine.sock') });
    recorder = await slow;
    expect(recorder.discovery.docker().reachable).toBe(false);
    await recorder.close();
    recorder = null;
  });
});
