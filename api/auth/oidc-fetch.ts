import { readFileSync } from 'node:fs';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { CustomFetch } from 'openid-client';
import { FleetlogError } from '../../model/errors.ts';
import { isLoopbackHost } from '../origin.ts';

/** Metadata, keys and tokens are some KiB; a provider that sends more is none. */
const ANSWER_BYTES = 4 << 20;

/**
 * How the provider is asked. Unencrypted only on loopback, whatever its metadata says. With `caFile` only certificates of that authority
 * count; Node's fetch cannot be told so, https can. Throws `bad_config` when the file cannot be read.
 */
export function createOidcFetch(caFile: string): CustomFetch {
  const ca = caFile === '' ? null : readCa(caFile);
  return async (url, options) => {
    const target = new URL(url);
    if (target.protocol !== 'https:' && !isLoopbackHost(target.hostname))
      throw new TypeError(`cannot ask ${target.origin}: the login provider must be reached by https`);
    if (ca && target.protocol === 'https:') return fetchWithCa(target, ca, options);
    return fetch(url, options as RequestInit);
  };
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new FleetlogError('bad_config', `cannot read ${file}`, { hint: 'auth.oidc.caFile names a PEM file', cause });
  }
}

function fetchWithCa(url: URL, ca: Buffer, options: Parameters<CustomFetch>[1]): Promise<Response> {
  const { method, headers, signal } = options;
  const body = options.body === null || options.body === undefined ? null : String(options.body);
  const asked: RequestOptions = {
    method,
    headers: { ...headers, ...(body !== null && { 'content-length': Buffer.byteLength(body) }) },
    ca,
    ...(signal && { signal }),
  };
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, asked, (answer) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > ANSWER_BYTES) answer.destroy(new Error(`the login provider sent more than ${ANSWER_BYTES} bytes`));
        else pieces.push(piece);
      });
      answer.on('error', reject);
      answer.on('end', () => {
        const status = answer.statusCode ?? 500;
        const hasBody = status !== 204 && status !== 304;
        const fields = Object.entries(answer.headers).flatMap(([name, value]): [string, string][] =>
          [value ?? []].flat().map((one) => [name, one]),
        );
        resolve(new Response(hasBody ? Buffer.concat(pieces) : null, { status, headers: fields }));
      });
    });
    request.on('error', reject);
    request.end(body ?? undefined);
  });
}
