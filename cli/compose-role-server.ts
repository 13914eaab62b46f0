import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { Config } from '../model/config.ts';
import { FleetlogError } from '../model/errors.ts';

/** Health and metrics of a collector that runs alone; it has no store and so no API. Loopback only unless told otherwise by `http.host`. */
export async function startRoleServer(options: {
  config: Config;
  telemetry: Registry;
}): Promise<{ listen(): Promise<{ url: string }>; close(): Promise<void> }> {
  const { host, port } = options.config.http;
  const loopback = (address: string | undefined): boolean => /^(::1|(::ffff:)?127\.)/.test(address ?? '');
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') response.writeHead(405).end();
    else if (path === '/healthz' || path === '/readyz')
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"ready":true}\n');
    else if (path === '/metrics' && loopback(request.socket.remoteAddress)) {
      response.writeHead(200, { 'content-type': options.telemetry.contentType }).end(await options.telemetry.metrics());
    } else if (path === '/metrics') response.writeHead(403).end('metrics of a collector alone are for loopback\n');
    else response.writeHead(404).end();
  });
  return {
    async listen() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', (cause) =>
          reject(new FleetlogError('unavailable', `cannot listen on ${host}:${port}`, { cause })),
        );
        server.listen(port, host, resolve);
      });
      const address = server.address() as AddressInfo;
      return { url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}` };
    },
    async close() {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}
