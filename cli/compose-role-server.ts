import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { isMetricsToken, isUnforwardedLoopback } from '../api/auth/telemetry-access.ts';
import { publicAddress, readTls } from '../api/listener.ts';
import { measureProcess } from '../api/process-telemetry.ts';
import { storeText } from '../api/routes/health.ts';
import type { Config } from '../model/config.ts';
import { FleetlogError } from '../model/errors.ts';
import type { ReadinessState } from './compose-readiness.ts';

export interface RoleServer {
  listen(): Promise<{ url: string }>;
  close(): Promise<void>;
}

/**
 * `/healthz`, `/readyz` and `/metrics` of a collector or an ingest that runs alone: they have no users, and nothing else to serve.
 * `/metrics` is free for programs on this machine; from elsewhere it takes `http.metricsToken`. `figures` are those of a store, in our
 * naming. `listen` rejects with `bad_config` when the address is taken or not this machine's.
 */
export async function startRoleServer(options: {
  config: Config;
  telemetry: Registry;
  readiness?: () => ReadinessState;
  figures?: () => Promise<Record<string, number>>;
}): Promise<RoleServer> {
  const { config, telemetry } = options;
  const { host, port } = config.http;

  async function metrics(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { authorization } = request.headers;
    const free = isUnforwardedLoopback(request) && authorization === undefined;
    if (!free && !isMetricsToken(authorization, config)) {
      response.setHeader('www-authenticate', 'Bearer');
      send(request, response, 401, 'off loopback send http.metricsToken as `Authorization: Bearer …`\n');
      return;
    }
    const figures = options.figures ? storeText(await options.figures()) : '';
    send(request, response, 200, (await telemetry.metrics()) + figures, telemetry.contentType);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      send(request, response, 405, 'GET or HEAD\n');
    } else if (path === '/healthz') sendJson(request, response, 200, { status: 'ok' });
    else if (path === '/readyz') {
      const state = options.readiness?.() ?? { ready: true, parts: {} };
      sendJson(request, response, state.ready ? 200 : 503, state);
    } else if (path === '/metrics') await metrics(request, response);
    else send(request, response, 404, 'here are /healthz, /readyz and /metrics\n');
  }

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) send(request, response, 500, `${error instanceof Error ? error.message : error}\n`);
      else response.destroy();
    });
  };
  const tls = readTls(config);
  const server = tls ? createTlsServer(tls, handle) : createServer(handle);
  const stopMeasuring = measureProcess(telemetry);

  return {
    async listen() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', (cause: NodeJS.ErrnoException) => {
          const hint =
            cause.code === 'EADDRINUSE'
              ? 'set http.port (FLEETLOG_HTTP_PORT) to a free one; 0 picks one'
              : 'check http.host';
          const what = `cannot listen on ${host}:${port}: ${cause.code ?? cause.message}`;
          reject(new FleetlogError('bad_config', what, { hint, cause }));
        });
        server.listen(port, host, resolve);
      });
      return { url: publicAddress(config, (server.address() as AddressInfo).port) };
    },
    async close() {
      stopMeasuring();
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function sendJson(request: IncomingMessage, response: ServerResponse, status: number, body: object): void {
  send(request, response, status, `${JSON.stringify(body)}\n`, 'application/json; charset=utf-8');
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  const body = Buffer.from(text);
  const headers = { 'content-type': type, 'content-length': body.length, 'cache-control': 'no-store' };
  response.writeHead(status, { ...headers, 'x-content-type-options': 'nosniff' });
  response.end(request.method === 'HEAD' ? undefined : body);
}
