import { readFileSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import type { Config } from '../model/config.ts';
import { FleetlogError } from '../model/errors.ts';
import { isLoopbackHost } from './origin.ts';

/** Throws `bad_config` for a listener that would let passwords or logs travel in the clear, or let everyone in. */
export function checkListener(config: Config): void {
  const { host, tlsCert, tlsKey, trustProxy, insecure } = config.http;
  const refuse = (what: string, hint: string): never => {
    throw new FleetlogError('bad_config', `cannot listen on ${host}: ${what}`, { hint });
  };
  if ((tlsCert === '') !== (tlsKey === ''))
    refuse('only one of http.tlsCert and http.tlsKey is set', 'set both, or none');
  const loopback = isLoopbackHost(host);
  if (config.auth.mode === 'none' && (!loopback || trustProxy)) {
    refuse(
      'with auth.mode none everyone who reaches it is admin',
      'set auth.mode to local; without users only 127.0.0.1 is allowed, with no proxy before it',
    );
  }
  if (loopback || tlsCert !== '' || trustProxy || insecure) return;
  refuse(
    'other hosts reach it, and passwords and logs would travel unencrypted',
    'set http.tlsCert and http.tlsKey; or http.trustProxy: true behind a TLS proxy; or http.insecure: true to accept that',
  );
}

/** Certificate and key, or null for plain HTTP. Throws `bad_config` when they cannot be read. */
export function readTls(config: Config): (SecureContextOptions & { minVersion: 'TLSv1.2' }) | null {
  const { tlsCert, tlsKey } = config.http;
  if (tlsCert === '') return null;
  const read = (file: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (cause) {
      throw new FleetlogError('bad_config', `cannot read ${file}`, {
        hint: 'http.tlsCert and http.tlsKey name PEM files',
        cause,
      });
    }
  };
  return { cert: read(tlsCert), key: read(tlsKey), minVersion: 'TLSv1.2' };
}

/** The address people open. */
export function publicAddress(config: Config, port: number): string {
  if (config.http.publicUrl) return config.http.publicUrl.replace(/\/+$/, '');
  const { host } = config.http;
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${config.http.tlsCert ? 'https' : 'http'}://${name}:${port}`;
}
