import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { PrometheusConfig } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import type { PrometheusCall } from './translate.ts';

/** 300 steps of some 5,000 series; more is no chart, and would be held in memory as text. */
const MOST_BYTES = 64 << 20;
const AGENT = { keepAlive: true, maxSockets: 16 };

export interface PrometheusAnswer {
  status: number;
  text: string;
}

/** Sends calls as forms, with the configured credentials and certificate authority. */
export interface PrometheusHttp {
  /** Rejects with `unavailable`, `query_timeout`, `cancelled`, or `bad_request` for an answer over 64 MiB. */
  post(call: PrometheusCall, limits: { signal?: AbortSignal; timeoutMs: number }): Promise<PrometheusAnswer>;
  close(): void;
}

/** Throws `bad_config` when the certificate authority's file cannot be read. */
export function createPrometheusHttp(config: PrometheusConfig): PrometheusHttp {
  const base = new URL(config.url);
  const secure = base.protocol === 'https:';
  const agent = secure ? new HttpsAgent({ ...AGENT, ...authority(config) }) : new HttpAgent(AGENT);
  const send = secure ? httpsRequest : httpRequest;
  const authorization = credentials(config, base);

  return {
    post(call, { signal, timeoutMs }) {
      const body = Buffer.from(new URLSearchParams(call.form).toString());
      const timeout = AbortSignal.timeout(timeoutMs);
      return new Promise<PrometheusAnswer>((resolve, reject) => {
        const refuse = (cause: unknown): void => reject(explain(cause, { signal, timeout, timeoutMs }, base));
        const outgoing = send(
          {
            protocol: base.protocol,
            hostname: base.hostname.replace(/^\[|\]$/g, ''),
            port: base.port,
            path: `${base.pathname.replace(/\/+$/, '')}${call.path}`,
            method: 'POST',
            agent,
            signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
            headers: {
              'content-type': 'application/x-www-form-urlencoded',
              'content-length': body.length,
              accept: 'application/json',
              ...(authorization && { authorization }),
            },
          },
          (incoming) => read(incoming).then((text) => resolve({ status: incoming.statusCode ?? 0, text }), refuse),
        );
        outgoing.once('error', refuse);
        outgoing.end(body);
      });
    },
    close: () => agent.destroy(),
  };
}

async function read(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += (chunk as Buffer).length;
    if (bytes > MOST_BYTES) {
      incoming.destroy();
      throw new FleetlogError('bad_request', 'cannot take an answer of Prometheus over 64 MiB', {
        hint: 'name an app, an env or a host, or ask for a longer step',
      });
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function explain(
  cause: unknown,
  asked: { signal?: AbortSignal; timeout: AbortSignal; timeoutMs: number },
  base: URL,
): FleetlogError {
  if (cause instanceof FleetlogError) return cause;
  if (asked.signal?.aborted) return new FleetlogError('cancelled', undefined, { cause });
  if (asked.timeout.aborted) {
    return new FleetlogError('query_timeout', `cannot get figures from Prometheus within ${asked.timeoutMs} ms`, {
      hint: 'ask for a shorter range, or raise prometheus.timeoutMs',
      cause,
    });
  }
  const { code, message } = cause as NodeJS.ErrnoException;
  return new FleetlogError('unavailable', `cannot reach Prometheus at ${base.host}: ${code ?? message}`, {
    hint: 'check prometheus.url, and prometheus.caFile for https',
    cause,
  });
}

function authority(config: PrometheusConfig): { ca?: Buffer } {
  if (config.caFile === '') return {};
  try {
    return { ca: readFileSync(config.caFile) };
  } catch (cause) {
    throw new FleetlogError('bad_config', `cannot read ${config.caFile}`, {
      hint: "prometheus.caFile names the PEM file of the endpoint's certificate authority",
      cause,
    });
  }
}

/** A token wins over a name; a name in the address counts where the keys are empty. */
function credentials(config: PrometheusConfig, base: URL): string | null {
  if (config.token !== '') return `Bearer ${config.token}`;
  const name = config.username || decodeURIComponent(base.username);
  const password = config.password || decodeURIComponent(base.password);
  return name === '' ? null : `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}
