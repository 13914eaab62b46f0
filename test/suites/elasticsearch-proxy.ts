import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One document of a bulk request, and what to say instead of sending it on. */
export type ItemFault = (action: { create: { _index: string; _id: string } }, document: string) => object | null;

export interface ElasticsearchProxy {
  url: string;
  /** Where requests go; may change when a server comes back elsewhere. */
  target: string;
  /** Asked for every document of every bulk request; an answer stands for it and it is not sent on. */
  item: ItemFault | null;
  /** Asked before a request is sent on; `cut` breaks the connection at once, `cut-after` when the cluster has done it. */
  request: ((method: string, path: string) => 'cut' | 'cut-after' | { status: number; body: object } | null) | null;
  /** May change an answer. */
  answer: ((path: string, body: string) => string) | null;
  /** Items refused, connections cut. */
  faults: number;
  close(): Promise<void>;
}

/** Stands before a real cluster and does what real ones do on a bad day. */
export async function startElasticsearchProxy(target: string): Promise<ElasticsearchProxy> {
  const server = createServer((request, response) => {
    forward(proxy, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: ElasticsearchProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target,
    item: null,
    request: null,
    answer: null,
    faults: 0,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

async function forward(proxy: ElasticsearchProxy, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const path = request.url ?? '/';
  const fault = proxy.request?.(request.method ?? 'GET', path) ?? null;
  if (fault !== null) proxy.faults++;
  if (fault === 'cut') {
    request.socket.destroy();
    return;
  }
  if (fault !== null && typeof fault === 'object') {
    reply(response, fault.status, JSON.stringify(fault.body));
    return;
  }
  const bulk = path.startsWith('/_bulk') && proxy.item !== null ? split(proxy, body.toString()) : null;
  if (bulk && bulk.sent.length === 0) {
    reply(response, 200, JSON.stringify({ errors: true, items: bulk.merge([]) }));
    return;
  }
  const { 'content-type': type, accept, authorization } = request.headers;
  const headers = Object.entries({ 'content-type': type, accept, authorization }).filter(
    ([, value]) => value !== undefined,
  );
  const answer = await fetch(proxy.target + path, {
    method: request.method,
    headers: headers as [string, string][],
    ...(body.length > 0 ? { body: bulk ? bulk.sent.join('') : body } : {}),
  });
  let text = await answer.text();
  if (fault === 'cut-after') {
    request.socket.destroy();
    return;
  }
  if (bulk && answer.ok) text = JSON.stringify({ items: bulk.merge((JSON.parse(text) as { items: object[] }).items) });
  reply(response, answer.status, proxy.answer?.(path, text) ?? text);
}

function reply(response: ServerResponse, status: number, text: string): void {
  const type = 'application/vnd.elasticsearch+json;compatible-with=9';
  response.writeHead(status, { 'content-type': type, 'x-elastic-product': 'Elasticsearch' }).end(text);
}

/** Takes the documents out of a bulk request that a fault answers for. */
function split(proxy: ElasticsearchProxy, body: string): { sent: string[]; merge(items: object[]): object[] } {
  const lines = body.split('\n');
  const sent: string[] = [];
  const said: (object | null)[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const fault = proxy.item?.(JSON.parse(lines[i]) as Parameters<ItemFault>[0], lines[i + 1]) ?? null;
    said.push(fault);
    if (fault === null) sent.push(`${lines[i]}\n${lines[i + 1]}\n`);
    else proxy.faults++;
  }
  return {
    sent,
    merge(items) {
      let at = 0;
      return said.map((fault) => (fault === null ? items[at++] : { create: fault }));
    },
  };
}
