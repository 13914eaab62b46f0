import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { pipeline, Transform } from 'node:stream';
import { FleetlogError } from '../../model/errors.ts';
import { identityEnvNames } from '../identity/identity.ts';
import { type Log, silentLog } from '../log.ts';
import { parseEngineAddress } from './address.ts';
import { type AllowedCall, allowedCall, cutInspect, cutList, passesEvent } from './proxy-rules.ts';

export interface DockerProxyOptions {
  /** The Docker socket behind it: a path or `unix://path`. */
  socket: string;
  /** Where it listens: `HOST:PORT`, a unix socket's path, or its parts; port 0 picks a free one. */
  listen: string | { host?: string; port?: number; socketPath?: string };
  /** Environment variables whose values may leave, beside those of orchestrators that the identity rules know. */
  envNames: readonly string[];
  /** Also let container logs through, for drivers other than json-file; whoever reaches the proxy can then read them all. */
  allowLogs?: boolean;
  log?: Log;
}

export interface DockerProxy {
  /** `tcp://host:port` or the socket's path: a value for `collector.dockerSocket`. */
  address: string;
  close(): Promise<void>;
}

/** Whole answers that are cut (inspect, list) are held in memory; none of an honest engine is near this. */
const ANSWER_BYTES = 64 << 20;
const CONNECTIONS = 256;

/**
 * A door to the Docker socket for collectors (S23 of the threat list): GET on a few routes, answers cut to what the collector uses,
 * anything else 403 as `{message}`. Nothing of a request but its understood path and query is sent on.
 */
export async function startDockerProxy(options: DockerProxyOptions): Promise<DockerProxy> {
  const log = options.log ?? silentLog;
  const engine = parseEngineAddress(options.socket);
  if (!engine) throw new FleetlogError('bad_config', 'cannot start the Docker proxy: no Docker socket is given');
  const upstream = 'socketPath' in engine ? engine : { host: engine.host, port: engine.port };
  const envNames = identityEnvNames({ appEnvNames: [...options.envNames], envEnvNames: [] });

  function refuse(response: ServerResponse, status: number, message: string): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
    response.end(`${JSON.stringify({ message })}\n`);
  }

  function handle(incoming: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers } = incoming;
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
    const call = hasBody || headers.upgrade !== undefined ? null : allowedCall(method, url, options.allowLogs ?? false);
    if (!call) {
      log.warn({ method, url: url.slice(0, 200) }, 'refused a call to the Docker socket');
      refuse(response, 403, `fleetlog docker-proxy does not allow ${method} ${url.split('?')[0].slice(0, 200)}`);
      return;
    }
    const onward = request({ ...upstream, method: 'GET', path: call.path, headers: { host: 'docker' }, agent: false });
    onward.on('response', (answer) => give(call, answer, response));
    onward.on('error', (error) => refuse(response, 502, `Docker does not answer: ${error.message}`));
    response.on('close', () => onward.destroy());
    onward.end();
  }

  function give(call: AllowedCall, answer: IncomingMessage, response: ServerResponse): void {
    const status = answer.statusCode ?? 502;
    const type = { 'content-type': answer.headers['content-type'] ?? 'application/json' };
    const streams = status === 200 && (call.route === 'events' || call.route === 'stats' || call.route === 'logs');
    if (streams) {
      response.writeHead(status, type);
      response.flushHeaders();
      const stages = call.route === 'events' ? [answer, eventFilter(), response] : [answer, response];
      pipeline(stages as [IncomingMessage, ServerResponse], () => response.destroy());
      return;
    }
    collect(answer, ANSWER_BYTES).then(
      (body) => {
        const text = status === 200 ? cut(call, body) : onlyMessage(body);
        response.writeHead(status, { ...type, 'content-length': Buffer.byteLength(text) });
        response.end(text);
      },
      (error: Error) => refuse(response, 502, `cannot read Docker's answer: ${error.message}`),
    );
  }

  function cut(call: AllowedCall, body: Buffer): string {
    if (call.route === 'inspect') return JSON.stringify(cutInspect(JSON.parse(body.toString('utf8')), envNames));
    if (call.route === 'list') return JSON.stringify(cutList(JSON.parse(body.toString('utf8'))));
    return body.toString('utf8');
  }

  const server = createServer(handle);
  server.maxConnections = CONNECTIONS;
  // Upgrades hand over the raw connection, with which anything could be done.
  const shut = (_request: IncomingMessage, socket: NodeJS.WritableStream & { destroy(): void }): void => {
    socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    log.warn({}, 'refused a connection upgrade at the Docker socket');
  };
  server.on('upgrade', shut);
  server.on('connect', shut);
  const address = await listen(server, options.listen);
  log.info({ address }, 'docker-proxy listens');
  return {
    address,
    async close() {
      const done = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await done;
    },
  };
}

/** A refusal of the engine, reduced to its message. */
function onlyMessage(body: Buffer): string {
  try {
    const { message } = JSON.parse(body.toString('utf8')) as { message?: unknown };
    return JSON.stringify({ message: typeof message === 'string' ? message : 'Docker refused the call' });
  } catch {
    return JSON.stringify({ message: 'Docker refused the call' });
  }
}

async function collect(stream: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += (chunk as Buffer).length;
    if (bytes > limit) throw new Error('it is longer than 64 MiB');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function eventFilter(): Transform {
  let rest: Buffer[] = [];
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let from = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        const line = Buffer.concat([...rest, chunk.subarray(from, at + 1)]);
        rest = [];
        from = at + 1;
        if (passesEvent(line.toString('utf8'))) this.push(line);
      }
      if (from < chunk.length) rest.push(chunk.subarray(from));
      done();
    },
  });
}

async function listen(server: ReturnType<typeof createServer>, where: DockerProxyOptions['listen']): Promise<string> {
  const place = typeof where === 'string' ? parseListen(where) : where;
  if (place.socketPath) await removeStaleSocket(place.socketPath);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new FleetlogError('unavailable', `cannot listen for the Docker proxy: ${cause.message}`, { cause })),
    );
    if (place.socketPath) server.listen(place.socketPath, resolve);
    else server.listen(place.port ?? 0, place.host ?? '127.0.0.1', resolve);
  });
  if (place.socketPath) {
    chmodSync(place.socketPath, 0o660);
    return place.socketPath;
  }
  const bound = server.address();
  if (typeof bound !== 'object' || !bound)
    throw new FleetlogError('internal', 'cannot tell the Docker proxy’s address');
  return `tcp://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

function parseListen(text: string): { host?: string; port?: number; socketPath?: string } {
  if (text.startsWith('/')) return { socketPath: text };
  if (text.startsWith('unix://')) return { socketPath: text.slice('unix://'.length) };
  const match = /^(?:tcp:\/\/)?(\[[0-9a-f:]+\]|[^/:\s]+):(\d{1,5})$/i.exec(text);
  if (match && Number(match[2]) < 65_536) return { host: match[1].replace(/^\[|\]$/g, ''), port: Number(match[2]) };
  throw new FleetlogError('bad_config', `cannot listen on "${text}"`, {
    hint: 'give HOST:PORT, such as 127.0.0.1:2375, or the path of a unix socket',
  });
}

/** A socket left by a process that was killed is in the way; one that answers belongs to somebody. */
async function removeStaleSocket(path: string): Promise<void> {
  const code = await new Promise<string>((resolve) => {
    const connection = connect(path)
      .once('connect', () => {
        connection.destroy();
        resolve('');
      })
      .once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
  });
  if (code === 'ECONNREFUSED') rmSync(path, { force: true });
}
